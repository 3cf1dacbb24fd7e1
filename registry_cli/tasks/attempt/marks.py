"""Marks: how far the files of metrics that the runner follows were written when a script saved a file.

The runner reads those files now and then. Without a mark it could not tell the rows that were written before a save
from those that were written after it. A process writes its marks before the note of the save.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.store import files

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.tasks.attempt.folder import Live


class Mark(NamedTuple):
    """The state of a followed file at one moment.

    Attributes:
        time: Seconds since 1970, UTC: the time of the save.
        path: Absolute path.
        size: Bytes.
        text: The content of a small file that is written as a whole; None for a table, which grows.
    """

    time: float
    path: str
    size: int
    text: str | None = None


def format_mark(mark: Mark) -> str:
    """Return a mark as a line, its line feed included."""
    return dump_doc(mark._asdict()) + "\n"


class MarkReader:
    """Reads each mark of an attempt once, from all its processes."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._offsets: dict[Path, int] = {}

    def read(self) -> list[Mark]:
        """Return the marks since the last call, by time; none from a file that cannot be read."""
        marks: list[Mark] = []
        for path in self._live.list_marks():
            with suppress(OSError):
                marks += self._read_new(path)
        return sorted(marks)

    def _read_new(self, path: Path) -> list[Mark]:
        with files.open_own(path) as file:
            file.seek(self._offsets.get(path, 0))
            whole, feed, _ = file.read().rpartition(b"\n")
        self._offsets[path] = self._offsets.get(path, 0) + len(whole) + len(feed)
        return [mark for line in whole.split(b"\n") if (mark := _parse(line)) is not None]


def _parse(line: bytes) -> Mark | None:
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        doc = load_doc(line.decode(errors="surrogateescape"))
        text = doc["text"]
        return Mark(float(doc["time"]), str(doc["path"]), int(doc["size"]), None if text is None else str(text))
    return None
