"""Writes one process's notes of saves, loads and scores into the attempt's folder. Not for two threads at once."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from registry_cli.dataclass import replace
from registry_cli.errors import RegError
from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.ids import new_ulid
from registry_cli.sdk.autolog.metrics_marks import open_marker
from registry_cli.sdk.autolog.set_aside import hold_file, is_full
from registry_cli.tasks.attempt.folder import make_auto
from registry_cli.tasks.attempt.lines import LineFile
from registry_cli.tasks.attempt.notes import SavedNote, SkippedNote, dump_note
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.sdk.autolog.open_files import OpenStream
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import Note


_MOST_OPEN: Final = 64
"""Open files that may wait at once, each with a descriptor."""
Why = Literal["buffer", "remote", "gone", "overwritten", "data"]


class _Open(NamedTuple):
    """An open file: the times of the first and the last save to it, in nanoseconds, and the last one."""

    since: int
    time: int
    saved: Saved
    stream: OpenStream


class Notebook:
    """The files of one process.

    Args:
        live: The attempt's folder.
        writer: Name of the process.

    Attributes:
        notes: The file of the notes; unlike the rest, it is for any thread.
    """

    def __init__(self, live: Live, writer: str) -> None:
        with suppress(OSError):  # the first line that cannot be written reports why
            make_auto(live)
        self.notes = LineFile(live.notes(writer), escaped=True)
        self._scalars = ScalarWriter(live.scalars(f"{writer}-auto"))
        self._held = live.held
        self._marker = open_marker(live, writer)
        self._open: dict[int | str, _Open] = {}
        self._skips: Counter[Why] = Counter()

    @property
    def problem(self) -> str | None:
        """A message that explains missing notes in the files, or None."""
        return self.notes.problem or self._scalars.problem

    @property
    def marks(self) -> bool:
        """True where each save marks files that the runner follows."""
        return self._marker is not None

    @property
    def is_settled(self) -> bool:
        """True where no open file and no skip waits for `look`."""
        return not self._open and not self._skips

    def add_saved(self, time_ns: int, saved: Saved, stream: OpenStream | None = None) -> None:
        """Note a save; complete the note of a file that is still open once it is closed."""
        if self._marker is not None:
            self._marker.mark(time_ns / 10**9)
        if stream is None:
            self.add(saved_note(time_ns, saved, saved.size, saved.mtime))
            return
        key = stream.inode or saved.path
        if key in self._open:  # a script may write a million times to one
            since, before = self._open[key].since, self._open[key].stream
            if stream.overwrites(before):
                self.add_skip("overwritten")
            before.close()
        else:
            since = time_ns
            if len(self._open) >= _MOST_OPEN:
                self.look()
            self.add(replace(saved_note(time_ns, saved, 0, 0), open=True, inode=stream.inode))
        self._open[key] = _Open(since, time_ns, saved, stream)

    def add_skip(self, why: Why) -> None:
        """Count a save that left no file to store."""
        self._skips[why] += 1

    def add_point(self, name: str, value: float, step: int | None, time: float) -> None:
        """Write a point of a scalar; ignore one whose name no scalar can have."""
        with suppress(RegError):
            self._scalars.add(name, value, step, time)

    def add(self, note: Note) -> None:
        """Write a note, unless the task has ended."""
        with suppress(RegError):
            self.notes.add(dump_note(note))

    def look(self) -> None:
        """Note the files that were closed since the last call, and the skipped saves."""
        for key, one in list(self._open.items()):
            if not one.stream.is_open(one.saved.path):
                del self._open[key]
                self._add_closed(one)
        for why, count in self._skips.items():
            self.add(SkippedNote(time(), why, count))
        self._skips.clear()

    def flush(self) -> None:
        """Write all buffered notes and points to the operating system."""
        self.notes.flush()
        self._scalars.flush()

    def settle(self) -> None:
        """Do both `look` and `flush`."""
        self.look()
        self.flush()

    def end(self) -> None:
        """Do the same at the end of the process: files that are still open are noted as they are."""
        for one in self._open.values():
            one.stream.flush()
            self._add_closed(one)
        self._open.clear()
        self.settle()

    def close(self) -> None:
        """Close the files."""
        if self._marker is not None:
            self._marker.close()
        self.notes.close()
        self._scalars.close()

    def _add_closed(self, one: _Open) -> None:
        time_ns, saved, stream, since = one.time, one.saved, one.stream, one.since / 10**9
        found, inode, held = stream.find(saved.path), stream.inode, None
        if found is not None:
            if found.source is not None and Path(found.path).exists():  # another file has replaced it
                held = self._hold(found.source, found.size)
            moved = replace(saved, path=found.path)
            self.add(replace(saved_note(time_ns, moved, found.size, found.mtime, held), inode=inode, since=since))
            stream.close()
            return
        try:
            status = Path(saved.path).stat()
            size, mtime = status.st_size, status.st_mtime_ns
        except OSError:  # it was removed or renamed meanwhile
            size, mtime = saved.size, saved.mtime
        self.add(replace(saved_note(time_ns, saved, size, mtime), since=since))

    def _hold(self, source: Path, size: int) -> str | None:
        """Copy the bytes of a file that was replaced; return the copy's path, or None where that takes too long."""
        target = self._held / new_ulid()
        with suppress(OSError):
            if not is_full(self._held) and hold_file(source, size, target):
                return str(target)
        return None


_LARGEST: Final = 2**63


def saved_note(time_ns: int, saved: Saved, size: int, mtime: int, held: str | None = None) -> SavedNote:
    """Return the note of a save.

    Args:
        time_ns: Time of the save, nanoseconds since 1970.
        saved: The hook's report of the save.
        size: Current size of the file in bytes.
        mtime: Its current modification time in nanoseconds.
        held: Path of a held copy of it.
    """
    told = saved.details
    labels = {str(name): _find_count(label) for name, label in told.labels.items()}
    scores = {str(name): find_number(score) for name, score in told.scores.items()}
    return SavedNote(
        time_ns / 10**9, saved.path, size, mtime, saved.shape, held, saved.framework, _find_count(told.step),
        told.config if _is_text(told.config) else None,
        labels={name: label for name, label in labels.items() if label is not None and _is_text(name)},
        scores={name: score for name, score in scores.items() if score is not None and _is_text(name)},
        line=None if told.line is None else find_path(told.line),
        template=told.template,
    )  # fmt: skip


def _is_text(value: object) -> bool:
    """Return True where a note can hold a value as text: no lone surrogates, no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_count(value: object) -> int | None:
    """Return a value as an integer; None where it is none or needs more than 64 bits."""
    number = find_step(value)
    return number if number is not None and abs(number) < _LARGEST else None
