"""A few forked processes that do a part of our work, each over a socket that only it and we hold. Knows no work.

None can hold us up: one that ends, is stopped or does not answer in time is killed, and what it was to do is left
undone. None outlives us: its socket ends when we do. None holds what we hold: it closes all else that it inherits.

They are forked: with interpreters started anew in their place, which need no care for what a fork inherits, an index of
20,000 versions took 1.2 to 1.5 times as long to rebuild, and 4,000 small files 1.2 to 1.6 times as long to add.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import signal
import socket
import threading
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PATIENCE: Final = 60.0
"""Seconds for which a process that was asked may be silent; it needs a fraction of one."""
MOST: Final = 4
"""Processes; more would wait for the one that does the rest."""

A = TypeVar("A")
B = TypeVar("B")


class Workers(Generic[A, B]):
    """The processes; fewer, or none, where they cannot be started.

    Args:
        work: Called in the processes; an error that it raises ends the one it was called in.
    """

    def __init__(self, work: Callable[[list[A]], list[B]]) -> None:
        self._workers: list[_Worker[A, B]] = []
        for _ in range(min(os.cpu_count() or 1, MOST)):
            if not _is_alone():
                break
            try:
                self._workers.append(_Worker(work))
            except (OSError, RuntimeError):  # no process, memory or descriptor is left, or the interpreter is ending
                break

    def work(self, chunks: Iterable[list[A]]) -> Iterator[B]:
        """Yield what is made of the chunks, without those whose process failed."""
        left = iter(chunks)
        while wave := list(zip(self._workers, islice(left, len(self._workers)), strict=False)):
            for worker, chunk in wave:
                worker.ask(chunk)
            for worker, _ in wave:
                yield from worker.answer()
            self._workers = [worker for worker in self._workers if worker.pid]

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()


class _Worker(Generic[A, B]):
    """One process.

    Attributes:
        pid: Its number, 0 once it was ended.
    """

    def __init__(self, work: Callable[[list[A]], list[B]]) -> None:
        self.pid = 0
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE)
        # a signal that comes between must find our handlers in us and none of them in the child
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _serve(theirs, work)
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def ask(self, chunk: list[A]) -> None:
        """Let it work on a chunk."""
        try:  # a program we are part of may let SIGPIPE end it
            self._socket.sendall(pickle.dumps(chunk), getattr(socket, "MSG_NOSIGNAL", 0))
        except OSError:
            self.close()

    def answer(self) -> list[B]:
        """Return what it has made; nothing where it failed."""
        if not self.pid:
            return []
        try:
            with self._socket.makefile("rb") as stream:
                found: list[B] = pickle.load(stream)  # only our own child's bytes: nobody else has the other end
                return found
        except (OSError, EOFError, MemoryError, pickle.UnpicklingError):
            self.close()
            return []

    def close(self) -> None:
        """End it."""
        self._socket.close()
        pid, self.pid = self.pid, 0
        if pid:
            with suppress(ProcessLookupError, ChildProcessError):  # somebody may wait for every child there is
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _is_alone() -> bool:
    """Return whether no other thread, Python's or a library's, may hold a lock that a fork would copy."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return threading.active_count() == 1


def _serve(theirs: socket.socket, work: Callable[[list[A]], list[B]]) -> NoReturn:
    """Answer until nobody asks any more; whatever happens, what the parent was doing is not gone on with here."""
    try:
        own = _cut_off(theirs)
        with own.makefile("rb") as questions:
            while True:
                own.sendall(pickle.dumps(work(pickle.load(questions))))
    finally:
        os._exit(0)


def _cut_off(theirs: socket.socket) -> socket.socket:
    """Let go of all that was inherited but for one end of a socket, and return that."""
    gc.freeze()  # what the parent left behind must not be finalised here, such as a connection to the index
    own = socket.socket(fileno=fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD, 3))
    own.settimeout(None)
    null = os.open(os.devnull, os.O_RDONLY)  # what is written there fails, and nothing is
    for fd in range(3):
        os.dup2(null, fd)
    for name in list(Path("/dev/fd").iterdir()):
        if (fd := int(name.name)) > 2 and fd != own.fileno():
            with suppress(OSError):  # the one by which they were listed
                os.close(fd)
    for number in signal.valid_signals():
        if signal.getsignal(number) not in {signal.SIG_DFL, signal.SIG_IGN}:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the parent
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return own
