"""Points of scalars: their format as lines, and their summaries in memory. Knows no file.

A line is `name`, `step`, `value` and `time` separated by tabs; the step is empty if none was given, and is then the
point's position among those of its name, counted from 0.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from math import inf, nan
from typing import TYPE_CHECKING, Final, NamedTuple

from registry_cli.records.task import Curve

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER: Final = "name\tstep\tvalue\ttime\n"
INT64: Final = 1 << 63
LIVE: Final = 6
"""Decimal places of a time while the attempt runs: a save and the next point may be in one millisecond."""
MOST_POINTS: Final = 1_000_000
"""Largest number of points of one name in memory; when it is reached, every second point is dropped."""


class Point(NamedTuple):
    """One value of a scalar; a tuple, as there may be millions.

    Attributes:
        step: None if none was given.
        time: Seconds since 1970, UTC.
    """

    name: str
    step: int | None
    value: float
    time: float


def format_point(name: str, step: int | None, value: float, time: float, *, digits: int = 3) -> str:
    """Return a point's line; the value reads back the same, the time has so many decimal places."""
    return f"{name}\t{'' if step is None else step}\t{value!r}\t{time:.{digits}f}\n"


def parse_point(line: bytes) -> Point | None:
    """Return the point of a line, or None if it is not one: torn, the header, or foreign."""
    try:
        name, step, value, time = line.decode().removesuffix("\n").split("\t")
        number = int(step) if step else None
        point = Point(name, number, float(value), float(time))
    except ValueError:
        return None
    if not name or not name.isprintable() or not (number is None or -INT64 <= number < INT64):
        return None
    return point


class Tally:
    """The summary of one scalar, updated with each point.

    Attributes:
        count: Number of points, including NaN.
        last: Value at the greatest step; of several there, the latest.
        step: The greatest step.
    """

    __slots__ = ("count", "last", "least", "most", "step", "time")

    def __init__(self) -> None:
        self.count = 0
        self.last = nan
        self.least, self.most = inf, -inf
        self.step, self.time = -INT64 - 1, -inf

    def add(self, step: int | None, value: float, time: float) -> int:
        """Add a point; return its step, which is its position if none was given."""
        at = self.count if step is None else step
        self.count += 1
        if at > self.step or (at == self.step and time >= self.time):
            self.last, self.step, self.time = value, at, time
        if value < self.least:
            self.least = value
        if value > self.most:
            self.most = value
        return at

    def curve(self) -> Curve:
        """Return the summary; least and greatest ignore NaN unless there is nothing else."""
        if self.least == inf and self.most == -inf:  # no value compared as smaller or greater: all are NaN
            return Curve(self.count, self.last, nan, nan, self.step)
        return Curve(self.count, self.last, min(self.least, self.most), max(self.least, self.most), self.step)


class Trace(Tally):
    """A tally that can also return the value at a step.

    Beyond `limit` points only every second is held, then every fourth and so on, and `find_at` returns the nearest one
    before the step; the last is always exact.
    """

    __slots__ = ("_every", "_limit", "_rising", "_steps", "_values")

    def __init__(self, limit: int = MOST_POINTS) -> None:
        super().__init__()
        self._limit = limit
        self._steps, self._values = array("q"), array("d")
        self._rising = True
        self._every = 1

    def add(self, step: int | None, value: float, time: float) -> int:
        """Add a point; return its step."""
        greatest = self.step
        at = super().add(step, value, time)
        if at < greatest:
            self._rising = False
        if (self.count - 1) % self._every:
            return at
        self._steps.append(at)
        self._values.append(value)
        if len(self._steps) >= self._limit:
            self._steps, self._values = self._steps[::2], self._values[::2]
            self._every *= 2
        return at

    def find_at(self, step: int | None) -> float | None:
        """Return the last value at or before `step`, or None; without a step the last of all."""
        if step is None or step >= self.step:
            return self.last if self.count else None
        if self._rising:
            at = bisect_right(self._steps, step)
            return self._values[at - 1] if at else None
        before = [at for at, kept in enumerate(self._steps) if kept <= step]
        return self._values[max(before, key=lambda at: (self._steps[at], at))] if before else None


class Columns:
    """All points of one scalar, 24 bytes each."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps, self.values, self.times = array("q"), array("d"), array("d")

    def add(self, step: int | None, value: float, time: float) -> None:
        """Append a point; without a step, its position is its step."""
        self.steps.append(len(self.steps) if step is None else step)
        self.values.append(value)
        self.times.append(time)

    def order(self) -> Iterable[int]:
        """Return the positions of the points in the order of step, then time, then arrival."""
        keys = list(zip(self.steps, self.times, strict=True))
        return sorted(range(len(keys)), key=keys.__getitem__)
