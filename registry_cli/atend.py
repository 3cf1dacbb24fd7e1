"""What is done before this process ends, whichever way Python ends it. Knows nothing of what that is."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread


def call_at_end(call: Callable[[], object]) -> None:
    """Have something called before this process ends, also where multiprocessing ends it past `atexit`."""
    if is_worker():
        sys.modules["multiprocessing.util"].Finalize(None, call, exitpriority=100)
    else:
        atexit.register(call)


def start_thread(thread: Thread) -> bool:
    """Start a thread; return False where none can be had any more."""
    if sys.is_finalizing():  # until Python 3.11 its start would be waited for, for ever
        return False
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def is_worker() -> bool:
    """Return whether multiprocessing began this process."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None
