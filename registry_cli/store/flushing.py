"""Many flushes at once: files and folders side by side, and a large file's while it is still being written."""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files
from registry_cli.store.threads import Background, run_parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry_cli.store.files import NewFile
    from registry_cli.store.syncfs import WholeSync

T = TypeVar("T")

POOL: Final = 8
"""Threads that flush files side by side; a journal commits their flushes together. For fewer files none is started."""
FOLDERS: Final = 64
"""Folders from which on one flush of all pays; what they hold is durable by then."""
STRIDE: Final = 64 << 20
"""Bytes after which a large file's flush is begun although more is to come."""


class EarlyFlush:
    """Has a large file written out while more of it comes, so that its last flush has little left to do."""

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._flushed = 0
        self._running: Background[None] | None = None

    def advance(self, size: int) -> None:
        """Say that the file has `size` bytes now; a flush is begun from time to time, one at a time.

        Raises:
            OSError: The flush before failed: the file is lost.
        """
        if size - self._flushed < STRIDE or (self._running and not self._running.done):
            return
        if self._running:
            self._running.get()
        self._flushed = size
        try:
            self._running = Background(self._file.flush)
        except RuntimeError:  # the interpreter is about to end and starts no more threads: the last flush has it all
            self._running = None

    def finish(self) -> None:
        """Wait for the flush that is under way.

        Raises:
            OSError: It failed: the file is lost.
        """
        if self._running:
            self._running.get()

    def stop(self) -> None:
        """Leave it; the file is given up."""
        if self._running:
            self._running.give_up()


def flush_all(written: Iterable[NewFile], *, cached: bool = True) -> None:
    """Make many files durable and close them, side by side; their bytes stay in memory if `cached`."""
    each_parallel(partial(_flush_and_close, cached), list(written))


def flush_dirs(paths: Iterable[str], whole: WholeSync | None = None) -> None:
    """Make the names in many folders durable: side by side, or by what flushes all at once where they are many."""
    folders = sorted(set(paths))
    if whole and len(folders) >= FOLDERS:
        whole.flush()
    else:
        each_parallel(files.flush_dir, folders)


def each_parallel(action: Callable[[T], object], items: list[T]) -> None:
    """Do `action` on each item in a few threads; the first error is raised when all have ended."""
    if len(items) < POOL:
        for item in items:
            action(item)
        return
    left: SimpleQueue[tuple[int, T]] = SimpleQueue()
    for numbered in enumerate(items):
        left.put(numbered)
    errors: dict[int, BaseException] = {}

    def work() -> None:
        while (numbered := _take(left)) is not None:
            number, item = numbered
            try:
                action(item)
            except BaseException as error:  # the others' items are done all the same
                errors[number] = error

    def stop() -> None:
        while _take(left) is not None:
            pass

    run_parallel(work, POOL, stop)
    if errors:
        raise errors[min(errors)]


def _take(left: SimpleQueue[T]) -> T | None:
    try:
        return left.get_nowait()
    except Empty:
        return None


def _flush_and_close(cached: bool, file: NewFile) -> None:
    try:
        file.flush()
        if not cached:
            files.drop_cached(file.fd)
    finally:
        file.close()
