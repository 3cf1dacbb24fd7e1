"""Ctrl-C at every moment: what may wait for ever after one is found by trying them all."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any


def interrupt_everywhere(action: Callable[[], object]) -> int:
    """Do `action` again and again, interrupted one step later each time, until it comes to its end.

    A step is what Python tells a tracer of: a call, a line, a return, in the standard library too. A signal's handler
    may run at each of them.

    Returns:
        How many times it was interrupted.
    """
    action()  # what it imports is whole from here on
    for moment in count():
        if not _interrupt_at(moment, action):
            return moment
    raise AssertionError


def _interrupt_at(moment: int, action: Callable[[], object]) -> bool:
    """Do `action`, interrupted at a moment; return False where it ended before."""
    left = moment

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        if frame.f_code is _interrupt_at.__code__:
            return None
        left -= 1
        if left < 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    gc.disable()  # an error in a collector's callback goes nowhere
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
        gc.enable()
    return left < 0
