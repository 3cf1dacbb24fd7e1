"""Scalars as a script logs them: each point a line of a file, its summary in memory. Knows no task and no registry."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, SupportsIndex

from registry_cli.errors import UsageError
from registry_cli.records.values import check_number
from registry_cli.tasks.attempt.lines import LineFile
from registry_cli.tasks.attempt.points import INT64, Trace, format_point

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.records.task import Curve


class ScalarWriter:
    """Appends points to `path`, from any thread; a forked child goes on in the same file."""

    def __init__(
        self, path: Path, *, timer: Callable[[float, Callable[[], None]], threading.Timer] | None = None
    ) -> None:
        self._lines = LineFile(path, timer=timer)
        self._traces: dict[str, Trace] = {}

    @property
    def problem(self) -> str | None:
        """Why points are missing in the file, in words; None while none is."""
        return self._lines.problem

    def add(self, name: str, value: float, step: int | None, time: float) -> None:
        """Take a point; it is in the file half a second later.

        Args:
            name: Of the scalar, printable.
            value: NaN and infinities are kept.
            step: None where there is none: the point's place among those of its name then counts.
            time: Seconds since 1970, UTC.

        Raises:
            UsageError: The name is empty or cannot be printed, the value is no number, the step no integer of 64 bits,
                or the writer is closed.
        """
        if type(value) is not float:
            value = float(check_number(value, name))
        if step is not None and (type(step) is not int or not -INT64 <= step < INT64):
            step = _check_step(step)
        with self._lines.lock:
            trace = self._traces.get(name)
            if trace is None:
                trace = self._traces[_check_name(name)] = Trace()
            self._lines.add(format_point(name, step, value, time))
            trace.add(step, value, time)

    def last_at(self, step: int | None) -> dict[str, float]:
        """Return the last value of each scalar at or before `step`; without a step the last of all."""
        with self._lines.lock:
            found = {name: trace.find_at(step) for name, trace in self._traces.items()}
        return {name: value for name, value in found.items() if value is not None}

    def summary(self) -> dict[str, Curve]:
        """Return what each scalar did so far."""
        with self._lines.lock:
            return {name: trace.curve() for name, trace in self._traces.items() if trace.count}

    def flush(self) -> None:
        """Hand all points to the operating system."""
        self._lines.flush()

    def close(self) -> None:
        """Write what is left; twice is fine."""
        self._lines.close()


def _check_name(name: str) -> str:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise UsageError(f"{name!r:.60} is no name of a scalar: a name is printable text without tabs")
    return name


def _check_step(step: SupportsIndex) -> int:
    try:
        number = operator.index(step)
    except TypeError:
        raise UsageError(f"step {step!r:.40} is no integer") from None
    if not -INT64 <= number < INT64:
        raise UsageError(f"step {number} is beyond 64 bits")
    return number
