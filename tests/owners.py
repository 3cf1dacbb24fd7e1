"""Names as other processes give them: one that runs, one that has ended, one on another host; locks that are held."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry_cli.store.writer_name import find_owner, new_name
from tests.forks import fork


@contextmanager
def open_process() -> Iterator[str]:
    """Fork a process that waits, and give a name that it made; kill it at the end, if it has not ended before."""
    reading, writing = os.pipe()

    def wait() -> None:
        os.write(writing, new_name().encode())
        os.close(writing)
        signal.pause()

    pid = fork(wait)
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            yield pipe.read()
    finally:
        end_process(pid)


def end_process(pid: int) -> None:
    """Kill a child and wait for it; one that has ended is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def is_locked(path: Path) -> bool:
    """Return whether anybody holds the lock of a file."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def new_dead_name() -> str:
    """Return a name made by a process that has ended."""
    with open_process() as name:
        return name


def new_foreign_name() -> str:
    """Return a name made on another host."""
    owner = find_owner(new_name())
    assert owner is not None
    return new_name().replace(owner.host, "0" * 8, 1)
