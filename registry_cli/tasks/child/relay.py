"""Forwards our signals to the child's process group, and stops us when the child stops."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSED: Final = (
    signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT,
    signal.SIGTSTP, signal.SIGWINCH,
)  # fmt: skip
ENDING: Final = {signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT}


class Relay:
    """Handles signals inside its `with` block; signals that were ignored before stay ignored, as `nohup` requires.

    Attributes:
        fd: Readable after a signal.
        hurry: True where a signal asked us to end after the child had ended.
    """

    def __init__(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` before the child gets SIGCONT, or SIGWINCH for a new size of the terminal."""
        self.hurry = False
        self._refresh = refresh
        self._group = 0
        self._early: list[int] = []
        self._passed: list[int] = []
        self._ended = self._continued = False

    def __enter__(self) -> Self:
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.getsignal(number) for number in (*PASSED, signal.SIGCHLD, signal.SIGPIPE)}
        for number in PASSED:
            if self._before[number] != signal.SIG_IGN:
                signal.signal(number, self._pass)
        signal.signal(signal.SIGCHLD, _wake)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        return self

    def __exit__(self, *_: object) -> None:
        for number, answer in self._before.items():
            signal.signal(number, signal.SIG_DFL if answer is None else answer)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.fd)
        os.close(self._write)

    def _pass(self, number: int, frame: object) -> None:
        if number in {signal.SIGCONT, signal.SIGWINCH}:
            self._continued |= number == signal.SIGCONT
            self._refresh()
        if self._ended:
            self.hurry |= number in ENDING
        elif self._group:
            self.send(number)
            self._passed.append(number)
        else:
            self._early.append(number)

    def start(self, group: int) -> None:
        """Send signals to `group` from now on, those that came before first."""
        self._group = group
        while self._early:
            number = self._early.pop(0)
            self.send(number)
            self._passed.append(number)

    def list_passed(self) -> list[int]:
        """Return the signals that we received and forwarded since the last call."""
        passed, self._passed = self._passed, []
        return passed

    def send(self, number: int) -> None:
        """Send a signal to the child's group, if it still exists and is ours."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, number)

    def end(self) -> None:
        """Send nothing from now on: the child has ended, and another process may get its id."""
        self._ended = True

    def clear(self) -> None:
        """Make `fd` unreadable until the next signal."""
        with suppress(BlockingIOError):
            while os.read(self.fd, 512):
                pass

    def stop(self, number: int, *, everyone: bool) -> None:
        """Stop as the child did, until we are continued; the child then continues too.

        Without a shell that could continue us the system does not stop us; a Ctrl-Z then has no effect on the child,
        as it would have none without us. A SIGSTOP was sent on purpose: the child stays stopped.

        Args:
            number: The signal that stopped the child.
            everyone: Stop our whole group, as the terminal would have done; this Ctrl-Z went to another terminal.
        """
        ours = signal.SIGTSTP if number == signal.SIGSTOP else signal.Signals(number)
        before = signal.signal(ours, signal.SIG_IGN)
        if everyone and number != signal.SIGSTOP:
            os.kill(0, ours)
        self._continued = False
        if os.getsid(0) != os.getpid():  # no shell watches a session's leader, and raising drops a SIGCONT on its way
            signal.signal(ours, signal.SIG_DFL)
            signal.raise_signal(ours)
        signal.signal(ours, before)
        if not self._continued and number == signal.SIGTSTP:
            self.send(signal.SIGCONT)


class Held:
    """The signals that came while signals were held.

    Attributes:
        came: Name of the first signal, such as `SIGTERM`, or None.
    """

    __slots__ = ("came",)

    def __init__(self) -> None:
        self.came: str | None = None


@contextmanager
def hold_signals() -> Iterator[Held]:
    """Only remember signals that ask us to end, until the context ends; must be entered in the main thread.

    Signals that were ignored before stay ignored. `run_child` may be called inside; signals that it forwards are not
    remembered here.
    """
    held = Held()

    def remember(number: int, frame: object) -> None:
        held.came = held.came or signal.Signals(number).name

    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        for number, answer in before.items():
            if answer != signal.SIG_IGN:
                signal.signal(number, remember)
        yield held
    finally:
        for number, answer in before.items():
            signal.signal(number, signal.SIG_DFL if answer is None else answer)


def _wake(number: int, frame: object) -> None:
    """Do nothing: a signal with a handler writes to the wake-up descriptor."""
