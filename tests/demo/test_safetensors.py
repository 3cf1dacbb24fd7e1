"""The file is exact to the byte, comes back as it was, and a damaged one is refused."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.demo.safetensors import Tensor, TensorFile, dump_tensors, load_tensors
from registry_cli.errors import CorruptError

FLOATS = st.floats(width=32, allow_nan=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda name: name != "__metadata__")
TENSORS = st.tuples(st.integers(0, 3), st.integers(0, 3)).flatmap(
    lambda shape: st.builds(
        Tensor, st.just(shape), st.tuples(*[FLOATS] * (shape[0] * shape[1])) if shape[0] * shape[1] else st.just(())
    )
)
CONTENTS = st.builds(TensorFile, st.dictionaries(NAMES, TENSORS, max_size=4), st.dictionaries(NAMES, NAMES, max_size=3))

SMALL = TensorFile({"b": Tensor((2,), (1.5, -2.0)), "a": Tensor((1, 1), (0.25,))}, {"k": "v"})


def build(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_the_bytes_are_those_of_the_format() -> None:
    header = (
        b'{"__metadata__":{"k":"v"},"a":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1]},'
        b'"b":{"data_offsets":[4,12],"dtype":"F32","shape":[2]}}'
    )
    padded = header + b" " * (-len(header) % 8)
    assert dump_tensors(SMALL) == struct.pack("<Q", len(padded)) + padded + struct.pack("<3f", 0.25, 1.5, -2.0)


@given(CONTENTS)
def test_content_comes_back(content: TensorFile) -> None:
    raw = dump_tensors(content)
    assert load_tensors(raw, "it") == content
    assert struct.unpack_from("<Q", raw)[0] % 8 == 0


def test_a_tensor_without_dimensions_is_one_number() -> None:
    content = TensorFile({"x": Tensor((), (3.0,))})
    assert load_tensors(dump_tensors(content), "it") == content


def test_values_have_to_fill_the_shape() -> None:
    with pytest.raises(ValueError, match="tensor x has 1 values"):
        dump_tensors(TensorFile({"x": Tensor((2,), (1.0,))}))


@given(st.integers(0, len(dump_tensors(SMALL)) - 1))
def test_a_cut_file_is_refused(length: int) -> None:
    with pytest.raises(CorruptError, match="it is not a complete safetensors file"):
        load_tensors(dump_tensors(SMALL)[:length], "it")


HOSTILE = {
    "long header": struct.pack("<Q", 2**64 - 1) + b"{}",
    "list": build([]),
    "number": build(3),
    "metadata of numbers": build({"__metadata__": {"k": 1}}),
    "metadata list": build({"__metadata__": []}),
    "no fields": build({"x": {}}),
    "other dtype": build({"x": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, b"\0" * 8),
    "gap": build({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"\0" * 8),
    "negative shape": build({"x": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}, b"\0" * 4),
    "shape of words": build({"x": {"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]}}, b"\0" * 4),
    "huge shape": build({"x": {"dtype": "F32", "shape": [10**18], "data_offsets": [0, 4 * 10**18]}}),
    "data left over": build({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 5),
    "deep": struct.pack("<Q", 200_000) + b'{"x":' * 40_000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused(case: str) -> None:
    with pytest.raises(CorruptError):
        load_tensors(HOSTILE[case], "it")


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        load_tensors(raw, "it")
    except CorruptError:
        pass
