"""Whose keys the terminal of our session takes, where the child stays in that session."""

from __future__ import annotations

import os

from registry_cli.tasks.child.launch import put_in_front


class Front:
    """The place in front of the controlling terminal.

    The child gets it when it asks and is stopped for that, and not before: others of our pipeline may read there too.
    """

    def __init__(self) -> None:
        self._lent: int | None = None

    def lend(self, group: int) -> bool:
        """Put `group` in front if ours is, and return whether it is now."""
        if _move(os.getpgrp(), group):
            self._lent = group
            return True
        return False

    def take_back(self) -> bool:
        """Put our group in front if the other still is, and return whether it was."""
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
