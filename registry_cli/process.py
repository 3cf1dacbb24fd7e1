"""Actions of a process at a fork and at its end, and cached properties without a lock. Knows nothing of its callers.

A forked child has one thread, and a copy of every lock in its state at the fork: a lock that another thread of the
parent held is never released in the child. Locks of libraries, such as those inside SQLite, cannot be recreated as ours
are.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

TYPE_CHECKING = False  # completion waits for this: `typing` costs as much as the rest of its start
if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import cached_property as cached_property
    from threading import Thread
    from typing import Final

quiet: Final = RLock()
"""Lock held during a fork, and during work that no child may find half done."""
guarded = True
"""True where another thread may fork at any time. A command forks only when it is ready, and need not pay for this."""

os.register_at_fork(before=quiet.acquire, after_in_parent=quiet.release, after_in_child=quiet.release)

if not TYPE_CHECKING:

    class cached_property:  # noqa: N801  # it stands for `functools.cached_property`, which has no lock from 3.12 on
        """Calls a method on first access, and stores the result in its place."""

        def __init__(self, method):
            self._method = method
            self.__doc__ = method.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, one, owner=None):
            if one is None:
                return self
            value = one.__dict__[self._name] = self._method(one)
            return value


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
