"""Bytes of one open file at given offsets, within a budget: no file makes a reader read or hold more than its limit.

Knows no format. Malformed bytes raise ValueErrors, which `sniff` treats as "unknown"; they never reach a user.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import struct

HEAD = 4096
"""Bytes at the start of a file that every reader may look at, read once."""
LIMIT = 1 << 20
"""Most bytes that a reader reads beyond the head, unless it sets another limit, stated in its module."""
_STRIDE_MIN, _STRIDE_MAX = 256, 1 << 16


class PastEndError(ValueError):
    """A header points past the end of its file."""


class PastBudgetError(ValueError):
    """A reader reached its limit; nothing beyond it is reported."""


class Source:
    """One file's bytes through a rolling window: small reads after a jump, larger ones in sequence.

    Attributes:
        size: Number of bytes.
        head: The first bytes, at most `HEAD`.
        whole: False where the bytes are only the beginning of something larger (a decompressed head).
    """

    __slots__ = ("_file", "_left", "_start", "_stride", "_window", "head", "size", "whole")

    def __init__(self, file: IO[bytes], size: int, *, whole: bool = True) -> None:
        self._file, self.size, self.whole = file, size, whole
        self._left = HEAD
        self._start, self._window, self._stride = 0, b"", HEAD // 2
        self.head = self.at(0, min(size, HEAD))
        self.allow(LIMIT)

    def allow(self, limit: int) -> None:
        """Start a new budget of `limit` bytes."""
        self._left = limit

    def at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes at `offset`.

        Raises:
            PastEndError: The file has no such bytes, or was truncated meanwhile.
            PastBudgetError: The budget is spent.
            OSError: The file cannot be read.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise PastEndError(f"no {length} bytes at {offset}")
        start = offset - self._start
        if start < 0 or start + length > len(self._window):
            self._fill(offset, length)
            start = 0
        return self._window[start : start + length]

    def _fill(self, offset: int, length: int) -> None:
        reads_on = self._start <= offset <= self._start + len(self._window)
        self._stride = min(self._stride * 2, _STRIDE_MAX) if reads_on else _STRIDE_MIN
        wanted = min(max(length, min(self._stride, self._left)), self.size - offset)
        if wanted > self._left:
            raise PastBudgetError(f"over budget at {offset}")
        self._left -= wanted
        self._file.seek(offset)
        self._window, self._start = self._file.read(wanted) or b"", offset
        if len(self._window) < length:
            raise PastEndError(f"the file ends before {offset + length}")


class Cursor:
    """A position in a source that advances with each read, within [position, end)."""

    __slots__ = ("end", "position", "source")

    def __init__(self, source: Source, position: int = 0, end: int | None = None) -> None:
        self.source, self.position = source, position
        self.end = source.size if end is None else end

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes and move past them."""
        start = self.position
        self.skip(length)
        return self.source.at(start, length)

    def skip(self, length: int) -> None:
        """Move past `length` bytes without reading them.

        Raises:
            PastEndError: There are fewer.
        """
        if length < 0 or self.position + length > self.end:
            raise PastEndError(f"no {length} bytes at {self.position}")
        self.position += length

    def peek(self, length: int) -> bytes:
        """Return the next `length` bytes, or those left, without moving."""
        return self.source.at(self.position, min(length, self.end - self.position))

    def number(self, layout: struct.Struct) -> int:
        """Return the next number of one fixed layout and move past it."""
        (value,) = layout.unpack(self.take(layout.size))
        return int(value)
