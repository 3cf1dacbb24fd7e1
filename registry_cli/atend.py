"""What is done before this process ends, whichever way Python ends it. Knows nothing of what that is."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def call_at_end(call: Callable[[], object]) -> None:
    """Have something called before this process ends, also where multiprocessing ends it past `atexit`."""
    if is_worker():
        sys.modules["multiprocessing.util"].Finalize(None, call, exitpriority=100)
    else:
        atexit.register(call)


def is_worker() -> bool:
    """Return whether multiprocessing began this process."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None
