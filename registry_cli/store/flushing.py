"""Flushes in parallel: many files and folders at once, and a large file while it is still being written."""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files
from registry_cli.store.threads import Background, run_parallel, try_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry_cli.store.new_file import NewFile
    from registry_cli.store.syncfs import WholeSync

T = TypeVar("T")

POOL: Final = 8
"""Threads that flush in parallel; a journal commits their flushes together. For fewer files none is started."""
FOLDERS: Final = 64
"""Folders from which on one flush of the whole file system pays; the files in them are durable by then."""
STRIDE: Final = 64 << 20
"""Bytes after which a flush of a large file starts although more bytes follow."""


class EarlyFlush:
    """Flushes a large file while more of it is written, so that the last flush has little left to do."""

    def __init__(self, file: NewFile) -> None:
        self._file = file
        self._flushed = 0
        self._running: Background[None] | None = None

    def advance(self, size: int) -> None:
        """Report that the file has `size` bytes now; from time to time this starts a flush, one at a time.

        Raises:
            OSError: The previous flush failed: the file is lost.
        """
        if size - self._flushed < STRIDE or (self._running and not self._running.done):
            return
        if self._running:
            self._running.get()
        self._flushed = size
        self._running = try_background(self._file.flush)  # without a thread the last flush does it all

    def finish(self) -> None:
        """Wait for the running flush.

        Raises:
            OSError: It failed: the file is lost.
        """
        if self._running:
            self._running.get()

    def stop(self) -> None:
        """Stop; the file is abandoned."""
        if self._running:
            self._running.give_up()


def flush_all(written: Iterable[NewFile], *, cached: bool = True) -> None:
    """Make many files durable in parallel and close them; their bytes stay in the page cache if `cached`."""
    each_parallel(partial(_flush_and_close, cached), list(written))


def flush_dirs(paths: Iterable[str], whole: WholeSync | None = None) -> None:
    """Make the names in many folders durable, in parallel or by one flush of the whole file system."""
    folders = sorted(set(paths))
    if whole and len(folders) >= FOLDERS:
        whole.flush()
    else:
        each_parallel(files.flush_dir, folders)


def each_parallel(action: Callable[[T], object], items: list[T]) -> None:
    """Do `action` on each item in a few threads; raise the first error when all have ended."""
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
            except BaseException as error:  # the other items are still done
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
