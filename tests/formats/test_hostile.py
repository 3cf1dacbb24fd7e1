"""Whatever the bytes are: no exception, no more said than a record can keep, no more read than was allowed."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.formats import facts, gguf, safetensors
from registry_cli.formats.sniff import Facts, _read, sniff
from registry_cli.formats.source import LIMIT, Cursor, PastBudgetError, PastEndError, Source
from tests.examples import times
from tests.formats import vectors

quick = times(1.5)
names = st.sampled_from(sorted(vectors.ALL))
MAGICS = sorted({data[:12] for data in vectors.ALL.values()})


def check(data: bytes, name: str) -> None:
    found = _read(Source(io.BytesIO(data), len(data)), name)
    if found is None:
        return
    assert isinstance(found, Facts)
    for value in found.fields.values():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str):
                assert word.isprintable()
                assert len(word) <= facts.TEXT_LIMIT
                word.encode()
            else:
                assert type(word) is bool or 0 <= word <= facts.LARGEST
        assert not isinstance(value, list) or len(value) <= facts.LIST_LIMIT


@quick
@given(st.sampled_from([b"", *MAGICS]), st.binary(max_size=6000), names)
def test_arbitrary_bytes(magic: bytes, data: bytes, name: str) -> None:
    check(magic + data, name)


@quick
@given(names, st.data())
def test_truncations(name: str, data: st.DataObject) -> None:
    whole = vectors.ALL[name]
    check(whole[: data.draw(st.integers(0, len(whole)))], name)


@quick
@given(names, st.data())
def test_flipped_bits(name: str, data: st.DataObject) -> None:
    changed = bytearray(vectors.ALL[name])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, min(len(changed), 600) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    check(bytes(changed), name)


@quick
@given(names, st.integers(0, 500), st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7]))
def test_numbers_that_are_absurd(name: str, at: int, number: bytes) -> None:
    whole = vectors.ALL[name]
    check(whole[:at] + number + whole[at + len(number) :], name)


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested.safetensors": lambda: (8 << 20).to_bytes(8, "little") + b'{"a":' + b"[" * (8 << 20),
    "pairs.safetensors": lambda: (3 << 19).to_bytes(8, "little") + b'{"__metadata__":{' + b'"":"",' * (1 << 18),
    "words.gguf": lambda: vectors.gguf([])[:-64] + b"\0" * (8 << 20),
    "opcodes.pkl": lambda: b"\x80\x04" + b"]" * (8 << 20),
    "memo.pkl": lambda: b"\x80\x04" + b"\x8c\0\x94" * (3 << 20),
    "imports.pkl": lambda: vectors.global_pickle(*(f"m{n} f" for n in range(300_000))),
    "fields.onnx": lambda: vectors.proto(1, 8) + vectors.proto(14, b"") * (4 << 20),
    "header.index": lambda: b"\0\0" + vectors.varint(8 << 20) + b"\x08\1" * (4 << 20) + vectors.TF_INDEX[-48:],
    "graphs.pb": lambda: vectors.proto(1, 1) + vectors.proto(2, b"") * (4 << 20),
    "schema.skops": lambda: vectors.zipped({"schema.json": vectors.SKOPS + b'"__module__": "m"' * (1 << 18)}),
    "zeros.gz": lambda: b"\x1f\x8b\x08" + b"\0" * (8 << 20),
    "sparse.npz": lambda: vectors.zipped({f"{n}.npy": b"" for n in range(9000)}),
}


@pytest.mark.slow
@pytest.mark.sweep(6)
@pytest.mark.parametrize("name", BOMBS)
def test_memory_stays_flat(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    tracemalloc.start()
    try:
        sniff(path)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


class Counting(io.BytesIO):
    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


@pytest.mark.parametrize("name", BOMBS)
def test_no_more_is_read_than_the_caps_allow(name: str) -> None:
    data = BOMBS[name]()
    file = Counting(data)
    _read(Source(file, len(data)), name)
    long = max(safetensors.HEADER_LIMIT, gguf.HEADER_LIMIT) if name.endswith(("safetensors", "gguf")) else 0
    assert file.total <= long + 3 * LIMIT


def test_a_source_gives_what_there_is_and_no_more() -> None:
    data = bytes(range(256)) * 400
    source = Source(io.BytesIO(data), len(data))
    assert source.at(1000, 5000) == data[1000:6000]
    assert source.at(90_000, 10) == data[90_000:90_010]
    assert source.at(0, 10) == data[:10]
    with pytest.raises(PastEndError):
        source.at(len(data), 1)
    with pytest.raises(PastEndError):
        Source(io.BytesIO(data[:5000]), len(data)).at(4990, 20)
    source.allow(100)
    with pytest.raises(PastBudgetError):
        source.at(50_000, 101)
    with pytest.raises(PastEndError):
        Cursor(source, 10, 20).take(11)
