"""SIGTERM unwinds the stack like Ctrl-C does, so that temporary files go with the process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unwound_by_sigterm() -> Iterator[None]:
    """Exit with 143 (128 + SIGTERM) through all `finally` clauses; leave other answers to the signal as they are."""
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
