"""Wakes the companion of an attempt as soon as one of its processes has written a job, before the next poll.

The wake-up is a datagram to an abstract socket name, which is in no folder, as a pipe inside a registry counts as
damage. Where the system has no such names (only Linux has), or the companion runs on another machine, nothing is woken
and the next poll finds the job.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from registry_cli.tasks.attempt.folder import Live

_ENOUGH = 4096
"""Bytes of pending wake-ups that one read removes."""


class Bell:
    """The companion's end of the bell, on which it waits."""

    def __init__(self, live: Live) -> None:
        self._socket: socket.socket | None = None
        with suppress(OSError):
            self._socket = _open_socket()
            self._socket.bind(_name(live))

    def wait(self, seconds: float) -> None:
        """Return when a process rings, or when `seconds` have passed."""
        import select

        poll = select.poll()
        if self._socket is not None:
            poll.register(self._socket, select.POLLIN)
        poll.poll(max(seconds, 0) * 1000)
        with suppress(OSError):
            while self._socket is not None and self._socket.recv(_ENOUGH):
                pass

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


def ring(live: Live) -> None:
    """Wake the companion of an attempt, where that is possible."""
    with suppress(OSError), _open_socket() as bell:
        bell.sendto(b"\n", _name(live))


def _open_socket() -> socket.socket:
    import socket

    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    opened.setblocking(False)
    return opened


def _name(live: Live) -> str:
    return f"\0reg/{live.task}/{live.attempt}"
