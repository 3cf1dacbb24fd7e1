"""Reads GGUF versions 2 and 3, little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

Vocabularies make these headers long, so they are read through a rolling window and never held in memory.
Caps: `HEADER_LIMIT` bytes of header (beyond it no tensors are reported), `PAIR_LIMIT` and `TENSOR_LIMIT` entries.
"""

from __future__ import annotations

import math
import struct

from registry_cli.formats.facts import Facts, FieldValue, count, text, words
from registry_cli.formats.source import Cursor, PastBudgetError, Source

HEADER_LIMIT = 16 << 20
PAIR_LIMIT = 1 << 16
TENSOR_LIMIT = 1 << 17
TEXT_LIMIT = 4096
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_LAYOUTS = {kind: struct.Struct("<" + letter) for kind, letter in _NUMBERS.items()}
_INTEGERS = (0, 1, 2, 3, 4, 5, 10, 11)
_STRING, _ARRAY = 8, 9
_CHUNK = 64 << 10
_FILE_TYPES = dict(enumerate(("F32", "F16", "Q4_0", "Q4_1")))
_FILE_TYPES |= dict(enumerate(("Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M"), 7))
_FILE_TYPES |= dict(enumerate(("Q5_K_S", "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS"), 16))
_FILE_TYPES |= dict(enumerate(("IQ1_S", "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16"), 24))
_FILE_TYPES |= dict(enumerate(("TQ1_0", "TQ2_0", "MXFP4", "NVFP4", "Q1_0"), 36))
"""`general.file_type` by number (llama.cpp, `enum llama_ftype`)."""
_TENSOR_TYPES = dict(enumerate(("F32", "F16", "Q4_0", "Q4_1")))
_TENSOR_TYPES |= dict(enumerate(("Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K"), 6))
_TENSOR_TYPES |= dict(enumerate(("IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS"), 16))
_TENSOR_TYPES |= dict(enumerate(("I8", "I16", "I32", "I64", "F64", "IQ1_M", "BF16"), 24))
_TENSOR_TYPES |= {34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0"}
"""`enum ggml_type` by number."""


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a GGUF file; None for other files.

    Raises:
        ValueError: It starts like a GGUF file, but its header is malformed.
    """
    if not source.head.startswith(b"GGUF"):
        return None
    source.allow(HEADER_LIMIT)
    cursor = Cursor(source, 4)
    version, tensors, pairs = cursor.number(_U32), cursor.number(_U64), cursor.number(_U64)
    if version not in (2, 3) or tensors > TENSOR_LIMIT or pairs > PAIR_LIMIT:
        return None
    fields: dict[str, FieldValue] = {"format": "gguf", "format_version": version, "tensors": tensors}
    try:
        for _ in range(pairs):
            _read_pair(cursor, fields)
        fields |= _read_tensors(cursor, tensors)
    except PastBudgetError:
        pass
    return Facts("GGUF", "application/x-gguf", fields)


def _read_pair(cursor: Cursor, fields: dict[str, FieldValue]) -> None:
    key = _take_text(cursor)
    kind = cursor.number(_U32)
    if kind == _ARRAY:
        _skip_array(cursor)
    elif kind == _STRING:
        wanted = {"general.architecture": "architecture", "general.name": "title"}.get(key)
        if wanted is None:
            cursor.skip(cursor.number(_U64))
        else:
            fields[wanted] = text(_take_text(cursor))
    elif kind in _INTEGERS:
        value = cursor.number(_LAYOUTS[kind])
        if key == "general.file_type":
            fields["quantisation"] = _name(_FILE_TYPES, value)
        elif key == f"{fields.get('architecture')}.context_length":
            fields["context_length"] = count(value)
    else:
        cursor.skip(_LAYOUTS[kind].size)


def _skip_array(cursor: Cursor) -> None:
    """Move past an array of numbers or strings; arrays of arrays occur in no known file and fail."""
    kind, length = cursor.number(_U32), cursor.number(_U64)
    if kind != _STRING:
        cursor.skip(_LAYOUTS[kind].size * length)
        return
    while length:
        window, at = cursor.peek(_CHUNK), 0
        while length and at + 8 <= len(window):
            at += 8 + int(_U64.unpack_from(window, at)[0])
            length -= 1
        if at == 0:
            raise ValueError("an array without an end")
        cursor.skip(at)


def _read_tensors(cursor: Cursor, tensors: int) -> dict[str, FieldValue]:
    parameters, furthest, types = 0, 0, set[int]()
    for _ in range(tensors):
        cursor.skip(cursor.number(_U64))
        rank = cursor.number(_U32)
        if rank > 8:
            raise ValueError("a tensor of too many dimensions")
        dims = struct.unpack(f"<{rank}Q", cursor.take(8 * rank))
        types.add(cursor.number(_U32))
        furthest = max(furthest, cursor.number(_U64))
        parameters = count(parameters + math.prod(dims))
    if cursor.position + furthest > cursor.end:
        raise ValueError("a tensor past the end of the file")
    return {"parameters": parameters, "dtypes": words(_name(_TENSOR_TYPES, number) for number in types)}


def _take_text(cursor: Cursor) -> str:
    length = cursor.number(_U64)
    if length > TEXT_LIMIT:
        raise ValueError("a name of too many bytes")
    return cursor.take(length).decode()


def _name(table: dict[int, str], number: int) -> str:
    return table.get(number, f"type-{number}")
