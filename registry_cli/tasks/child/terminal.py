"""The user's terminal and the terminal that the child gets instead, so that its output passes through us."""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from typing import Final

LARGEST: Final = 1 << 12
"""Bytes of typed input to read at once: the capacity of a terminal."""


class Terminal:
    """A new terminal that looks like `outer`.

    Output goes through the line discipline of one of the two. Where keys are forwarded, that is the new one's, and ours
    is raw; otherwise ours stays as it is, and the new one changes no bytes.

    Attributes:
        outer: Descriptor of the user's terminal.
        keys: True where the child reads its input from the new terminal.
        master: Our side of the new terminal.
        slave: The child's side, or -1 when closed; it stays open, so that a child may close and open it again.
    """

    def __init__(self, outer: int) -> None:
        """Open the new terminal; raises OSError if the system has no more terminals."""
        import termios
        import tty

        self.outer = outer
        self.keys = self._takes_keys()
        self._saved = termios.tcgetattr(outer)
        self._raw = False
        self._typed = b""
        master, self.slave = os.openpty()
        self.master = FileIO(master, "r")
        os.set_blocking(master, False)
        inner = termios.tcgetattr(outer)
        if not self.keys:
            inner[tty.OFLAG] &= ~termios.OPOST
        termios.tcsetattr(self.slave, termios.TCSANOW, inner)
        self._copy_size()

    def _takes_keys(self) -> bool:
        """Return whether standard input is this terminal and ours to read; in the background the child inherits it."""
        return self.outer == 1 and is_same_terminal(0, 1) and self._is_ours()

    def _is_ours(self) -> bool:
        try:
            return os.tcgetpgrp(0) == os.getpgrp()
        except OSError:  # not the terminal of our session: no other process claims it
            return True

    def _copy_size(self) -> None:
        import termios

        with suppress(OSError, termios.error, ValueError):
            termios.tcsetwinsize(self.master.fileno(), termios.tcgetwinsize(self.outer))

    def refresh(self) -> None:
        """Take over the size of the user's terminal, and its keys once we are in its foreground."""
        self._copy_size()
        if self.keys and not self._raw and self._is_ours():
            self._raw = True  # first, as a signal may call this again
            self._take_keys()

    def _take_keys(self) -> None:
        """Make the user's terminal raw, and keep what was typed ahead.

        In raw mode the system would return an end of file typed before as a NUL. So the waiting lines are read first,
        after the end-of-file key is disabled: from then on it reaches the other terminal as it is.
        """
        import termios
        import tty

        try:
            mode = termios.tcgetattr(0)
            if mode[tty.LFLAG] & termios.ICANON:
                keys = mode[tty.CC]
                end, keys[termios.VEOF] = keys[termios.VEOF], bytes([os.fpathconf(0, "PC_VDISABLE")])
                termios.tcsetattr(0, termios.TCSADRAIN, mode)
                self._typed += _read_lines(end, (b"\n", keys[termios.VEOL], keys[termios.VEOL2]))
            tty.setraw(0, termios.TCSADRAIN)
        except (OSError, termios.error):
            self.release()

    def release(self) -> None:
        """Restore the user's terminal."""
        import termios

        if self._raw:
            self._raw = False
            with suppress(OSError, termios.error):  # it may be gone
                termios.tcsetattr(0, termios.TCSADRAIN, self._saved)

    def watch(self, wanted: dict[int, int]) -> None:
        """Add the events to wait for."""
        import select

        if self._typed and not self.master.closed:
            wanted[self.master.fileno()] = wanted.get(self.master.fileno(), 0) | select.POLLOUT
        elif self._raw:
            wanted[0] = select.POLLIN

    def advance(self, ready: dict[int, int]) -> None:
        """Forward what was typed."""
        if self._raw and not self._typed and ready.get(0):
            self._typed = _read_keys()
            self._raw = bool(self._typed)  # no bytes: the terminal is gone
        if self._typed and not self.master.closed:
            with suppress(BlockingIOError):
                self._typed = self._typed[os.write(self.master.fileno(), self._typed) :]

    def close_slave(self) -> None:
        """Close our descriptor of the child's side, so that the end of its output can be seen."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Restore the user's terminal and close both sides of the new one."""
        self.release()
        self.close_slave()
        self.master.close()


def _read_keys() -> bytes:
    try:
        return os.read(0, LARGEST)
    except OSError:
        return b""


def _read_lines(end: bytes, line_ends: tuple[bytes, ...]) -> bytes:
    """Return the waiting lines, with `end` where an end of file was typed; no more than a terminal holds."""
    import select

    poll = select.poll()
    poll.register(0, select.POLLIN)
    typed = b""
    while len(typed) < LARGEST and poll.poll(0) == [(0, select.POLLIN)]:
        line = _read_keys()
        typed += line if line.endswith(line_ends) else line + end
    return typed


def is_same_terminal(one: int, other: int) -> bool:
    """Return whether two descriptors are open on the same terminal."""
    try:
        return os.isatty(one) and os.isatty(other) and os.fstat(one).st_rdev == os.fstat(other).st_rdev
    except OSError:
        return False
