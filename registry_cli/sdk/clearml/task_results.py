"""What a task has logged, read back under ClearML's names: scalars and printed output."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from math import isnan
from typing import TYPE_CHECKING, Any, Final, Literal

from registry_cli.errors import RefusedError, UsageError
from registry_cli.records.task import SCALARS
from registry_cli.records.values import format_time
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.tasks.attempt.scalar_reader import load_curves, merge
from registry_cli.tasks.console import iter_console
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_row, read_task_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry_cli.tasks.attempt.scalar_reader import Reading

Axis = Literal["iter", "timestamp", "iso_time"]
_PAUSE: Final = 1.0
"""Longest pause between two looks at a task's status, in seconds."""


class TaskResults(TaskHandle):
    """A task's scalars, output and end."""

    def get_last_scalar_metrics(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return a summary of each scalar, as `{title: {series: {"last", "min", "max"}}}`."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for name, points in self._read_scalars().items():
            values = [value for _, value, _ in points if not isnan(value)] or [points[-1][1]]
            title, series = _split(name)
            summary = {"last": points[-1][1], "min": min(values), "max": max(values)}
            found.setdefault(title, {})[series] = summary
        return found

    def get_reported_scalars(self, max_samples: int = 0, x_axis: Axis = "iter") -> dict[str, dict[str, dict[str, Any]]]:
        """Return all points, as `{title: {series: {"name", "x", "y"}}}`.

        Args:
            max_samples: Largest number of points of each; 0 for all.
            x_axis: `iter` for steps, `timestamp` for milliseconds since 1970, `iso_time` for UTC.
        """
        if x_axis not in {"iter", "timestamp", "iso_time"}:
            raise UsageError(f"{x_axis!r:.40} is no axis: iter, timestamp and iso_time are")
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for name, points in self._read_scalars().items():
            every = -(-len(points) // max_samples) if max_samples else 1
            chosen = points[::every]
            title, series = _split(name)
            x = [_place(point, x_axis) for point in chosen]
            found.setdefault(title, {})[series] = {"name": series, "x": x, "y": [value for _, value, _ in chosen]}
        return found

    def get_all_reported_scalars(self, x_axis: Axis = "iter") -> dict[str, dict[str, dict[str, Any]]]:
        """Return all points, as `get_reported_scalars`."""
        return self.get_reported_scalars(x_axis=x_axis)

    def get_reported_single_values(self) -> dict[str, float]:
        """Return the value of each scalar that has one point."""
        return {name: points[0][1] for name, points in self._read_scalars().items() if len(points) == 1}

    def get_reported_single_value(self, name: str) -> float | None:
        """Return the last value of a scalar, or None."""
        points = self._read_scalars().get(name)
        return points[-1][1] if points else None

    def get_last_iteration(self) -> int:
        """Return the largest step of all scalars, 0 without any."""
        return max((point[0] for points in self._read_scalars().values() for point in points), default=0)

    def get_initial_iteration(self) -> int:
        """Return 0: steps stay as the script gives them."""
        return 0

    def get_reported_console_output(self, number_of_reports: int = 1) -> list[str]:
        """Return the printed output as one text in a list; an empty list where there is none.

        Args:
            number_of_reports: Without effect.
        """
        self._settle()
        text = b"".join(iter_console(self.registry, get_row(self.registry, self.id))).decode(errors="replace")
        return [text] if text else []

    def get_status_message(self) -> tuple[str | None, str | None]:
        """Return None and the problem that the task had, or None."""
        return None, self.record.problem

    def wait_for_status(
        self, status: Iterable[str] = ("completed", "cancelled"), raise_on_status: Iterable[str] | None = ("failed",),
        check_interval_sec: float = 60.0,
    ) -> None:  # fmt: skip
        """Wait until the task has one of some statuses.

        Args:
            status: The statuses, such as `Task.TaskStatusEnum.completed`.
            raise_on_status: Statuses that raise.
            check_interval_sec: Seconds between two looks, at most; a look is made every second.

        Raises:
            RefusedError: The task got one of `raise_on_status`.
        """
        wanted, wrong = _words(status), _words(raise_on_status or ())
        if self._current is not None:
            self._current.wait_until_begun()
        while (found := self._read_status()) not in wanted:
            if found in wrong:
                raise RefusedError(f"task {self.record.name} is {found}", hint=f"reg task show {self.id}")
            time.sleep(min(check_interval_sec, _PAUSE))

    def _read_status(self) -> str:
        self.registry.index.sync()  # another process ends it
        return str(see_tasks(self.registry, [self.id])[0].status)

    def _read_scalars(self) -> dict[str, list[Reading]]:
        current = self._current
        if current is not None:
            current.flush()
            return load_curves(merge(current.live.list_scalars())) if current.live is not None else {}
        file = self.record.find_file(SCALARS)
        return load_curves(read_task_file(self.registry, file)) if file is not None else {}


def _split(name: str) -> tuple[str, str]:
    """Return the title and series of a scalar."""
    title, _, series = name.rpartition("/")
    return (title, series) if title else (name, name)


def _place(point: Reading, axis: Axis) -> int | str:
    step, _, seconds = point
    if axis == "iter":
        return step
    return round(seconds * 1000) if axis == "timestamp" else format_time(datetime.fromtimestamp(seconds, UTC))


def _words(status: Iterable[str]) -> Sequence[str]:
    return [str(status)] if isinstance(status, str) else [str(one) for one in status]
