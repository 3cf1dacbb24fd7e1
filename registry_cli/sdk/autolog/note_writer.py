"""Writes what one process tells of its saves, loads and scores into the attempt's folder. Not for two threads."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.errors import RegError, UsageError
from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.tasks.attempt.folder import make_auto
from registry_cli.tasks.attempt.lines import LineFile
from registry_cli.tasks.attempt.notes import LoadedNote, SavedNote, SkippedNote, dump_note
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.sdk.autolog.open_files import OpenStream
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import Note


Why = Literal["buffer", "remote", "gone", "overwritten"]


class Notebook:
    """The files of one process.

    Args:
        live: The attempt's folder.
        writer: Names the process.
        warn: Told what cannot be noted.
    """

    def __init__(self, live: Live, writer: str, warn: Callable[[str], None]) -> None:
        self._warn = warn
        with suppress(OSError):  # the first line that cannot be written tells why
            make_auto(live)
        self._notes = LineFile(live.notes(writer))
        self._scalars = ScalarWriter(live.scalars(f"{writer}-auto"))
        self._open: dict[str, tuple[float, Saved, OpenStream]] = {}
        self._skips: Counter[Why] = Counter()

    @property
    def problem(self) -> str | None:
        """Why something that was told is missing in the files, in words."""
        return self._notes.problem or self._scalars.problem

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits to be looked at again."""
        return not self._open and not self._skips

    def add_saved(self, time: float, saved: Saved, stream: OpenStream | None = None) -> None:
        """Note a save; one into a file that is still open when it is closed."""
        if stream is None:
            self.add(saved_note(time, saved, saved.size, saved.mtime))
            return
        if saved.path not in self._open:  # a script may write a million times into one
            self.add(replace(saved_note(time, saved, 0, 0), open=True))
        self._open[saved.path] = time, saved, stream

    def add_skip(self, why: Why) -> None:
        """Count a save that left nothing to keep."""
        self._skips[why] += 1

    def add_point(self, name: str, value: float, step: int | None, time: float) -> None:
        """Take a point of a scalar; a name that no scalar can have is passed over."""
        with suppress(RegError):
            self._scalars.add(name, value, step, time)

    def add(self, note: Note) -> None:
        """Write a note; a save to a path that is no text is told, as no registry could keep its file."""
        try:
            self._notes.add(format_note(note))
        except RegError as error:
            if isinstance(note, SavedNote) and not is_text(note.path):
                self._warn(f"what was saved is not kept: {error}")

    def look(self) -> None:
        """Note the files that were closed since, and what was skipped."""
        for path, (told, saved, stream) in list(self._open.items()):
            if not stream.is_open(path):
                del self._open[path]
                self._add_closed(told, saved)
        for why, count in self._skips.items():
            self.add(SkippedNote(time(), why, count))
        self._skips.clear()

    def flush(self) -> None:
        """Hand all that was told to the operating system."""
        self._notes.flush()
        self._scalars.flush()

    def settle(self) -> None:
        """Do both."""
        self.look()
        self.flush()

    def end(self) -> None:
        """The same where nobody may come back: files that are still open are noted as they are."""
        for told, saved, stream in self._open.values():
            stream.flush()
            self._add_closed(told, saved)
        self._open.clear()
        self.settle()

    def close(self) -> None:
        """Write no more."""
        self._notes.close()
        self._scalars.close()

    def _add_closed(self, told: float, saved: Saved) -> None:
        try:
            status = Path(saved.path).stat()
            size, mtime = status.st_size, status.st_mtime_ns
        except OSError:  # it is gone, or has another name by now
            size, mtime = saved.size, saved.mtime
        self.add(saved_note(told, saved, size, mtime))


_LARGEST: Final = 2**63


def saved_note(time: float, saved: Saved, size: int, mtime: int, held: str | None = None) -> SavedNote:
    """Return the note of a save.

    Args:
        time: Seconds since 1970, when it was.
        saved: What the hook told.
        size: Bytes of the file by now.
        mtime: Nanoseconds, the same way.
        held: A copy of it.
    """
    told = saved.told
    labels = {str(name): _find_count(label) for name, label in told.labels.items()}
    scores = {str(name): find_number(score) for name, score in told.scores.items()}
    return SavedNote(
        time, saved.path, size, mtime, saved.shape, held, saved.framework, _find_count(told.step),
        told.config if is_text(told.config) else None,
        labels={name: label for name, label in labels.items() if label is not None and is_text(name)},
        scores={name: score for name, score in scores.items() if score is not None and is_text(name)},
    )  # fmt: skip


def is_text(value: object) -> bool:
    """Return whether a note can hold a value as text: no lone surrogates, no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_count(value: object) -> int | None:
    """Return the whole number that a value is; None for one that needs more than 64 bits."""
    number = find_step(value)
    return number if number is not None and abs(number) < _LARGEST else None


def format_note(note: Note) -> str:
    """Return a note's line.

    Raises:
        UsageError: It cannot be written, such as the name of a file that is no text.
    """
    path = note.path if isinstance(note, SavedNote | LoadedNote) else ""
    if not is_text(path):
        raise UsageError(f"its path is no Unicode text: {os.fsencode(path).decode('utf-8', 'backslashreplace')}")
    return dump_note(note)
