"""Signals: those that come to us go to the child's process group, and a child that stops stops us too."""

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
    """Answers signals from `with` to its end; what was ignored before stays ignored, as `nohup` wants.

    Attributes:
        fd: Readable after a signal.
        hurry: Whether a signal asked us to end after the child had ended.
    """

    def __init__(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` before the child learns that it continues, or that the terminal has another size."""
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
        """Send to `group` from now on, and what came before."""
        self._group = group
        while self._early:
            number = self._early.pop(0)
            self.send(number)
            self._passed.append(number)

    def list_passed(self) -> list[int]:
        """Return the signals that came to us and were passed on since the last call."""
        passed, self._passed = self._passed, []
        return passed

    def send(self, number: int) -> None:
        """Send a signal to the child's group, where it is still there and ours."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, number)

    def end(self) -> None:
        """The child is no more, its number is free for others: send nothing."""
        self._ended = True

    def clear(self) -> None:
        """Make `fd` unreadable until the next signal."""
        with suppress(BlockingIOError):
            while os.read(self.fd, 512):
                pass

    def stop(self, number: int, *, everyone: bool) -> None:
        """Stop as the child did, until we are continued; then it is, too.

        Without a shell that could continue us the system does not stop us; a Ctrl-Z then means nothing to the child,
        as it would without us. A SIGSTOP was sent on purpose: the child stays where it is.

        Args:
            number: The signal that stopped the child.
            everyone: Stop our whole group, as the terminal would have done: it does not know of this Ctrl-Z.
        """
        ours = signal.SIGTSTP if number == signal.SIGSTOP else signal.Signals(number)
        before = signal.signal(ours, signal.SIG_IGN)
        if everyone and number != signal.SIGSTOP:
            os.kill(0, ours)
        self._continued = False
        signal.signal(ours, signal.SIG_DFL)
        signal.raise_signal(ours)
        signal.signal(ours, before)
        if not self._continued and number == signal.SIGTSTP:
            self.send(signal.SIGCONT)


class Held:
    """What came while signals were held.

    Attributes:
        came: Name of the first one, such as `SIGTERM`, or None.
    """

    __slots__ = ("came",)

    def __init__(self) -> None:
        self.came: str | None = None


@contextmanager
def hold_signals() -> Iterator[Held]:
    """Let what asks us to end be remembered only, until the context ends; must be entered in the main thread.

    What was ignored before stays ignored. Inside, `run_child` may be called; what it passes on is not remembered here.
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
    """Do nothing: the wake-up descriptor is told."""
