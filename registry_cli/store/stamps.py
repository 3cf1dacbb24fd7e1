"""Checks whether a file stayed unchanged while it was read.

A writer can set the modification time back, as `cp -p` and `rsync -t` do. No call sets the change time: each write
updates it (inode(7)). But so do changes that leave the bytes alone: a new mode or owner, a rename, one more hard link.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from registry_cli.store.hashing import digest_open

if TYPE_CHECKING:
    from registry_cli.store.hashing import Digests

Stamp = tuple[int, int, int, int, int]
"""Device, inode, bytes, modification time and change time in nanoseconds."""
_READINGS: Final = 3
"""Most times that a file is read again when its change time, and nothing else, has changed."""


def stamp_of(status: os.stat_result) -> Stamp:
    """Return a tuple that differs after each write to a file, and after each replacement of it."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_as_read(fd: int, before: os.stat_result, digests: Digests) -> bool:
    """Return whether an open file held, at one moment, exactly the bytes that were read from it.

    Where the change time alone has changed, the file is read again: only its bytes tell a new link from a write.

    Args:
        fd: The file.
        before: Its status before the first byte was read.
        digests: Digests of the bytes that were read.
    """
    stamp = stamp_of(before)
    for _ in range(_READINGS):
        after = stamp_of(os.fstat(fd))
        if after == stamp:
            return digests.size == before.st_size
        if after[:-1] != stamp[:-1] or _digest(fd, before.st_size) != digests:
            return False
        stamp = after
    return stamp_of(os.fstat(fd)) == stamp


def _digest(fd: int, size: int) -> Digests:
    os.lseek(fd, 0, os.SEEK_SET)
    return digest_open(fd, size + 1)
