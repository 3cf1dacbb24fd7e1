"""Many flushes at once: files and folders side by side, and a large file's while it is still being written."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from registry_cli.store.files import NewFile

T = TypeVar("T")

POOL: Final = 8
"""Threads that flush files side by side; a journal commits their flushes together. For fewer files none is started."""
STRIDE: Final = 64 << 20
"""Bytes after which a large file's flush is begun although more is to come."""


class EarlyFlush:
    """Has a large file written out while more of it comes, so that its last flush has little left to do."""

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._flushed = 0
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def advance(self, size: int) -> None:
        """Say that the file has `size` bytes now; a flush is begun from time to time, one at a time.

        Raises:
            OSError: The flush before failed: the file is lost.
        """
        if size - self._flushed < STRIDE or (self._running and not self._running.done()):
            return
        if self._running:
            self._running.result()
        self._flushed = size
        try:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = self._pool or ThreadPoolExecutor(1)
            self._running = self._pool.submit(self._file.flush)
        except RuntimeError:  # the interpreter is about to end and starts no more threads: the last flush has it all
            self._running = None

    def finish(self) -> None:
        """Wait for the flush that is under way.

        Raises:
            OSError: It failed: the file is lost.
        """
        if self._pool is not None:
            self._pool.shutdown()
        if self._running:
            self._running.result()


def flush_all(written: Iterable[NewFile], *, cached: bool = True) -> None:
    """Make many files durable and close them, side by side; their bytes stay in memory if `cached`."""
    each_parallel(partial(_flush_and_close, cached), list(written))


def flush_dirs(paths: Iterable[Path]) -> None:
    """Make the names in many folders durable, side by side."""
    each_parallel(files.flush_dir, sorted(set(paths)))


def each_parallel(action: Callable[[T], object], items: list[T]) -> None:
    """Do `action` on each item in a few threads; the first error is raised when all have ended."""
    running: list[Future[object]] = []
    with ExitStack() as stack:
        if len(items) >= POOL:
            with suppress(RuntimeError):  # the interpreter is about to end and starts no more threads
                from concurrent.futures import ThreadPoolExecutor

                pool = stack.enter_context(ThreadPoolExecutor(min(POOL, len(items))))
                for item in items:
                    running.append(pool.submit(action, item))
        for item in items[len(running) :]:
            action(item)
        for done in running:
            done.result()


def _flush_and_close(cached: bool, file: NewFile) -> None:
    try:
        file.flush()
        if not cached:
            files.drop_cached(file.fd)
    finally:
        file.close()
