"""Reads what a task printed, byte for byte: from its blob if it has ended, from the growing file while it runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, BinaryIO, Final

from registry_cli.records.status import ENDED
from registry_cli.records.task import CONSOLE
from registry_cli.store import files
from registry_cli.tasks.attempt.folder import find_live, is_running
from registry_cli.tasks.record import get_row, get_task, open_task_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.folder import Live

_PIECE: Final = 1 << 16
PAUSE: Final = 0.2
"""Seconds between two reads of a console that grows."""


def iter_console(
    registry: Registry, row: TaskRow, *, tail: int | None = None, follow: bool = False, pause: float = PAUSE
) -> Iterator[bytes]:
    """Yield what an attempt at a task printed; nothing if it printed nothing, or its console was not stored.

    Args:
        registry: The registry that holds the task.
        row: The attempt.
        tail: Number of last lines to yield; all if None.
        follow: Continue until the attempt ends.
        pause: Seconds between two reads.

    Raises:
        CorruptError: The bytes are lost or differ from what was stored.
    """
    live = find_live(registry.layout, row.id, row.attempt)
    if live is not None and (yield from _iter_live(registry, live, tail, pause if follow else None)):
        return
    task = get_task(registry, row)
    if task.status not in ENDED:  # it may have ended just now
        registry.index.sync()
        task = get_task(registry, get_row(registry, row.id, row.attempt))
    console = task.find_file(CONSOLE) if task.status in ENDED else None
    if console is not None:
        with open_task_file(registry, console) as file:
            yield from _iter_file(file, tail)


def _iter_live(registry: Registry, live: Live, tail: int | None, pause: float | None) -> Generator[bytes, None, bool]:
    """Yield the console in an attempt's folder; return whether there was one.

    The open file outlives the folder, so nothing is missed at the end.
    """
    file: BinaryIO | None = None
    try:
        while True:
            last = pause is None or not is_running(registry.layout, live)
            if file is not None:
                yield from _iter_file(file, None)
            elif files.exists(live.console):
                try:
                    file = files.open_own(live.console)
                except FileNotFoundError:  # it has just ended
                    return False
                yield from _iter_file(file, tail)
            if last:
                return file is not None
            assert pause is not None
            time.sleep(pause)
    finally:
        if file is not None:
            file.close()


def _iter_file(file: BinaryIO, tail: int | None) -> Iterator[bytes]:
    """Yield a file's bytes from its current position, or its last lines."""
    if tail is not None:
        file.seek(_find_tail(file, tail))
    while piece := file.read(_PIECE):
        yield piece


def _find_tail(file: BinaryIO, lines: int) -> int:
    """Return where the last `lines` lines of a file begin, reading from its end."""
    end = file.seek(0, os.SEEK_END)
    if lines <= 0:
        return end
    at = max(end - 1, 0)  # a line feed there ends the last line and begins no other
    while at > 0:
        start = max(0, at - _PIECE)
        file.seek(start)
        piece = file.read(at - start)
        place = len(piece)
        while (place := piece.rfind(b"\n", 0, place)) >= 0:
            lines -= 1
            if not lines:
                return start + place + 1
        at = start
    return 0
