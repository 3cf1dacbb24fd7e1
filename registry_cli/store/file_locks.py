"""Locks on files: the kernel frees the lock of a process that dies, and every wait is bounded.

Writers of the log queue at a lock to spare each other lost work: without it, 32 writers spend up to twice the
processor time on a commit. A writer that has waited too long goes ahead without the lock, so that a stopped one hangs
nobody; the log's slots alone decide. For a small file that is read, changed and replaced, the lock is all that keeps
two changes apart: a process that has waited too long fails.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, CorruptError
from registry_cli.store import files
from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.store.layout import Layout

PATIENCE: Final = 0.5
"""Seconds that a writer waits for the writers before it."""
LONGEST_CHANGE: Final = 10.0
"""Seconds to wait for those who change a small file: each needs a few milliseconds."""
_SHORTEST: Final = 0.0005
_LONGEST: Final = 0.004


@contextmanager
def open_writer_lock(layout: Layout) -> Iterator[None]:
    """Hold the lock of the log's writers, or go ahead after `PATIENCE`; where there are no locks, go ahead at once."""
    try:
        fd = files.open_file(layout.turn, os.O_RDONLY | os.O_NONBLOCK)  # a pipe there has no end
    except (CorruptError, OSError):
        yield
        return
    try:
        _lock(fd, time.monotonic() + PATIENCE)
        yield
    finally:
        os.close(fd)


@contextmanager
def open_file_lock(path: Path) -> Iterator[None]:
    """Keep other processes from changing the small file `path` meanwhile; where there are no locks, go ahead.

    The lock is on the file itself, which is made where it is missing, and which the change replaces by another: a
    process that then gets the lock of the old file takes that of the new one.

    Raises:
        ConflictError: Another process has held it for `LONGEST_CHANGE`.
        CorruptError: It belongs to a registry, and a link is in its place.
    """
    until = time.monotonic() + LONGEST_CHANGE
    files.make_dirs(path.parent)
    fd = _open_locked(path, until)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)


def _open_locked(path: Path, until: float) -> int | None:
    """Return a descriptor of `path` that holds its lock; None where it has none to give."""
    while time.monotonic() < until:
        fd = _open_lockable(path)
        if fd is None or (_lock(fd, until) and _is_there(path, fd)):
            return fd
        os.close(fd)
    raise ConflictError(f"another process is changing {path}: the command can run again when it has ended")


def _open_lockable(path: Path) -> int | None:
    """Open a file for writing, as locks of network file systems want it, or else for reading; None where neither is."""
    with suppress(OSError):
        return AppendFile(path).fd
    with suppress(OSError):
        return files.open_file(path, os.O_RDONLY | os.O_NONBLOCK)
    return None


def _is_there(path: Path, fd: int) -> bool:
    status = files.find_status(path)
    return status is not None and os.path.samestat(status, os.fstat(fd))


def _lock(fd: int, until: float) -> bool:
    """Lock an open file; return False where another process still holds it at `until`, on the monotonic clock."""
    import fcntl

    pause = _SHORTEST
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(pause * random.random())
            pause = min(pause * 1.5, _LONGEST)
        except OSError:  # this file system has no locks
            return True
        else:
            return True
