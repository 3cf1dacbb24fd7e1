"""Checks the files of an index by their status and first bytes before SQLite may open them.

SQLite follows links, waits for the other end of a pipe, and deletes the file that a journal names. Light: completion
calls it at each key press.
"""

from __future__ import annotations

import os
import stat

APPLICATION = 0x72656769
"""`reg` + `i`: the application id in the header of each index (https://www.sqlite.org/fileformat2.html#application_id);
the user version next to it is the index's `SCHEMA`."""
BESIDE = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite puts next to a database."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""Last bytes of a journal that names a super-journal (https://www.sqlite.org/fileformat2.html#the_rollback_journal)."""


def find_strange(path: str) -> str | None:
    """Return the file of the index `path` that we must not open, with the reason; None where all are ours.

    A file that is not a database counts as ours: it is a broken index.
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
    """Return application id and user version of a database, or None where the file is missing, empty or not one."""
    head = _read(path, _HEADER)
    if len(head) < _HEADER or not head.startswith(_MAGIC):
        return None
    return int.from_bytes(head[68:72], "big"), int.from_bytes(head[60:64], "big")


def _read(path: str, size: int) -> bytes:
    """Return the first `size` bytes of a regular file, or the last if `size` is negative; none if it cannot be read."""
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
