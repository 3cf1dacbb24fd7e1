"""A progress bar for long work, on a terminal only; short work never draws one, nor imports Rich."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env
from registry_cli.store.progress import SILENT, Progress, Unit
from registry_cli.views.text import escape

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

DELAY: Final = 0.4
"""Seconds before a bar is drawn."""


def open_progress(*, delay: float = DELAY) -> Progress:
    """Return a bar on standard error that is drawn after `delay` seconds, or silence in a pipe and in CI."""
    quiet = env.read(env.CI) is not None or not sys.stderr.isatty()
    return SILENT if quiet else TerminalProgress(delay)


class TerminalProgress:
    """Draws one bar at a time, with rate and remaining time; the bar disappears when the work is done."""

    def __init__(self, delay: float = DELAY) -> None:
        self._delay = delay
        self._lock = Lock()
        self._bar: Bar | None = None
        self._work: tuple[str, int | None, Unit] = ("", None, "items")
        self._done = 0
        self._began = 0.0

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        """Begin a piece of work, and end the previous one."""
        self.stop()
        self._work, self._done, self._began = (escape(label), total, unit), 0, time.monotonic()

    def advance(self, n: int) -> None:
        """Report that `n` more units are done."""
        with self._lock:
            self._done += n
            if self._bar is None and time.monotonic() - self._began >= self._delay:
                self._bar = self._draw()
            if self._bar is not None:
                self._bar.update(self._bar.task_ids[0], completed=self._done)

    def stop(self) -> None:
        """Remove the bar."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
            self._bar = None

    def _draw(self) -> Bar:
        from rich import progress
        from rich.console import Console

        label, total, unit = self._work
        amounts: list[Any] = (
            [progress.DownloadColumn(), progress.TransferSpeedColumn()]
            if unit == "bytes"
            else [progress.MofNCompleteColumn()]
        )
        bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            *amounts,
            progress.TimeRemainingColumn(compact=True),
            console=Console(file=sys.stderr),
            transient=True,
        )
        bar.add_task(label, total=total)
        bar.start()
        return bar
