"""Moves a child that stays in our session into the foreground of the terminal, and back."""

from __future__ import annotations

import os

from registry_cli.tasks.child.launch import put_in_front


class Front:
    """The foreground of the controlling terminal.

    The child gets it when it tries to use the terminal and is stopped for that, not earlier: other processes of our
    pipeline may read from the terminal too.
    """

    def __init__(self) -> None:
        self._lent: int | None = None

    def lend(self, group: int) -> bool:
        """Put `group` in the foreground if our group is there, and return whether that was done."""
        if _move(os.getpgrp(), group):
            self._lent = group
            return True
        return False

    def take_back(self) -> bool:
        """Put our group in the foreground if the other is still there, and return whether that was done."""
        lent, self._lent = self._lent, None
        return lent is not None and _move(lent, os.getpgrp())


def _move(old: int, new: int) -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.tcgetpgrp(terminal) != old:
            return False
        put_in_front(terminal, new)
        return True
    except OSError:
        return False
    finally:
        os.close(terminal)
