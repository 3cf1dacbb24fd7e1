"""XXH3 is not an identity: two files with the same XXH3-128 are made here, and the registry distinguishes them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import CorruptError
from registry_cli.registry.get import get_file
from registry_cli.registry.verify import list_faults
from registry_cli.store.hashing import digest_bytes
from tests.builders import add, add_path, make_registry, write
from tests.store.xxh3_twin import FREE, forge_twin

MEBI = 1 << 20


@given(st.randoms(use_true_random=False), st.integers(1088, 5000), st.binary(min_size=1, max_size=FREE), st.data())
def test_a_twin_of_any_file_with_any_payload(
    rng: random.Random, size: int, payload: bytes, data: st.DataObject
) -> None:
    original = rng.randbytes(size)
    block = data.draw(st.integers(0, (size - 64) // 1024 - 1))
    twin = forge_twin(original, payload, block=block)
    assert twin[block * 1024 :].startswith(payload)
    assert len(twin) == len(original)
    assert xxhash.xxh3_128_digest(twin) == xxhash.xxh3_128_digest(original)
    assert xxhash.xxh3_64_digest(twin) == xxhash.xxh3_64_digest(original)


@pytest.mark.parametrize("size", [MEBI, 3 * MEBI + 17])  # hashed in memory, and written while it is hashed
def test_both_twins_are_kept_and_a_swapped_one_is_found(size: int, tmp_path: Path) -> None:
    original = random.Random(size).randbytes(size)
    twin = forge_twin(original, b"cos\nsystem\n(S'rm -rf /'\ntR.")
    assert twin != original
    assert digest_bytes(twin).xxh3 == digest_bytes(original).xxh3
    with make_registry(tmp_path) as registry:
        one, other = add(registry, "a/b", original), add(registry, "a/b", twin)
        assert one.files[0].sha256 != other.files[0].sha256
        for row, data in ((one, original), (other, twin)):
            assert get_file(registry, row, tmp_path / f"{row.number}.bin").path.read_bytes() == data
            assert list_faults(registry, row, strong=True) == []

        blob = registry.layout.blob(digest_bytes(original).sha256)
        os.unlink(blob)
        blob.write_bytes(twin)
        assert list_faults(registry, one) == []
        [fault] = list_faults(registry, one, strong=True)
        assert fault.what == "m.bin"
        assert "does not hold the bytes it was given" in fault.problem


def test_a_file_is_not_taken_away_for_a_twin_of_its_blob(tmp_path: Path) -> None:
    registry = make_registry(tmp_path)
    data = os.urandom(1 << 21)
    row = add(registry, "a/m", data)
    blob = registry.layout.blob(row.files[0].sha256)
    blob.unlink()
    blob.write_bytes(forge_twin(data, os.urandom(768)))
    source = write(tmp_path / "again.bin", data)
    with pytest.raises(CorruptError):
        add_path(registry, "a/m", source, mode="move", allow_same=True)
    assert source.read_bytes() == data
