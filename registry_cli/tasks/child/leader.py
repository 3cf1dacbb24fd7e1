"""Starts the child and reports its changes of state: directly, or through the leader of its session.

A child with a terminal of its own needs a session, and another process must lead it: a process without a parent in its
session cannot be stopped by Ctrl-Z. So a fork of ours leads, waits, and reports the child's changes through a pipe.
"""

from __future__ import annotations

import os
import signal
import struct
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from registry_cli.errors import LaunchError
from registry_cli.tasks.child.launch import explain, put_in_front, spawn
from registry_cli.tasks.wakeup import Wakeup

if TYPE_CHECKING:
    from subprocess import Popen

    from registry_cli.tasks.child.launch import Command, Ends

_RECORD: Final = struct.Struct("=ii")
_FAILED, _STARTED, _CHANGED = range(3)


class Child(Protocol):
    """A started command."""

    pid: int
    """Process id of the child, and its process group."""
    fd: int
    """Readable when the child has changed, or -1 where SIGCHLD reports changes."""

    def list_changes(self) -> list[int]:
        """Return the statuses since the last call, as `waitpid` gives them."""

    def close(self) -> None:
        """Release the child's descriptors and processes; nothing is left to wait for."""


class DirectChild:
    """A direct child of this process."""

    fd = -1

    def __init__(self, command: Command, ends: Ends) -> None:
        """Start `command`; raises LaunchError."""
        try:
            self._process: Popen[bytes] = spawn(command, ends, in_front=False)
        except OSError as error:
            raise explain(command, error.errno or 0) from None
        self.pid = self._process.pid

    def list_changes(self) -> list[int]:
        """Return the statuses since the last call, as `waitpid` gives them."""
        found: list[int] = []
        while self._process.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if not pid:
                break
            found.append(status)
            if not os.WIFSTOPPED(status):
                self._process.returncode = os.waitstatus_to_exitcode(status)
        return found

    def close(self) -> None:
        """Wait for the child's end if it has not ended yet."""
        self._process.wait()


class LedChild:
    """The child of a session leader that we fork; `ends.stdin` is the terminal of that session."""

    def __init__(self, command: Command, ends: Ends) -> None:
        """Start `command`; raises LaunchError."""
        self.fd, write = os.pipe()
        self._leader = os.fork()
        if not self._leader:
            _lead(command, ends, write)
        os.close(write)
        self._ended = False
        kind, value = self._read() or (_FAILED, 0)
        if kind == _FAILED:
            self.close()
            raise explain(command, value) if value else LaunchError(f"cannot give a terminal to {command.program}")
        self.pid = value
        os.set_blocking(self.fd, False)

    def _read(self) -> tuple[int, int] | None:
        record = os.read(self.fd, _RECORD.size)
        return _RECORD.unpack(record) if record else None

    def list_changes(self) -> list[int]:
        """Return the statuses since the last call; SIGHUP if the leader was killed, as that kills the child too."""
        found: list[int] = []
        try:
            while not self._ended:
                kind, value = self._read() or (_FAILED, 0)
                found.append(value if kind == _CHANGED else signal.SIGHUP.value)
                self._ended = not os.WIFSTOPPED(found[-1])
        except BlockingIOError:
            pass
        return found

    def close(self) -> None:
        """Wait for the leader, which ends when the child ends."""
        if self.fd >= 0:
            os.close(self.fd)
            os.waitpid(self._leader, 0)
            self.fd = -1


def _lead(command: Command, ends: Ends, write: int) -> NoReturn:
    """Lead the child's session until the child ends."""
    try:
        _let_go(write, ends)
        wakeup = Wakeup()
        _open_session(ends)
        process = spawn(command, ends, in_front=True)
        signal.signal(signal.SIGHUP, partial(_hang_up, process.pid))
        os.write(write, _RECORD.pack(_STARTED, process.pid))
        status = _watch(process.pid, wakeup, write)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # processes that the child leaves behind must survive
        if ends.stdin is not None:  # when we end, the foreground group gets SIGHUP
            with suppress(OSError):
                put_in_front(ends.stdin, os.getpgrp())
        os.write(write, _RECORD.pack(_CHANGED, status))
    except OSError as error:
        os.write(write, _RECORD.pack(_FAILED, error.errno or 0))
    finally:
        os._exit(0)


def _hang_up(group: int, number: int, frame: object) -> None:
    """Send SIGHUP to the child: when the terminal is gone, the system sends it to the session's leader alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _watch(pid: int, wakeup: Wakeup, write: int) -> int:
    while True:
        changed, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if not changed:
            wakeup.wait()
        elif os.WIFSTOPPED(status):
            os.write(write, _RECORD.pack(_CHANGED, status))
        else:
            return status


def _let_go(write: int, ends: Ends) -> None:
    """Close the descriptors that we share with our parent, as its locks last while they are open; ignore signals."""
    keep = sorted({0, 1, 2, write, ends.stdout, ends.stderr, ends.stdin or 0})
    for low, high in pairwise([*keep, os.sysconf("SC_OPEN_MAX")]):
        os.closerange(low + 1, high)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, _stay)


def _stay(number: int, frame: object) -> None:
    """Do nothing; unlike an ignored signal, a handled one has its default action again in the child."""


def _open_session(ends: Ends) -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(ends.stdout, termios.TIOCSCTTY, 0)
