"""ONNX: a protobuf `ModelProto` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3) without a magic number.

It is believed when every field at the top is one that the format knows and the last ends where the file ends. Weights
are skipped over, not read. Caps: `FIELD_LIMIT` fields at the top, the source's budget for the graph (beyond it the
number of tensors is left unsaid).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, text, words
from registry_cli.formats.source import LIMIT, Cursor, PastBudgetError, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD_LIMIT = 4096
TEXT_LIMIT = 1024
DTYPES = {
    1: "F32",
    2: "U8",
    3: "I8",
    4: "U16",
    5: "I16",
    6: "I32",
    7: "I64",
    8: "text",
    9: "BOOL",
    10: "F16",
    11: "F64",
    12: "U32",
    13: "U64",
    14: "C64",
    15: "C128",
    16: "BF16",
    17: "F8_E4M3",
    19: "F8_E5M2",
    21: "U4",
    22: "I4",
}
"""TensorProto.DataType, in safetensors' spelling."""
_VARINT, _BYTES = 0, 2
_LENGTHS = {_VARINT: 0, 1: 8, 5: 4}
"""Bytes after the tag (and a varint's own) by wire type."""
_MODEL = {1: _VARINT, 5: _VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _BYTES)
_IR, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET, _INITIALIZER = 1, 2, 3, 7, 8, 5


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    wire: int
    value: int
    start: int
    end: int


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of an ONNX model, None for another file.

    Raises:
        ValueError: It starts like one and does not go on like one.
    """
    if source.head[:1] != b"\x08":
        return None
    top: dict[int, list[_Field]] = {}
    for number, found in enumerate(_iter_fields(source, 0, source.size)):
        if _MODEL.get(found.number) != found.wire or number >= FIELD_LIMIT:
            raise ValueError("no ONNX model")
        top.setdefault(found.number, []).append(found)
    if not {_IR, _GRAPH, _OPSET} <= top.keys() or len(top[_GRAPH]) != 1 or not 1 <= top[_IR][0].value <= 1000:
        return None
    fields: dict[str, FieldValue] = {"format": "onnx", "ir_version": top[_IR][0].value}
    opset = _find_opset(source, top[_OPSET])
    if opset is not None:
        fields["opset"] = count(opset)
    producer = " ".join(_text(source, top[part][0]) for part in (_PRODUCER, _PRODUCER_VERSION) if part in top)
    if producer.strip():
        fields["producer"] = text(producer)
    return Facts("ONNX", "application/onnx", fields | _describe_graph(source, top[_GRAPH][0]))


def _describe_graph(source: Source, graph: _Field) -> dict[str, FieldValue]:
    source.allow(LIMIT)
    tensors, parameters, dtypes = 0, 0, set[str]()
    try:
        for found in _iter_fields(source, graph.start, graph.end):
            if found.number == _INITIALIZER and found.wire == _BYTES:
                dtype, items = _read_tensor(source, found)
                tensors, parameters = tensors + 1, count(parameters + items)
                dtypes.add(dtype)
    except PastBudgetError:
        return {}
    return {"tensors": tensors, "parameters": parameters, "dtypes": words(dtypes)}


def _read_tensor(source: Source, tensor: _Field) -> tuple[str, int]:
    """Return an initializer's dtype and number of items; its shape and dtype come before its bytes."""
    dims, dtype = list[int](), 0
    for found in _iter_fields(source, tensor.start, tensor.end):
        if found.number == 1 and found.wire == _BYTES:
            cursor = Cursor(source, found.start, found.end)
            while cursor.position < cursor.end:
                dims.append(_take_varint(cursor))
        elif found.number == 1:
            dims.append(found.value)
        elif found.number == 2:
            dtype = found.value
        else:
            break
        if len(dims) > 64:
            raise ValueError("a tensor of too many dimensions")
    return DTYPES.get(dtype, "other"), math.prod(dims)


def _find_opset(source: Source, imports: list[_Field]) -> int | None:
    """Return the version of the default operator set, which has an empty domain or `ai.onnx`."""
    for imported in imports:
        domain, version = "", None
        for found in _iter_fields(source, imported.start, imported.end):
            if found.number == 1 and found.wire == _BYTES:
                domain = _text(source, found)
            elif found.number == 2 and found.wire == _VARINT:
                version = found.value
        if version is not None and domain in ("", "ai.onnx"):
            return version
    return None


def _text(source: Source, found: _Field) -> str:
    if found.end - found.start > TEXT_LIMIT:
        raise ValueError("a name of too many bytes")
    return source.at(found.start, found.end - found.start).decode()


def _iter_fields(source: Source, start: int, end: int) -> Iterator[_Field]:
    """Yield a message's fields, skipping over the bytes of each (https://protobuf.dev/programming-guides/encoding)."""
    cursor = Cursor(source, start, end)
    while cursor.position < cursor.end:
        tag = _take_varint(cursor)
        number, wire = tag >> 3, tag & 7
        if number == 0 or wire not in (*_LENGTHS, _BYTES):
            raise ValueError("no protobuf")
        value = _take_varint(cursor) if wire in (_VARINT, _BYTES) else 0
        length = value if wire == _BYTES else _LENGTHS[wire]
        begin = cursor.position
        cursor.skip(length)
        yield _Field(number, wire, value, begin, cursor.position)


def _take_varint(cursor: Cursor) -> int:
    value = 0
    for index, byte in enumerate(cursor.peek(10)):
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            cursor.skip(index + 1)
            return value & ((1 << 64) - 1)
    raise ValueError("a number without an end")
