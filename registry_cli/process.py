"""The kind of this process, and its actions at its end. Knows nothing of its callers."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # completion waits for this: `typing` costs as much as the rest of its start
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread

is_command = False
"""True in a process that is a command of `reg`, and no script of a user."""


def call_at_end(call: Callable[[], object]) -> None:
    """Register a call for the end of this process, also where multiprocessing ends it without running `atexit`."""
    if is_worker():
        sys.modules["multiprocessing.util"].Finalize(None, call, exitpriority=100)
    else:
        import atexit

        atexit.register(call)


def start_thread(thread: Thread) -> bool:
    """Start a thread; return False where the system or the interpreter starts no more."""
    if sys.is_finalizing():  # until Python 3.11 waiting for its start would never return
        return False
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def is_worker() -> bool:
    """Return whether multiprocessing started this process."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None
