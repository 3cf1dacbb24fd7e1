"""Handling of signals that arrive while SQLite works, which may never return on a file that somebody else made.

Python runs signal handlers between bytecodes only, and an exception raised inside a callback of SQLite is lost. So
SQLite calls `look` at intervals, and a handler that finds itself inside that call is scheduled again for a moment after
SQLite has stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_SOON: Final = 0.001
"""Seconds until a handler is called again."""
_stopping = False


def look() -> bool:
    """Return whether SQLite should stop; Python's signal handlers run during this call."""
    return _stopping


def put_off(frame: FrameType | None) -> bool:
    """Return whether a handler runs inside `look`; if so, make SQLite stop and schedule a SIGALRM soon after."""
    global _stopping
    while frame is not None and frame.f_code is not look.__code__:
        frame = frame.f_back
    _stopping = frame is not None
    if _stopping:
        import signal

        signal.setitimer(signal.ITIMER_REAL, _SOON)
    return _stopping
