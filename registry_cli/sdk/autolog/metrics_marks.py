"""Marks the files of metrics that the runner follows, at each save: a version has the metrics that precede its save."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.tasks.attempt.hints import read_followed
from registry_cli.tasks.attempt.lines import LineFile
from registry_cli.tasks.attempt.marks import Mark, format_mark

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.tasks.attempt.folder import Live

_SMALL: Final = 16 << 10
"""Bytes up to which the content of a file that is written as a whole is part of its marks."""


def open_marker(live: Live, writer: str) -> Marker | None:
    """Return the marker of a process; None where the runner follows no files."""
    followed = read_followed(live)
    return Marker(live, writer, *followed) if followed else None


class Marker:
    """Marks the files that patterns name.

    Args:
        live: The attempt's folder.
        writer: Name of the process.
        patterns: Patterns of the files, as the user wrote them.
        cwd: Absolute path of the folder that they are relative to.
    """

    def __init__(self, live: Live, writer: str, patterns: list[str], cwd: Path) -> None:
        from registry_cli.tasks.globs import parse_glob  # few tasks follow files

        self._lines = LineFile(live.marks(writer), escaped=True)
        self._globs = [parse_glob(text, cwd) for text in patterns]

    def mark(self, time: float) -> None:
        """Write a mark of each file, with the time of a save."""
        from registry_cli.tasks.watch.metrics import iter_followed
        from registry_cli.tasks.watch.rows import WHOLE

        for path in iter_followed(self._globs):
            with suppress(OSError):
                size = path.stat().st_size
                text = path.read_text(errors="replace") if path.suffix.lower() in WHOLE and size <= _SMALL else None
                self._lines.add(format_mark(Mark(time, os.fspath(path), size, text)))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()
