"""SIGTERM and SIGHUP unwind the stack like Ctrl-C does, so that temporary files go with the process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """Exit with 128 + the signal through all `finally` clauses; leave other answers to a signal as they are."""
    in_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in ENDING if in_main and signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
