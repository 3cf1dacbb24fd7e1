from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.ids import RecordId
from registry_cli.registry.init import make_registry
from registry_cli.store.blobs import LARGE, copy_blob, get_blob, get_record, verify_blob
from registry_cli.store.flushing import EarlyFlush
from registry_cli.store.hashing import CHUNK, Digests, digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.new_file import NewFile
from registry_cli.store.staging import Staging


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


def install(layout: Layout, data: bytes) -> Digests:
    with Staging(layout) as staging:
        digests = staging.add_bytes(data)
        staging.install()
    return digests


def spoil(layout: Layout, digests: Digests, data: bytes) -> None:
    blob = layout.blob(digests.sha256)
    blob.unlink()
    blob.write_bytes(data)


def test_a_missing_blob(layout: Layout) -> None:
    digests = digest_bytes(b"x")
    with pytest.raises(CorruptError, match=f"blob {digests.sha256[:12]} is missing"):
        get_blob(layout, digests.sha256)


def test_a_good_blob(layout: Layout) -> None:
    digests = install(layout, b"abc")
    for strong in (False, True):
        verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=strong)
    verify_blob(layout, digests.sha256, None, None)  # what is not known is made up for by SHA-256


@pytest.mark.parametrize(("data", "why"), [(b"abX", "does not hold"), (b"ab", "has 2 bytes instead of 3")])
def test_a_rotten_blob(data: bytes, why: str, layout: Layout) -> None:
    digests = install(layout, b"abc")
    spoil(layout, digests, data)
    for strong in (False, True):
        with pytest.raises(CorruptError, match=why):
            verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=strong)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 3, 2 * LARGE + 5])
def test_a_copy(size: int, early: bool, layout: Layout, tmp_path: Path) -> None:
    data = os.urandom(size)
    digests = install(layout, data)
    file = NewFile(tmp_path / "copy")
    copy_blob(layout, digests.sha256, digests.xxh3, file, early=EarlyFlush(file) if early else None)
    file.close()
    assert file.path.read_bytes() == data
    assert not os.path.samefile(file.path, layout.blob(digests.sha256))


@pytest.mark.parametrize("size", [3, 2 * LARGE + 5])
def test_a_copy_of_a_rotten_blob_is_noticed(size: int, layout: Layout, tmp_path: Path) -> None:
    data = os.urandom(size)
    digests = install(layout, data)
    spoil(layout, digests, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptError, match="does not hold"):
        copy_blob(layout, digests.sha256, digests.xxh3, NewFile(tmp_path / "copy"))


def test_records(layout: Layout) -> None:
    with Staging(layout) as staging:
        record = staging.add_record(b"a = 1\n")
        staging.install()
    assert get_record(layout, record) == b"a = 1\n"
    path = layout.record(record)
    path.unlink()
    path.write_bytes(b"a = 2\n")
    with pytest.raises(CorruptError, match=rf"\.registry/records/{record[:2]}/.* was changed"):
        get_record(layout, record)
    with pytest.raises(CorruptError, match=r"records/00/0{62}\.toml is missing"):
        get_record(layout, RecordId("0" * 64))


def test_a_pipe_in_place_of_a_blob_or_a_record_is_not_waited_for(layout: Layout) -> None:
    digests = install(layout, b"")
    blob, record = layout.blob(digests.sha256), layout.record(RecordId(digests.sha256))
    for path in (blob, record):
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    with pytest.raises(CorruptError, match="not a regular file"):
        verify_blob(layout, digests.sha256, digests.xxh3, 0)
    with pytest.raises(CorruptError, match="not a regular file"):
        get_record(layout, RecordId(digests.sha256))
