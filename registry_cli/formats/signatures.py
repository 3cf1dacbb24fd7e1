"""Reads formats that a magic number alone identifies: TensorFlow Lite, Parquet. Cap: the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts

if TYPE_CHECKING:
    from registry_cli.formats.source import Source


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of such a file; None for other files."""
    head = source.head
    if head[4:8] == b"TFL3" and 8 <= int.from_bytes(head[:4], "little") < source.size:
        return Facts("TensorFlow_Lite", "application/x-tflite", {"format": "tflite"})
    if head.startswith(b"PAR1") and source.size >= 12 and source.at(source.size - 4, 4) == b"PAR1":
        return Facts("Parquet", "application/vnd.apache.parquet", {"format": "parquet"})
    return None
