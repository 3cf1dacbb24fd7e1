"""The messages between a script and the companion that it started: lines of JSON over a socket.

The script sends `begin` and `end`, the companion `begun` or `failed`, and `ended`. When the socket closes
without an `end`, the script is gone. Everything else is in the attempt's folder, so that nothing is lost with the
socket.
"""

from __future__ import annotations

import json
import select
import socket
from contextlib import suppress
from typing import Any, Final

from registry_cli.dataclass import dataclass

_PIECE: Final = 65536
_NO_SIGNAL: Final = getattr(socket, "MSG_NOSIGNAL", 0)
"""Suppresses SIGPIPE, as a script may have restored its default action, which kills the process."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The task that a script begins.

    Attributes:
        registry: The `.registry` folder.
        cwd: The script's working directory, absolute.
        pid: The script's process.
        time: Seconds since 1970, when it began.
    """

    registry: str
    task: str
    name: str
    project: str
    argv: tuple[str, ...]
    tags: tuple[str, ...]
    cwd: str
    pid: int
    time: float


class Channel:
    """One end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._rest = b""

    def send(self, **message: object) -> None:
        """Send a message; ignore a closed other end."""
        with suppress(OSError):
            self._end.sendall(json.dumps(message).encode() + b"\n", _NO_SIGNAL)

    def receive(self, seconds: float | None = None) -> dict[str, Any] | None:
        """Return the next message; None where none comes within `seconds`.

        Raises:
            EOFError: The other end is closed.
        """
        while b"\n" not in self._rest:
            poll = select.poll()
            poll.register(self._end, select.POLLIN)
            if not poll.poll(None if seconds is None else seconds * 1000):
                return None
            try:
                piece = self._end.recv(_PIECE)
            except ConnectionError:
                piece = b""
            if not piece:
                raise EOFError
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """Close this end; twice is fine."""
        self._end.close()
