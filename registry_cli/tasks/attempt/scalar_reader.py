"""Reads files of scalars while they grow or after a crash: points, summaries, and the one blob they are merged into."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from registry_cli.errors import CorruptError
from registry_cli.store import files
from registry_cli.tasks.attempt.points import HEADER, LIVE, Columns, Point, Tally, format_point, parse_point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from registry_cli.records.task import Curve
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.points import Point


Reading: TypeAlias = tuple[int, float, float]
"""A point of a known scalar: step, value, time in seconds since 1970."""
Sink = TypeVar("Sink", Tally, Columns)


def read_points(paths: Iterable[Path]) -> Iterator[Point]:
    """Yield the points in files that may still grow, file by file; a missing file has none.

    A last line without its line feed is not yet complete, or was torn by a crash, and is left out, as are lines that
    are not points.
    """
    for path in paths:
        try:
            file = files.open_own(path)
        except FileNotFoundError:
            continue
        with file:
            for line in file:
                if line.endswith(b"\n") and (point := parse_point(line)) is not None:
                    yield point


def summarise(points: Iterable[Point]) -> dict[str, Curve]:
    """Return the summary of each scalar: NaN counts as a point, `last` is the latest value at the greatest step."""
    return {name: tally.curve() for name, tally in _gather(points, Tally).items()}


def last_at(points: Iterable[Point], step: int | None) -> dict[str, float]:
    """Return the last value of each scalar at or before `step`; without a step the last of all."""
    tallies: dict[str, Tally] = {}
    counts: dict[str, int] = {}
    for name, given, value, time in points:
        at = counts.get(name, 0) if given is None else given
        counts[name] = counts.get(name, 0) + 1
        if step is None or at <= step:
            tallies.setdefault(name, Tally()).add(at, value, time)
    return {name: tally.last for name, tally in tallies.items()}


def merge(paths: Iterable[Path]) -> bytes:
    """Return all points of the files as one table, by name, step and time: the task's blob of scalars.

    The same points give the same bytes; each point has a step in it.
    """
    scalars = _gather(read_points(paths), Columns)
    lines = [HEADER]
    for name in sorted(scalars):
        columns = scalars[name]
        lines += [
            format_point(name, columns.steps[at], columns.values[at], columns.times[at]) for at in columns.order()
        ]
    return "".join(lines).encode()


def load_curves(data: bytes) -> dict[str, list[Reading]]:
    """Return each scalar's points from the blob that `merge` made.

    Raises:
        CorruptError: The data is not such a table; the message names the line.
    """
    header, _, rest = data.partition(b"\n")
    if header != HEADER.encode().removesuffix(b"\n"):
        raise CorruptError(f"{header!r:.60} is not a header of scalars")
    curves: dict[str, list[Reading]] = {}
    for number, line in enumerate(rest.split(b"\n")[:-1], start=2):
        point = parse_point(line)
        if point is None or point.step is None:
            raise CorruptError(f"line {number} of the scalars is not a point")
        curves.setdefault(point.name, []).append((point.step, point.value, point.time))
    return curves


def _gather(points: Iterable[Point], make: Callable[[], Sink]) -> dict[str, Sink]:
    found: dict[str, Sink] = {}
    for name, step, value, time in points:
        sink = found.get(name)
        if sink is None:
            sink = found[name] = make()
        sink.add(step, value, time)
    return found


class ScalarsAt:
    """The scalars of an attempt at one moment after another; an earlier moment reads all files again."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._time = 0.0
        self._offsets: dict[Path, int] = {}
        self._tallies: dict[str, Tally] = {}
        self._later: list[Point] = []

    def read(self, time: float) -> dict[str, float]:
        """Return the last value of each scalar at a time in seconds since 1970: that of the greatest step."""
        moment = round(time, LIVE)  # the precision of a point's time
        if moment < self._time:
            self._offsets, self._tallies, self._later = {}, {}, []
        self._time = moment
        for path in self._live.list_scalars():
            self._later += self._read_new(path)
        later, self._later = self._later, []
        for point in later:
            if point.time <= moment:
                self._tallies.setdefault(point.name, Tally()).add(point.step, point.value, point.time)
            else:
                self._later.append(point)
        return {name: tally.last for name, tally in self._tallies.items()}

    def _read_new(self, path: Path) -> list[Point]:
        with files.open_own(path) as file:
            file.seek(self._offsets.get(path, 0))
            whole, feed, _ = file.read().rpartition(b"\n")
        self._offsets[path] = self._offsets.get(path, 0) + len(whole) + len(feed)
        return [point for line in whole.split(b"\n") if (point := parse_point(line)) is not None]
