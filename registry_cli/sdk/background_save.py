"""Versions saved behind the script's back: one thread, a short queue, nothing lost at the end.

Knows no model: it holds snapshots, and calls what saves them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError, UsageError
from registry_cli.process import call_at_end, start_thread
from registry_cli.sdk.warning import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.registry.version import Version
    from registry_cli.sdk.snapshot import Snapshot

WAITING: Final = 2
"""Snapshots that wait to be saved; who comes with another waits with it."""


class Pending:
    """A version that is being saved."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._version: Version | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Return whether it is saved, has failed or was skipped."""
        return self._done.is_set()

    def result(self, timeout: float | None = None) -> Version | None:
        """Wait for the version and return it; None where it was skipped, or is not this process's to save.

        Args:
            timeout: Seconds to wait at most; for ever when None.

        Raises:
            TimeoutError: It took longer.
            RegError: It could not be saved, as `commit` says.
        """
        if not self._done.wait(timeout):
            raise TimeoutError(f"not saved after {timeout} seconds")
        if self._error is not None:
            raise self._error
        return self._version

    def settle(self, version: Version | None = None, error: BaseException | None = None) -> None:
        """Say how it ended; the first word counts."""
        if not self._done.is_set():
            self._version, self._error = version, error
            self._done.set()

    def give_up(self) -> None:
        """Say in a forked child that its parent saves it; what waits for that may have been forked within a wait."""
        if not self._done.is_set():
            self._done = threading.Event()
            self.settle(error=RegError("the process that this one was forked from saves it"))


@dataclass(frozen=True, slots=True)
class Job:
    """A snapshot to be saved.

    Attributes:
        model: Whose version it will be.
        snapshot: Its files.
        save: Saves them.
        failed: Told of an error, after it was shown.
    """

    model: str
    snapshot: Snapshot
    save: Callable[[Snapshot], Version]
    failed: Callable[[str], None]
    pending: Pending


class Saver:
    """The queue and its thread."""

    def __init__(self) -> None:
        self._more = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._running: Job | None = None
        self._thread: threading.Thread | None = None

    def wait_for_room(self) -> None:
        """Wait until another snapshot may be taken."""
        with self._more:
            self._more.wait_for(lambda: len(self._jobs) < WAITING)

    def put(self, job: Job, keep: int | None) -> None:
        """Take a job in; of its model's that have not begun, keep the newest `keep` alone."""
        with self._more:
            self._jobs.append(job)
            same = [one for one in self._jobs if one.model == job.model]
            superseded = same[:-keep] if keep else []
            for one in superseded:
                self._jobs.remove(one)
            self._start()
            self._more.notify_all()
        for one in superseded:
            one.snapshot.remove()
            one.pending.settle()

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until all is saved that is here by now; return whether it is."""
        with self._more:
            due = self._list_jobs()
            return self._more.wait_for(lambda: not any(one is job for one in due for job in self._list_jobs()), timeout)

    def give_up(self) -> None:
        """Tell a forked child's waiters that its parent saves these."""
        for job in self._list_jobs():
            job.pending.give_up()

    def _list_jobs(self) -> list[Job]:
        return [*([self._running] if self._running else []), *self._jobs]

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._work, name="reg save", daemon=True)
        if start_thread(thread):
            self._thread = thread
            return
        while self._jobs:
            _run(self._jobs.popleft())

    def _work(self) -> None:
        while True:
            with self._more:
                self._more.wait_for(lambda: bool(self._jobs))
                job = self._running = self._jobs.popleft()
                self._more.notify_all()
            _run(job)
            with self._more:
                self._running = None
                self._more.notify_all()


def _run(job: Job) -> None:
    version, error = None, None
    try:
        job.snapshot.check()
        version = job.save(job.snapshot)
    except Exception as caught:  # the thread must go on with the next one
        error = caught
    with suppress(OSError):  # a collector takes it
        job.snapshot.remove()
    job.pending.settle(version, error)
    if error is not None:
        words = error.message if isinstance(error, RegError) else f"{type(error).__name__}: {error}"
        tell(f"{job.model} was not saved: {words}")
        with suppress(Exception):  # such as of a task that has ended: the thread must go on
            job.failed(f"{job.model} was not saved: {words}")


def parse_keep(keep: str | None) -> int | None:
    """Return the number in `last N`.

    Raises:
        UsageError: It says something else.
    """
    if keep is None:
        return None
    word, _, count = keep.strip().partition(" ")
    if word != "last" or not count.strip().isdecimal() or int(count) == 0:
        raise UsageError(f"{keep!r} does not say which snapshots to keep, as in keep='last 3'")
    return int(count)


_saver = Saver()
_pid = 0


def get_saver() -> Saver:
    """Return the queue of this process; what is in it is saved before the process ends."""
    global _pid
    if _pid != os.getpid():
        _pid = os.getpid()
        call_at_end(partial(_drain_process, _pid))
    return _saver


def drain(timeout: float | None = None) -> bool:
    """Wait until all is saved; return whether it is.

    Args:
        timeout: Seconds to wait at most; for ever when None.
    """
    until = None if timeout is None else monotonic() + timeout
    return _saver.drain(None if until is None else max(until - monotonic(), 0.0))


def _drain_process(pid: int) -> None:
    if pid == os.getpid():  # else a forked child has inherited the call
        _saver.drain()


def _after_fork() -> None:
    global _saver
    before, _saver = _saver, Saver()
    before.give_up()


os.register_at_fork(after_in_child=_after_fork)
