"""Zip archives, opened within a source's budget: names from the central directory, and the first bytes of members.

Knows no model format. Only stored and deflated members are read: the other methods cannot be unpacked in bounded
memory. Caps: the source's budget for the central directory, and the length that a caller requests of a member.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from registry_cli.formats.source import Source

MEMBER_LIMIT = 256 << 10
"""Most bytes read of one member."""


class Archive:
    """An open zip file.

    Attributes:
        names: Every member's name, in the order of the central directory.
    """

    __slots__ = ("_zip", "names")

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._zip = opened
        self.names = opened.namelist()

    def size(self, name: str) -> int:
        """Return a member's size in bytes, as stated in the directory."""
        return self._zip.getinfo(name).file_size

    def head(self, name: str, length: int = MEMBER_LIMIT) -> bytes:
        """Return the first `length` bytes of a member, fewer where it has fewer.

        Raises:
            ValueError: It is compressed by a method other than store or deflate, or encrypted.
        """
        info = self._zip.getinfo(name)
        if info.compress_type not in (0, 8) or info.flag_bits & 1:
            raise ValueError("a member that cannot be read in bounded memory")
        with self._zip.open(info) as member:
            return member.read(min(length, MEMBER_LIMIT))


@contextmanager
def open_archive(source: Source) -> Iterator[Archive]:
    """Open `source` as a zip file.

    Raises:
        ValueError: It is not a zip file, is damaged, or its directory is over the budget.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(_Reader(source)) as opened:
            yield Archive(opened)
    except (zipfile.BadZipFile, zlib.error, EOFError, _BeforeStartError) as error:
        raise ValueError("a damaged zip file") from error


class _BeforeStartError(OSError):
    """A seek to before the start; `zipfile` expects an OSError there when it probes files that are too short."""


class _Reader(io.RawIOBase):
    """A source as the file object that `zipfile` needs."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._position = source, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise _BeforeStartError
        self._position = start + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        left = max(self._source.size - self._position, 0)
        taken = self._source.at(min(self._position, self._source.size), left if size < 0 else min(size, left))
        self._position += len(taken)
        return taken
