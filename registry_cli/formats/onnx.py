"""Reads ONNX: a protobuf `ModelProto` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3) without a magic number.

A file counts as ONNX when the format knows every field at the top level and the last one ends where the file ends.
Weights are skipped over, not read. Caps: `FIELD_LIMIT` fields at the top level, `GRAPH_LIMIT` fields and the source's
budget for the graph (beyond either no tensors are reported).
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, text, words
from registry_cli.formats.protobuf import BYTES, VARINT, Field, get_text, iter_fields, take_varint
from registry_cli.formats.source import LIMIT, Cursor, PastBudgetError, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD_LIMIT = 4096
GRAPH_LIMIT = 1 << 17
IMPORT_LIMIT = 16
DIM_LIMIT = 64
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
_MODEL = {1: VARINT, 5: VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES)
_IR, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET, _INITIALIZER = 1, 2, 3, 7, 8, 5


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of an ONNX model; None for other files.

    Raises:
        ValueError: It starts like an ONNX model but does not continue like one.
    """
    if source.head[:1] != b"\x08":
        return None
    top: dict[int, list[Field]] = {}
    for number, found in enumerate(iter_fields(source, 0, source.size)):
        if _MODEL.get(found.number) != found.wire or number >= FIELD_LIMIT:
            raise ValueError("not an ONNX model")
        top.setdefault(found.number, []).append(found)
    if not {_IR, _GRAPH, _OPSET} <= top.keys() or len(top[_GRAPH]) != 1 or not 1 <= top[_IR][0].value <= 1000:
        return None
    fields: dict[str, FieldValue] = {"format": "onnx", "ir_version": top[_IR][0].value}
    opset = _find_opset(source, top[_OPSET])
    if opset is not None:
        fields["opset"] = count(opset)
    producer = " ".join(get_text(source, top[part][0]) for part in (_PRODUCER, _PRODUCER_VERSION) if part in top)
    if producer.strip():
        fields["producer"] = text(producer)
    return Facts("ONNX", "application/onnx", fields | _describe_graph(source, top[_GRAPH][0]))


def _describe_graph(source: Source, graph: Field) -> dict[str, FieldValue]:
    source.allow(LIMIT)
    tensors, parameters, dtypes = 0, 0, set[str]()
    steps = iter(range(GRAPH_LIMIT))
    try:
        for found in _iter_some(source, graph, steps):
            if found.number == _INITIALIZER and found.wire == BYTES:
                dtype, items = _read_tensor(source, found, steps)
                tensors, parameters = tensors + 1, count(parameters + items)
                dtypes.add(dtype)
    except PastBudgetError:
        return {}
    return {"tensors": tensors, "parameters": parameters, "dtypes": words(dtypes)}


def _iter_some(source: Source, message: Field, steps: Iterator[int]) -> Iterator[Field]:
    """Yield the fields of a message; each uses up one of the `steps`.

    Raises:
        PastBudgetError: No steps are left.
    """
    for found in iter_fields(source, message.start, message.end):
        if next(steps, None) is None:
            raise PastBudgetError
        yield found


def _read_tensor(source: Source, tensor: Field, steps: Iterator[int]) -> tuple[str, int]:
    """Return an initializer's dtype and number of items; its shape and dtype come before its bytes."""
    dims, dtype = list[int](), 0
    for found in _iter_some(source, tensor, steps):
        if found.number == 1 and found.wire == BYTES:
            cursor = Cursor(source, found.start, found.end)
            while cursor.position < cursor.end and len(dims) <= DIM_LIMIT:
                dims.append(take_varint(cursor))
        elif found.number == 1:
            dims.append(found.value)
        elif found.number == 2:
            dtype = found.value
        else:
            break
        if len(dims) > DIM_LIMIT:
            raise ValueError("a tensor of too many dimensions")
    return DTYPES.get(dtype, "other"), math.prod(dims)


def _find_opset(source: Source, imports: list[Field]) -> int | None:
    """Return the version of the default operator set, which has an empty domain or `ai.onnx`."""
    for imported in imports:
        domain, version = "", None
        for found in islice(iter_fields(source, imported.start, imported.end), IMPORT_LIMIT):
            if found.number == 1 and found.wire == BYTES:
                domain = get_text(source, found)
            elif found.number == 2 and found.wire == VARINT:
                version = found.value
        if version is not None and domain in ("", "ai.onnx"):
            return version
    return None
