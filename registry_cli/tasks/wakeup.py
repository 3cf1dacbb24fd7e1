"""Waiting for signals that Python answers, so that none is missed. Knows no process."""

from __future__ import annotations

import os
import signal
from typing import Final

_PIECE: Final = 512


class Wakeup:
    """A pipe into which each signal writes that has a handler in Python, SIGCHLD among them.

    A handler runs between two instructions, so that one which comes just before a system call that waits is answered
    when that returns, which may be never. To wait for the pipe is to wait for what came before, too
    (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
    """

    def __init__(self) -> None:
        self._fd, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})  # our parent may have blocked it

    def wait(self) -> None:
        """Wait for a signal, or return at once where one came since the last call; it has been answered."""
        os.read(self._fd, _PIECE)


def _note(number: int, frame: object) -> None:
    """Do nothing, but be a handler."""
