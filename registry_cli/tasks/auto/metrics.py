"""The scalars of a running task as they were at a moment, read as their files grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.store import files
from registry_cli.tasks.scalars.points import Tally, parse_point

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.tasks.live import Live
    from registry_cli.tasks.scalars.points import Point


class ScalarsAt:
    """Answers for one moment after another; going back reads all again."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._time = 0.0
        self._offsets: dict[Path, int] = {}
        self._tallies: dict[str, Tally] = {}
        self._later: list[Point] = []

    def read(self, time: float) -> dict[str, float]:
        """Return the last value of each scalar at a time, in seconds since 1970: that of the greatest step."""
        moment = round(time, 3)  # as exact as a point's
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
