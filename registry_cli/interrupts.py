"""Signals that come while SQLite works, which may go on for ever in a file that somebody else made.

Python's handlers run between bytecodes only, and what one raises inside a callback of SQLite is lost. So SQLite calls
`look` every now and then, and a handler that finds itself there asks to be called again once SQLite has stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_SOON: Final = 0.001
"""Seconds after which a handler is called again."""
_stopping = False


def look() -> bool:
    """Return whether SQLite should stop; Python's signal handlers run when this is called."""
    return _stopping


def put_off(frame: FrameType | None) -> bool:
    """Return whether a handler is called inside `look`: then SQLite stops, and SIGALRM comes soon after."""
    global _stopping
    while frame is not None and frame.f_code is not look.__code__:
        frame = frame.f_back
    _stopping = frame is not None
    if _stopping:
        import signal

        signal.setitimer(signal.ITIMER_REAL, _SOON)
    return _stopping
