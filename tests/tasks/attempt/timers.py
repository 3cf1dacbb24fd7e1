"""A timer that fires when the test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable


class ManualTimer(threading.Timer):
    def start(self) -> None:
        pass

    def fire(self) -> None:
        self.function()


def manual_timers() -> tuple[list[ManualTimer], Callable[[float, Callable[[], None]], threading.Timer]]:
    """Return a list that fills with the timers made, and what makes them."""
    made: list[ManualTimer] = []

    def make(delay: float, action: Callable[[], None]) -> threading.Timer:
        timer = ManualTimer(delay, action)
        made.append(timer)
        return timer

    return made, make
