"""Writes the scalars that a script logs as lines of a file, with summaries in memory. Knows no task, no registry."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, SupportsIndex

from registry_cli.errors import UsageError
from registry_cli.records.values import check_number
from registry_cli.tasks.attempt.lines import LineFile
from registry_cli.tasks.attempt.points import INT64, LIVE, Trace, format_point

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.records.task import Curve


class ScalarWriter:
    """Appends points to `path`, from any thread; a forked child continues in the same file."""

    def __init__(self, path: Path) -> None:
        self._lines = LineFile(path)
        self._traces: dict[str, Trace] = {}

    @property
    def problem(self) -> str | None:
        """Reason why points are missing in the file, in words; None if none is."""
        return self._lines.problem

    def add(self, name: str, value: float, step: int | None, time: float) -> None:
        """Write a point to the file.

        Args:
            name: Name of the scalar, printable.
            value: The value, which may be NaN or infinite.
            step: The step, or None to use the point's position among those of its name.
            time: Seconds since 1970, UTC.

        Raises:
            UsageError: The name is empty or not printable, the value is not a number, the step is not an integer of
                64 bits, or the writer is closed.
        """
        if type(value) is not float:
            value = float(check_number(value, name))
        if step is not None and (type(step) is not int or not -INT64 <= step < INT64):
            step = _check_step(step)
        with self._lines.lock:
            trace = self._traces.get(name)
            if trace is None:
                trace = self._traces[_check_name(name)] = Trace()
            self._lines.add(format_point(name, step, value, time, digits=LIVE))
            trace.add(step, value, time)

    def last_at(self, step: int | None) -> dict[str, float]:
        """Return the last value of each scalar at or before `step`; without a step the last of all."""
        with self._lines.lock:
            found = {name: trace.find_at(step) for name, trace in self._traces.items()}
        return {name: value for name, value in found.items() if value is not None}

    def summary(self) -> dict[str, Curve]:
        """Return the summary of each scalar so far."""
        with self._lines.lock:
            return {name: trace.curve() for name, trace in self._traces.items() if trace.count}

    def flush(self) -> None:
        """Hand all points to the operating system."""
        self._lines.flush()

    def close(self) -> None:
        """Write the waiting points and close the file; may be called twice."""
        self._lines.close()


def _check_name(name: str) -> str:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise UsageError(f"{name!r:.60} is not a name of a scalar: a name is printable text without tabs")
    return name


def _check_step(step: SupportsIndex) -> int:
    try:
        number = operator.index(step)
    except TypeError:
        raise UsageError(f"step {step!r:.40} is not an integer") from None
    if not -INT64 <= number < INT64:
        raise UsageError(f"step {number} is beyond 64 bits")
    return number
