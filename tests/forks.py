"""Forked children of a test: they never come back into it, and outlive neither it nor its patience."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

LONGEST: Final = 480.0
"""Seconds after which a child is taken to hang; the machine may have much else to do."""
_PR_SET_PDEATHSIG: Final = 1
_SYSTEM: Final = ctypes.CDLL(None)


def fork(work: Callable[[], object]) -> int:
    """Do `work` in a forked child, which then ends with 0, or 1 where it raised; return its id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from Python 3.12 on it warns of threads
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _die_with_parent()
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def end(pid: int, *, seconds: float = LONGEST) -> int:
    """Wait for a child and return its exit code, or minus the signal that ended it.

    Raises:
        TimeoutError: It took too long, and is no more; where it hung is told on standard error.
    """
    code = _wait(pid, seconds)
    if code is not None:
        return code
    os.kill(pid, signal.SIGABRT)  # to which pytest's fault handler answers with the traceback
    if _wait(pid, 5.0) is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    raise TimeoutError(f"a child was not over after {seconds:g} s")


def _wait(pid: int, seconds: float) -> int | None:
    until = monotonic() + seconds
    while monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        sleep(0.001)
    return None


def _die_with_parent() -> None:
    """End with the process that forked us, were we stopped for ever; only Linux can."""
    if sys.platform == "linux":
        _SYSTEM.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
