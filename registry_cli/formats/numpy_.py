"""Reads NumPy's `.npy` arrays and `.npz` archives of them.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
The header is a Python literal; patterns extract the needed parts, and nothing is evaluated.
Caps: `HEADER_LIMIT` bytes of a header, `ARRAY_LIMIT` arrays of an archive (for more only their number is reported).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, words

if TYPE_CHECKING:
    from registry_cli.formats.archive import Archive
    from registry_cli.formats.source import Source

MAGIC = b"\x93NUMPY"
HEADER_LIMIT = 2048
ARRAY_LIMIT = 1024
_DESCR = re.compile(rb"'descr': (?:'[<>|=]?([a-zA-Z])(\d{0,4})(?:\[\w+\])?'|\[)")
_SHAPE = re.compile(rb"'shape': \(([\d, ]{0,400})\)")
_KINDS = {b"f": "F", b"i": "I", b"u": "U", b"c": "C"}


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of one array; None for other files.

    Raises:
        ValueError: Its header is malformed.
    """
    if not source.head.startswith(MAGIC):
        return None
    return Facts("NumPy", "application/x-npy", {"format": "npy", **_sum([_parse_header(source.head)])})


def describe(archive: Archive) -> Facts | None:
    """Return the facts of an `.npz`; None for an archive with other members."""
    if not archive.names or not all(name.endswith(".npy") for name in archive.names):
        return None
    fields: dict[str, FieldValue] = {"format": "npz", "tensors": len(archive.names)}
    if len(archive.names) <= ARRAY_LIMIT:
        fields |= _sum([_parse_header(archive.head(name, HEADER_LIMIT)) for name in archive.names])
    return Facts("NumPy", "application/x-npz", fields)


def _sum(arrays: list[tuple[str, int]]) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {
        "tensors": len(arrays),
        "parameters": count(sum(items for _, items in arrays)),
        "dtypes": words(dtype for dtype, _ in arrays),
    }
    return fields | {"pickle": True} if any(dtype == "object" for dtype, _ in arrays) else fields


def _parse_header(data: bytes) -> tuple[str, int]:
    """Return the array's dtype and its number of items."""
    if not data.startswith(MAGIC) or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise ValueError("not an array")
    start = 10 if data[6] == 1 else 12
    header = data[start : start + int.from_bytes(data[8:start], "little")][:HEADER_LIMIT]
    descr, shape = _DESCR.search(header), _SHAPE.search(header)
    if descr is None or shape is None:
        raise ValueError("malformed array header")
    return _name_dtype(descr[1], descr[2]), count(
        math.prod(int(n) for n in shape[1].replace(b" ", b"").split(b",") if n)
    )


def _name_dtype(kind: bytes | None, size: bytes | None) -> str:
    if kind in _KINDS and size:
        return f"{_KINDS[kind]}{int(size) * 8}"
    return {b"b": "BOOL", b"O": "object", None: "record"}.get(kind, "text")
