"""Background threads for a caller that may be interrupted at any moment, by Ctrl-C or a signal whose handler raises.

Such an error may come inside `threading.Condition`, which then never releases its lock; the same holds for
`threading.Event`, `Thread.start`, and all of `concurrent.futures`. Here threads synchronise through C calls only, which
are not interrupted halfway. A running thread does not delay the exit of the process. Knows nothing of the work done.
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
"""Seconds to wait for a thread that was asked to stop; one that hangs in a disk operation is abandoned."""
_POLL: Final = 0.2
"""Seconds after which a wait is repeated, so that a signal that came just before it began is handled."""


class Background(Generic[T]):
    """An action that runs in a thread of its own.

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
        """True where the action has ended."""
        return self._outcome is not None

    def get(self) -> T:
        """Wait for the end and return the result of the action, or raise its error."""
        while self._outcome is None:
            self._wait(_POLL)
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome[0]

    def give_up(self) -> None:
        """Wait a moment for an action that was asked to stop."""
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


def try_background(action: Callable[[], T]) -> Background[T] | None:
    """Start an action in a thread of its own; None where the interpreter is about to end and starts no more threads."""
    try:
        return Background(action)
    except RuntimeError:
        return None


def run_parallel(work: Callable[[], None], threads: int, stop: Callable[[], None]) -> None:
    """Run `work` in a few threads, each until it returns, and wait for them.

    Args:
        work: Takes one item after the other from a shared queue.
        threads: Number of threads; the caller does the work where the interpreter is about to end and starts none.
        stop: Makes each thread return after its present item; called after an interrupt or when one fails.
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
