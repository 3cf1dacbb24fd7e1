"""Waits for signals that have a handler in Python, so that none is missed. Knows no process."""

from __future__ import annotations

import os
import signal
from typing import Final

_PIECE: Final = 512


class Wakeup:
    """A pipe that gets a byte for each signal that has a handler in Python, SIGCHLD among them.

    A handler runs between two instructions, so a signal that comes just before a blocking system call is handled only
    when the call returns, which may be never. Waiting for the pipe also notices a signal that came before
    (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
    """

    def __init__(self) -> None:
        self._fd, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})  # our parent may have blocked it

    def wait(self) -> None:
        """Wait for a signal, or return at once if one came since the last call; its handler has run."""
        os.read(self._fd, _PIECE)


def _note(number: int, frame: object) -> None:
    """Do nothing: only a signal with a handler writes to the pipe."""
