"""Walks Protobuf's wire format field by field within a source (https://protobuf.dev/programming-guides/encoding).

Knows no message. The bytes of a field are skipped over, not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.formats.source import Cursor, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, BYTES = 0, 2
"""Wire types."""
TEXT_LIMIT = 1024
"""Longest text that is read, in bytes."""
_LENGTHS = {VARINT: 0, 1: 8, 5: 4}
"""Bytes after the tag (and a varint's own) by wire type."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        number: Its number in the message's definition.
        wire: Its wire type.
        value: The number in a varint; for bytes their length.
        start: Offset of its content in the source.
        end: Offset after its content.
    """

    number: int
    wire: int
    value: int
    start: int
    end: int


def iter_fields(source: Source, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in [start, end).

    Raises:
        ValueError: The bytes are not a message, or it does not end there.
    """
    cursor = Cursor(source, start, end)
    while cursor.position < cursor.end:
        tag = take_varint(cursor)
        number, wire = tag >> 3, tag & 7
        if number == 0 or wire not in (*_LENGTHS, BYTES):
            raise ValueError("not protobuf")
        value = take_varint(cursor) if wire in (VARINT, BYTES) else 0
        length = value if wire == BYTES else _LENGTHS[wire]
        begin = cursor.position
        cursor.skip(length)
        yield Field(number, wire, value, begin, cursor.position)


def get_text(source: Source, found: Field) -> str:
    """Return a field's bytes as text.

    Raises:
        ValueError: They are not UTF-8, or more than `TEXT_LIMIT`.
    """
    if found.end - found.start > TEXT_LIMIT:
        raise ValueError("a name of too many bytes")
    return source.at(found.start, found.end - found.start).decode()


def take_varint(cursor: Cursor) -> int:
    """Return the next number of variable length, modulo 64 bits, and move past it.

    Raises:
        ValueError: It does not end within ten bytes.
    """
    value = 0
    for index, byte in enumerate(cursor.peek(10)):
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            cursor.skip(index + 1)
            return value & ((1 << 64) - 1)
    raise ValueError("a number without an end")
