"""Reads safetensors: an eight-byte length, a JSON header, then the tensors (https://huggingface.co/docs/safetensors).

The header is walked entry by entry and never held as objects, so that a hostile one cannot grow in memory.
Cap: headers of `HEADER_LIMIT` bytes (the format allows 100 MB); files with longer ones are not recognised.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, words

if TYPE_CHECKING:
    from registry_cli.formats.source import Source

HEADER_LIMIT = 16 << 20
"""Longest header that is read, in bytes."""
FRAMEWORKS = {"pt": "PyTorch", "tf": "TensorFlow", "flax": "Flax", "mlx": "MLX", "np": "NumPy"}
"""Frameworks by the values of `__metadata__.format` that their libraries write."""
ITEM_BITS = {"BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64}
ITEM_BITS |= {f"{kind}{bits}": bits for kind in "IU" for bits in (8, 16, 32, 64)}

_STRING = rb'"((?:[^"\\]|\\.)*+)"'
_SPACE = rb"[ \t\r\n]*+"
_KEY = re.compile(_SPACE + _STRING + _SPACE + rb":" + _SPACE, re.DOTALL)
_TENSOR = re.compile(rb"\{[^{}]{1,1024}\}")
_PAIR = re.compile(_SPACE + _STRING + _SPACE + rb":" + _SPACE + _STRING + _SPACE + rb"([,}])", re.DOTALL)
_NEXT = re.compile(_SPACE + rb"([,}])")
_EMPTY = re.compile(rb"\{" + _SPACE + rb"\}")


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a safetensors file; None for other files.

    Raises:
        ValueError: It starts like a safetensors file, but its header is malformed.
    """
    if source.size < 10 or source.head[8:9] != b"{":
        return None
    (length,) = struct.unpack("<Q", source.head[:8])
    if length > min(HEADER_LIMIT, source.size - 8):
        return None
    source.allow(HEADER_LIMIT)
    header = source.at(8, length)
    tally = _Tally()
    layout = _walk(header, tally)
    if tally.end != source.size - 8 - length:
        raise ValueError("the tensors do not end where the file ends")
    fields: dict[str, FieldValue] = {
        "format": "safetensors",
        "tensors": tally.tensors,
        "parameters": count(tally.parameters),
        "dtypes": words(tally.dtypes),
    }
    return Facts(FRAMEWORKS.get(layout, "Safetensors"), "application/vnd.safetensors", fields)


class _Tally:
    """Sums over the tensors seen so far."""

    __slots__ = ("dtypes", "end", "parameters", "tensors")

    def __init__(self) -> None:
        self.tensors = self.parameters = self.end = 0
        self.dtypes: set[str] = set()

    def add(self, entry: bytes) -> None:
        tensor = json.loads(entry)
        dtype, shape, (begin, end) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        if not isinstance(dtype, str) or not all(type(n) is int and n >= 0 for n in (*shape, begin, end)):
            raise ValueError("a tensor's entry is malformed")
        items = math.prod(shape)
        if end < begin or (dtype in ITEM_BITS and items * ITEM_BITS[dtype] != (end - begin) * 8):
            raise ValueError("a tensor's size is not what its shape says")
        self.tensors += 1
        self.parameters = count(self.parameters + items)
        self.end = max(self.end, end)
        if len(self.dtypes) < len(ITEM_BITS):
            self.dtypes.add(dtype)


def _walk(header: bytes, tally: _Tally) -> str:
    """Add every tensor to `tally` and return the format that `__metadata__` names, empty where it names none."""
    layout = ""
    if _EMPTY.match(header):
        return layout
    at, separator = 1, b","
    while separator == b",":
        key = _expect(_KEY.match(header, at))
        if key[1] == b"__metadata__":
            layout, at = _walk_metadata(header, key.end())
        else:
            entry = _expect(_TENSOR.match(header, key.end()))
            tally.add(entry[0])
            at = entry.end()
        following = _expect(_NEXT.match(header, at))
        separator, at = following[1], following.end()
    if header[at:].strip(b" \t\r\n\0"):
        raise ValueError("bytes after the header's object")
    return layout


def _walk_metadata(header: bytes, at: int) -> tuple[str, int]:
    layout, separator = "", b","
    empty = _EMPTY.match(header, at)
    if empty:
        return layout, empty.end()
    if header[at : at + 1] != b"{":
        raise ValueError("the metadata is not an object")
    at += 1
    while separator == b",":
        pair = _expect(_PAIR.match(header, at))
        if pair[1] == b"format":
            layout = pair[2][:16].decode()
        separator, at = pair[3], pair.end()
    return layout, at


def _expect(match: re.Match[bytes] | None) -> re.Match[bytes]:
    if match is None:
        raise ValueError("the header is not the JSON that the format asks for")
    return match
