"""Finds the files that a program makes while it runs, once they have not changed for a while. Reads none of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from registry_cli.tasks.globs import find_stamp, iter_matches, parse_glob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from registry_cli.tasks.globs import Glob, Stamp

SETTLE: Final = 2.0
"""Seconds without a change after which a file counts as complete."""
REST: Final = 50
"""Pause after a scan, as a multiple of its duration, so that many files cost at most 2 % of a processor."""


class OutputWatch:
    """Finds files that patterns name and that were made or changed since the watch began.

    A folder that a pattern names is one output with all its content; a pattern with `**` names files, unless it ends
    with `/`.

    Args:
        patterns: Patterns relative to `cwd`, or absolute.
        cwd: Absolute path of the folder in which the program runs.
        ignore: Absolute paths that are not outputs, such as the registry.
        settle: Seconds without a change after which a file counts as complete.
        timer: Clock in seconds that measures the duration of a scan.

    Raises:
        UsageError: A pattern is empty.
    """

    def __init__(
        self, patterns: Sequence[str], cwd: Path, *, ignore: Iterable[Path] = (), settle: float = SETTLE,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:  # fmt: skip
        self._globs = [parse_glob(text, cwd) for text in patterns]
        self._ignore = tuple(ignore)
        self._settle = settle
        self._timer = timer
        self._due: float | None = None
        self._known = {path: stamp for path, (stamp, _) in self._look().items()}
        self._moving: dict[Path, tuple[Stamp, float]] = {}
        self._met: set[str] = set()

    def poll(self, now: float) -> list[Path]:
        """Return files that are new or changed since they were last returned, and have settled; oldest first.

        Soon after a scan that took long, nothing is scanned or returned.

        Args:
            now: Seconds of any monotonic clock.
        """
        if self._due is not None and now < self._due:
            return []
        began = self._timer()
        moving: dict[Path, tuple[Stamp, float]] = {}
        quiet: dict[Path, tuple[Stamp, list[Glob]]] = {}
        for path, (stamp, globs) in self._changed().items():
            seen, since = self._moving.get(path, (stamp, now))
            if seen != stamp:
                since = now
            if now - since >= self._settle:
                quiet[path] = stamp, globs
            else:
                moving[path] = stamp, since
        self._moving = moving
        self._due = now + REST * (self._timer() - began)
        return self._report(quiet)

    def rest(self) -> list[Path]:
        """Return all files that changed since they were last returned: call it when the program has ended."""
        self._moving.clear()
        return self._report(self._changed())

    def missed(self) -> list[str]:
        """Return the patterns for which no file was ever returned."""
        return [glob.text for glob in self._globs if glob.text not in self._met]

    def _report(self, outputs: dict[Path, tuple[Stamp, list[Glob]]]) -> list[Path]:
        for path, (stamp, globs) in outputs.items():
            self._known[path] = stamp
            self._met.update(glob.text for glob in globs)
        return sorted(outputs, key=lambda path: (outputs[path][0][1], path))

    def _changed(self) -> dict[Path, tuple[Stamp, list[Glob]]]:
        return {path: found for path, found in self._look().items() if found[0] != self._known.get(path)}

    def _look(self) -> dict[Path, tuple[Stamp, list[Glob]]]:
        """Return all paths that the patterns name now, each with its stamp and the patterns that name it."""
        found: dict[Path, tuple[Stamp, list[Glob]]] = {}
        for glob in self._globs:
            for path in iter_matches(glob, self._ignore):
                if path in found:
                    found[path][1].append(glob)
                elif (stamp := find_stamp(path, self._ignore)) is not None:
                    found[path] = stamp, [glob]
        return found
