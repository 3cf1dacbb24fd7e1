"""SIGTERM and SIGHUP unwind the stack like Ctrl-C does, so that temporary files go with the process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from registry_cli import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """Exit with 128 + the signal through all `finally` clauses; other handlers of a signal stay as they are.

    Ctrl-C raises KeyboardInterrupt as always. A signal that arrives while SQLite works raises once SQLite has stopped.
    """
    in_main = threading.current_thread() is threading.main_thread()
    numbers = (*ENDING, signal.SIGINT, signal.SIGALRM) if in_main else ()
    before = {number: signal.getsignal(number) for number in numbers}
    ours = {number: was for number, was in before.items() if was in {signal.SIG_DFL, signal.default_int_handler}}
    pending: list[int] = []
    """The signal that waits until SQLite has stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            pending[:] = [number]
        if pending and not interrupts.put_off(frame):
            raise _make_end(pending.pop())

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        if pending:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, was in ours.items():
            signal.signal(number, was)
        if pending:
            raise _make_end(pending.pop())


def _make_end(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
