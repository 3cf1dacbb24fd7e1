"""Reads the numbers that a program writes to files of its own, as they grow. Changes none of them and knows no task.

Files are JSON, JSON lines, TOML, CSV and TSV, or a folder of dvclive's: `metrics.json`, and one TSV per scalar below
`plots/metrics` (https://dvc.org/doc/dvclive/how-it-works), which is more complete and takes precedence. A file that a
program has not finished is read again at the next poll. The first file with a name owns it; the scalars of another file
with that name get its stem as prefix, `log.loss`.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import RegError, UsageError
from registry_cli.tasks.attempt.points import Point
from registry_cli.tasks.globs import find_stamp, iter_matches, parse_glob
from registry_cli.tasks.watch.doubts import NOTHING, Doubts
from registry_cli.tasks.watch.rows import TABLES, WHOLE, LineReader, parse_whole
from registry_cli.tasks.watch.scalar_names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from registry_cli.tasks.attempt.marks import Mark
    from registry_cli.tasks.globs import Glob, Stamp
    from registry_cli.tasks.watch.rows import Row

MOST_BYTES: Final = 64 << 20
"""Largest JSON or TOML file that is read, in bytes, as it is read whole each time it changes."""
_SUMMARY: Final = "metrics.json"
_PLOTS: Final = ("plots", "metrics")
_HEAD: Final = 1 << 20
_TAIL: Final = 256

_AFTER: Final = 2e-6
"""Seconds after a save at which a row counts as written, where the file system's clock says that it was before."""

Seen: TypeAlias = dict[tuple[str, int | None, int], float]
"""Values reported, by name, step and position among those at that step."""


@dataclass(slots=True)
class _File:
    """A file that is followed.

    Attributes:
        path: Path of the file.
        group: The dvclive folder that it belongs to, else the file itself.
        seen: Values reported for the group.
        scalar: The name of its only scalar, if its path holds it.
        stamp: Its stamp when it was last read, or when the watch began.
        offset: Bytes read so far, if it is read line by line.
        edge: Sum of the bytes before `offset`: if it changes, the file was written anew.
        counts: Points so far at each name and step.
        problem: Reason why it could not be read.
        doubts: Doubts about its numbers.
        numbers: True where a number was read from a row of the table, False where there are only other rows.
        written: True where it was written since the watch began.
        marked: Time of the last save before which none of the remaining rows was written.
        anew: True where it was written anew since it was read before.
    """

    path: Path
    group: Path
    seen: Seen
    scalar: str | None = None
    stamp: Stamp | None = None
    offset: int = 0
    edge: tuple[int, bytes] = (0, b"")
    lines: LineReader | None = None
    counts: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    problem: str | None = None
    doubts: Doubts = field(default_factory=Doubts)
    numbers: bool | None = None
    written: bool = False
    marked: float = 0.0
    anew: bool = False


class MetricsWatch:
    """Follows the files that patterns name; a file that existed before and does not change gives no points.

    Args:
        patterns: Patterns relative to `cwd`, or absolute; one may name a folder of dvclive's.
        cwd: Absolute path of the folder in which the program runs.
        read_marks: Returns the new marks of the program's saves; it is called after the files are read.

    Raises:
        UsageError: A pattern is empty.
    """

    def __init__(self, patterns: Sequence[str], cwd: Path, read_marks: Callable[[], Sequence[Mark]] = tuple) -> None:
        self._read_marks = read_marks
        self._marks: list[Mark] = []
        self._globs = [parse_glob(text, cwd) for text in patterns]
        self._files: dict[Path, _File] = {}
        self._seen: dict[Path, Seen] = {}
        self._names = Names()
        self._met: set[str] = set()
        for file, _ in self._find():
            file.stamp = find_stamp(file.path)

    def poll(self) -> list[Point]:
        """Return the new points: values that changed, and steps not seen before.

        Their time is that of the last write to their file; that of a save or less where they were written before it. A
        last line without its line feed is left for the next poll.
        """
        return self._take(final=False)

    def rest(self) -> list[Point]:
        """Return the remaining points when the program has ended, including a last line without its line feed."""
        return self._take(final=True)

    def problems(self) -> list[str]:
        """Return the problems so far: files and numbers that were not read, patterns for which no file was written."""
        unread = [f"{file.path}: {why}" for file in self._files.values() for why in _list_problems(file)]
        missed = [f"no file was written that {glob.text!r} names" for glob in self._globs if glob.text not in self._met]
        return unread + missed

    def _take(self, *, final: bool) -> list[Point]:
        began = time()
        found: list[tuple[_File, list[tuple[int, Row]]]] = []
        for file, glob in sorted(self._find(), key=lambda found: found[0].path.name == _SUMMARY):
            stamp = find_stamp(file.path)
            if stamp is None or (stamp == file.stamp and not (final and file.written)):
                if file.written:
                    self._met.add(glob.text)
                continue
            file.stamp, file.written = stamp, True
            self._met.add(glob.text)
            rows: list[tuple[int, Row]] = []
            found.append((file, rows))
            try:
                rows.extend(_iter_rows(file, final=final))
                file.problem = None
            except (OSError, ValueError, RecursionError) as error:
                file.problem = str(error)
            except RegError as error:
                file.problem = error.message
        return [point for file, rows in found for point in self._iter_points(file, rows, self._take_marks(file, began))]

    def _take_marks(self, file: _File, until: float) -> list[Mark]:
        """Return the marks of a file up to a time at which it was not read yet; later ones wait for the next poll."""
        self._marks += self._read_marks()
        taken: list[Mark] = []
        marks, self._marks = self._marks, []
        for mark in marks:
            (taken if mark.path == str(file.path) and mark.time <= until else self._marks).append(mark)
        return taken

    def _iter_points(self, file: _File, rows: list[tuple[int, Row]], marks: list[Mark]) -> Iterator[Point]:
        """Yield the points of a file's rows: one of a row that was written before a save has the save's time or less.

        A file that is written as a whole had the content of its marks before. A table was as long as its marks say,
        unless it was written anew.
        """
        suffix = file.path.suffix.lower()
        written = file.stamp[1] / 1e9 if file.stamp is not None else 0.0
        if suffix in WHOLE:
            marks = [mark for mark in marks if mark.text is not None]
            for mark in marks:
                yield from self._iter_content(file, mark, suffix)
        for end, row in rows:
            after = [mark.time for mark in marks if suffix in WHOLE or mark.size < end]
            before = [mark.time for mark in marks if suffix in TABLES and mark.size >= end and not file.anew]
            at, least = min([written, *before]), max([file.marked, *after])
            yield from self._iter_new(file, row, at if at > least else least + _AFTER)
        file.marked = max([file.marked, *(mark.time for mark in marks)])

    def _iter_content(self, file: _File, mark: Mark, suffix: str) -> Iterator[Point]:
        counts, file.counts = file.counts, Counter()
        with suppress(RegError, ValueError, RecursionError):  # it was being written
            for row in parse_whole((mark.text or "").encode(), suffix, "it", file.doubts):
                yield from self._iter_new(file, row, mark.time)
        file.counts = counts

    def _iter_new(self, file: _File, row: Row, time: float) -> Iterator[Point]:
        step, values = row
        if file.scalar is not None and len(values) == 1:  # dvclive's column has the last part of the name alone
            values = dict.fromkeys([file.scalar], *values.values())
        if file.path.name == _SUMMARY:
            plotted = {each.scalar for each in self._files.values() if each.written and each.group == file.path.parent}
            values = {name: value for name, value in values.items() if name not in plotted}
        names = self._names.find(file.group, values)
        for name, value in values.items():
            key = name, step, file.counts[name, step]
            file.counts[name, step] += 1
            before = file.seen.get(key)
            if before is None or repr(before) != repr(value):  # NaN after NaN is no change
                file.seen[key] = value
                yield Point(names[name], step, value, time)

    def _find(self) -> Iterator[tuple[_File, Glob]]:
        for glob in self._globs:
            for path in sorted(iter_matches(glob)):
                if path.is_dir():
                    yield from ((file, glob) for file in self._find_dvclive(path))
                else:
                    yield self._follow(path), glob

    def _find_dvclive(self, folder: Path) -> Iterator[_File]:
        yield self._follow(folder / _SUMMARY, folder)
        for path in _list_plots(folder):
            file = self._follow(path)
            if file.scalar and file.scalar.isprintable():
                yield file

    def _follow(self, path: Path, group: Path | None = None) -> _File:
        file = self._files.get(path)
        if file is None:
            group, scalar = (group, None) if group else _place(path)
            file = self._files[path] = _File(path, group, self._seen.setdefault(group, {}), scalar)
        return file


def iter_followed(globs: Sequence[Glob]) -> Iterator[Path]:
    """Yield the paths of the files that patterns name, those of a folder of dvclive's included."""
    for glob in globs:
        for path in iter_matches(glob):
            if path.is_dir():
                yield from (path / _SUMMARY, *_list_plots(path))
            else:
                yield path


def _list_problems(file: _File) -> list[str]:
    doubts = file.doubts.list_sentences()
    if file.numbers is False and not doubts:
        doubts.append(NOTHING)
    return [file.problem, *doubts] if file.problem else doubts


def _list_plots(folder: Path) -> list[Path]:
    return sorted(iter_matches(parse_glob("**/*.tsv", folder.joinpath(*_PLOTS))))


def _place(path: Path) -> tuple[Path, str | None]:
    """Return the group of a file, and the name of its scalar if it is a TSV of dvclive's."""
    names = path.parts
    places = [at for at in range(1, len(names) - 2) if names[at : at + 2] == _PLOTS]
    if path.suffix != ".tsv" or not places:
        return path, None
    return type(path)(*names[: places[-1]]), ".".join(path.with_suffix("").parts[places[-1] + 2 :])


def _iter_rows(file: _File, *, final: bool) -> Iterator[tuple[int, Row]]:
    """Yield the new rows of a table with the offsets at which they end; those of another file, with its size."""
    suffix = file.path.suffix.lower()
    if suffix not in TABLES + WHOLE:
        raise UsageError("only JSON, JSON lines, TOML, CSV, TSV and folders of dvclive's are read")
    with file.path.open("rb") as stream:
        if suffix in TABLES:
            yield from _iter_lines(file, stream, suffix, final=final)
            return
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"it is larger than {MOST_BYTES >> 20} MiB")
    if data.strip() or final:
        file.counts.clear()
        yield from ((len(data), row) for row in parse_whole(data, suffix, "it", file.doubts))


def _iter_lines(file: _File, stream: BinaryIO, suffix: str, *, final: bool) -> Iterator[tuple[int, Row]]:
    file.anew = file.offset > 0 and _read_edge(stream, file.offset) != file.edge
    if file.lines is None or not file.offset or file.anew:
        file.offset, file.lines = 0, LineReader(suffix, file.doubts)
        file.counts.clear()
    stream.seek(file.offset)
    for line in stream:
        if not line.endswith(b"\n") and not final:
            break
        file.offset += len(line)
        row = file.lines.read(line)
        if row is not None:
            file.numbers = bool(file.numbers or row[1])
            yield file.offset, row
    file.edge = _read_edge(stream, file.offset)


def _read_edge(stream: BinaryIO, offset: int) -> tuple[int, bytes]:
    """Return a sum of the file's first bytes and the last ones before `offset`."""
    stream.seek(0, os.SEEK_SET)
    head = zlib.crc32(stream.read(min(offset, _HEAD)))
    stream.seek(max(offset - _TAIL, 0))
    return head, stream.read(offset - stream.tell())
