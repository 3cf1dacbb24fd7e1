"""Files open for writing, a part of the seam `files.py`: new ones, and those that grow."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from registry_cli.store.beneath import is_shared, open_file
from registry_cli.store.observing import call

if TYPE_CHECKING:
    from registry_cli.store.beneath import AnyPath

_GROUP: Final = stat.S_IRGRP | stat.S_IWGRP


class OpenFile:
    """A file open for writing.

    Attributes:
        path: Its name.
        written: Bytes that this object wrote; after an error, the bytes that `write` completed.
    """

    __slots__ = ("fd", "path", "written")

    def __init__(self, path: AnyPath, flags: int, mode: int) -> None:
        self.path = path
        self.written = 0

        def create() -> None:
            self.fd = open_file(path, flags, mode)
            if flags & os.O_CREAT and mode & _GROUP and is_shared(path):
                _let_group(self.fd, mode)

        call("create" if flags & os.O_CREAT else "open", path, None, create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes | memoryview) -> None:
        """Write all of `data` at the current position; a short write is continued."""
        written = call("write", self.path, data, os.write, self.fd, data) if data else 0
        self.written += written
        if written < len(data):
            self.write(memoryview(data)[written:])

    def flush(self) -> None:
        """Make the bytes durable. After an error they are lost: never flush again."""
        call("fsync", self.path, None, lambda: os.fsync(self.fd))

    def close(self) -> None:
        """Close; a network file system may report a full disk only here."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)


def _let_group(fd: int, mode: int) -> None:
    """Give a new file the mode `mode` for its group, whatever the umask says; an older file stays as it is."""
    status = os.fstat(fd)
    if status.st_size == 0 and status.st_uid == os.geteuid():
        with suppress(PermissionError):  # a file system that stores no modes
            os.fchmod(fd, mode & ~stat.S_IWOTH)


class NewFile(OpenFile):
    """A file that did not exist."""

    __slots__ = ()

    def __init__(self, path: AnyPath, mode: int = 0o666) -> None:
        super().__init__(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)

    def skip(self, size: int) -> None:
        """Leave a hole of `size` bytes; `set_length` gives the file its final length."""
        os.lseek(self.fd, size, os.SEEK_CUR)

    def set_length(self, size: int) -> None:
        """Truncate or extend the file to `size` bytes."""
        call("truncate", self.path, size, lambda: os.ftruncate(self.fd, size))

    def clone(self, source: int) -> bool:
        """Share the bytes of the open file `source` (FICLONE); return False where the file system cannot."""
        import fcntl

        try:
            call("clone", self.path, source, lambda: fcntl.ioctl(self.fd, 0x40049409, source))
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
                raise
            return False
        return True

    def copy_from(self, source: int, offset: int, size: int) -> int:
        """Append up to `size` bytes of the open file `source` from `offset` on, without reading them into this process.

        Returns:
            The number of bytes; 0 at the end of `source`.

        Raises:
            OSError: Among others EINVAL, where the system cannot do it for these files.
        """
        return call("copy", self.path, source, os.sendfile, self.fd, source, offset, size)

    def set_mode(self, mode: int) -> None:
        """Change the permissions."""
        call("chmod", self.path, mode, lambda: os.fchmod(self.fd, mode))


class AppendFile(OpenFile):
    """A file that only grows, created where missing; on a local disk the bytes of one `write` stay together."""

    __slots__ = ()

    def __init__(self, path: AnyPath, mode: int = 0o666) -> None:
        # a pipe there has no reader
        super().__init__(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW, mode)
