"""Which files SQLite may open as an index: told by their status and first bytes, before it sees them.

SQLite follows links, waits for the other end of a pipe, and deletes the file that a journal names. Light: completion
asks at each key.
"""

from __future__ import annotations

import os
import stat

APPLICATION = 0x72656769
"""`reg` + `i`: the application id in the header of each index (https://www.sqlite.org/fileformat2.html#application_id);
the user version beside it is the index's `SCHEMA`."""
BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of what SQLite puts beside a database."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""Ends a journal that names a super-journal (https://www.sqlite.org/fileformat2.html#the_rollback_journal)."""


def find_strange(path: str) -> str | None:
    """Return which file of the index `path` is not ours to open, and why; None where each that is there is ours.

    A file that is no database counts as ours: it is an index that broke.
    """
    for name in (path, *(path + end for end in BESIDE)):
        try:
            status = os.lstat(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{name} cannot be looked at: {error.strerror}"
        if not stat.S_ISREG(status.st_mode):
            return f"{name} is no regular file"
        if status.st_uid != os.geteuid():
            return f"{name} is another user's"
        if status.st_nlink > 1:
            return f"{name} has a second name elsewhere"
    if _read(path + "-journal", -len(_JOURNAL)) == _JOURNAL:
        return f"{path}-journal names a file that SQLite would delete"
    return None


def read_header(path: str) -> tuple[int, int] | None:
    """Return application id and user version of a database, or None where the file is missing, empty or none."""
    head = _read(path, _HEADER)
    if len(head) < _HEADER or not head.startswith(_MAGIC):
        return None
    return int.from_bytes(head[68:72], "big"), int.from_bytes(head[60:64], "big")


def _read(path: str, size: int) -> bytes:
    """Return the first `size` bytes of a regular file, or the last where negative; none of what cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return b""
        return os.pread(fd, abs(size), max(status.st_size + size, 0) if size < 0 else 0)
    except OSError:
        return b""
    finally:
        os.close(fd)
