"""File objects that a model was written to and that may still be open: their buffers are not in the file yet.

A file is known by a handle on its inode (`O_PATH`, open(2)), which neither reads nor writes it and releases no lock of
the script: it is found where it was renamed to, and its bytes can be read where another file has replaced it.

No strong reference to them is ever kept, not even for a moment: `torch.save(model, open(path, "wb"))` closes the file
by dropping its last reference, and with another one left the script would read half a file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ReferenceType, ref

if TYPE_CHECKING:
    from collections.abc import Callable


class Found(NamedTuple):
    """A file that was written by a file object.

    Attributes:
        path: Its path now; where it has none any more, the last one.
        size: Bytes.
        mtime: Modification time in nanoseconds.
        source: Path for reading the bytes of a file that has no path any more; else None.
    """

    path: str
    size: int
    mtime: int
    source: Path | None


class OpenStream:
    """A file object that is open.

    Args:
        stream: The file object; the caller holds it during this call.
    """

    def __init__(self, stream: Any) -> None:
        self._gone: list[object] = []
        self._stream = ref(stream, self._gone.append)
        self._number: int | None = None
        self._handle: int | None = None
        self._end: int | None = None
        with suppress(Exception):  # fsspec's and the like have none, and raise various errors
            self._number = stream.fileno()
            self._handle = os.open(f"/proc/self/fd/{self._number}", os.O_PATH | os.O_CLOEXEC)
            self._end = stream.tell()
        self._mode = str(getattr(stream, "mode", ""))

    @property
    def inode(self) -> int | None:
        """The file's inode; None where it is not known."""
        return os.fstat(self._handle).st_ino if self._handle is not None else None

    def overwrites(self, other: OpenStream) -> bool:
        """Return True where the last save by this file object overwrote the one by another, or by itself before."""
        same = not self._gone and not other._gone and self._stream() is other._stream()
        if same or self._mode.startswith("r"):  # also of one that was opened with `w+b`
            return self._end is not None and other._end is not None and self._end <= other._end
        return not self._mode.startswith("a")

    def find(self, path: str) -> Found | None:
        """Return the file as it is now, wherever it was renamed to; None where it is not known.

        Args:
            path: The path by which it was saved, which is returned while it leads to the file.
        """
        if self._handle is None:
            return None
        source = Path(f"/proc/self/fd/{self._handle}")
        status, name = os.fstat(self._handle), str(source.readlink())
        with suppress(OSError):
            if os.path.samestat(status, Path(path).stat()):
                name = path
        if status.st_nlink == 0:
            name = name.removesuffix(" (deleted)")
        return Found(name, status.st_size, status.st_mtime_ns, source if status.st_nlink == 0 else None)

    def close(self) -> None:
        """Release the handle; twice is fine."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_open(self, path: str) -> bool:
        """Return True while it may still write to the file at `path`; without a descriptor, until it is freed."""
        if self._gone:
            return False
        if self._number is None:
            return True
        try:
            status = os.fstat(self._handle) if self._handle is not None else Path(path).stat()
            return os.path.samestat(os.fstat(self._number), status)
        except OSError:
            return False

    def flush(self) -> None:
        """Flush its buffer; for the end of a process, when no code is about to close it."""
        flush: Callable[[], object] | None = getattr(self._stream(), "flush", None)
        if flush is not None:
            with suppress(Exception):
                flush()


def find_open(stream: ReferenceType[Any] | None) -> OpenStream | None:
    """Return an open file object as an `OpenStream`; None where it is closed or freed."""
    target = stream() if stream is not None else None
    return None if target is None or getattr(target, "closed", False) else OpenStream(target)
