"""Reads a user's file that is being added: opens it once, and checks at the end that it did not change meanwhile.

All reads use one descriptor, between the first look at its status and the last, so that the digests, the copy and the
facts from its header describe one moment. Knows no registry.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, UsageError
from registry_cli.store import files
from registry_cli.store.hashing import Digests, digest_bytes, digest_open
from registry_cli.store.stamps import is_as_read, stamp_of

if TYPE_CHECKING:
    from registry_cli.store.beneath import AnyPath

SMALL: Final = 1 << 20
"""Files up to this many bytes are read into memory at once."""


class Incoming:
    """An open file of the user. Use as a context, which closes it.

    Attributes:
        path: Its name.
        fd: Its descriptor, at an unspecified position.
        status: Its status before the first byte was read.
        data: Its bytes where they are few, else None.
    """

    __slots__ = ("data", "fd", "path", "status")

    def __init__(self, path: AnyPath) -> None:
        """Open the file.

        Raises:
            UsageError: It is a folder, pipe, socket or device.
        """
        self.path, self.fd = path, files.open_file(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self.look()
            if not files.is_regular(self.status):
                problem = f"{path} is not a regular file: `-` with --filename adds bytes from standard input"
                raise UsageError(problem, hint="reg model add --help")
            size = self.status.st_size
            self.data = os.read(self.fd, size + 1) if size <= SMALL else None
        except BaseException:
            os.close(self.fd)
            raise

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def look(self) -> None:
        """Take the present status as the one before the first byte: our own call changed it."""
        self.status = os.fstat(self.fd)

    def rewind(self) -> None:
        """Seek to the first byte."""
        os.lseek(self.fd, 0, os.SEEK_SET)

    def digest(self) -> Digests:
        """Read all bytes and return their digests."""
        if self.data is not None:
            return digest_bytes(self.data)
        self.rewind()
        return digest_open(self.fd, self.status.st_size + 1)

    def open_reader(self) -> IO[bytes]:
        """Return the bytes as a seekable file, usable until this one is closed."""
        if self.data is not None:
            return io.BytesIO(self.data)
        self.rewind()
        return io.FileIO(self.fd, closefd=False)

    def check(self, digests: Digests) -> None:
        """Check that the file held exactly the bytes of `digests` at all times since it was opened.

        Raises:
            ConflictError: It was changed or replaced.
        """
        if stamp_of(os.fstat(self.fd)) == stamp_of(self.status) and digests.size == self.status.st_size:
            return  # another file in its place would have changed the change time too
        same = is_as_read(self.fd, self.status, digests)
        if not same or not os.path.samestat(self.status, files.get_status(self.path)):
            raise changed(self.path)


def changed(path: AnyPath) -> ConflictError:
    """Return the error for a file that was written to while it was read."""
    return ConflictError(f"{path} changed while it was read: it can be added when its writer is done")
