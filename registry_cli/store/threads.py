"""Threads beside the caller, who may be interrupted at any moment: by Ctrl-C or another signal whose handler raises.

Such an error may come inside `threading.Condition`, which then keeps its lock for ever: so with `threading.Event`,
`Thread.start`, and all of `concurrent.futures`. Here threads meet in C calls alone, which end whole. A thread that
nobody waits for holds up no exit. Knows nothing of what is done.
"""

from __future__ import annotations

import sys
from _thread import start_new_thread
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE: Final = 1.0
"""Seconds to wait for a thread that was told to stop; one that hangs in a disk is left behind."""
_HEARING: Final = 0.2
"""Seconds after which a signal is heard that came in the moment before a wait began, which it does not end."""


class Background(Generic[T]):
    """Something that is done in a thread of its own.

    Raises:
        RuntimeError: The interpreter is about to end and starts no more threads.
    """

    def __init__(self, action: Callable[[], T]) -> None:
        self._action = action
        self._outcome: tuple[T] | BaseException | None = None
        self._ended: SimpleQueue[None] = SimpleQueue()
        if sys.is_finalizing():  # until Python 3.11 it would be started and never run
            raise RuntimeError("no thread can be started any more")
        start_new_thread(self._run, ())

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._outcome is not None

    def get(self) -> T:
        """Wait for the end and return the result, or raise the error that it ended with."""
        while self._outcome is None:
            self._wait(_HEARING)
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome[0]

    def give_up(self) -> None:
        """Wait a moment for the end of what was told to stop."""
        if self._outcome is None:
            self._wait(PATIENCE)

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._ended.get(timeout=seconds)

    def _run(self) -> None:
        try:
            self._outcome = (self._action(),)
        except BaseException as error:  # the caller gets it
            self._outcome = error
        self._ended.put(None)


def run_parallel(work: Callable[[], None], threads: int, stop: Callable[[], None]) -> None:
    """Let a few threads do `work`, each until it returns, and wait for them.

    Args:
        work: Takes one thing after the other from what all share.
        threads: How many; the caller does it where the interpreter is about to end and starts none.
        stop: Makes each return when its present thing is done; called when we are interrupted or one fails.
    """
    running: list[Background[None]] = []

    def work_or_stop() -> None:
        try:
            work()
        except BaseException:
            stop()
            raise

    try:
        with suppress(RuntimeError):
            for _ in range(threads):
                running.append(Background(work_or_stop))
        if not running:
            work()
        for thread in running:
            thread.get()
    except BaseException:
        stop()
        for thread in running:
            thread.give_up()
        raise
