"""Writes what one process tells of its saves, loads and scores into the attempt's folder. Not for two threads."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Literal

from registry_cli.errors import RegError
from registry_cli.sdk.auto.told import format_note, is_text, saved_note
from registry_cli.tasks.auto.notes import SavedNote, SkippedNote
from registry_cli.tasks.live import make_auto
from registry_cli.tasks.scalars.lines import LineFile
from registry_cli.tasks.scalars.writer import ScalarWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.sdk.auto.streams import OpenStream
    from registry_cli.tasks.auto.notes import Note
    from registry_cli.tasks.live import Live

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
        self._unwritten = False
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
        else:
            self._open[saved.path] = time, saved, stream  # a script may write a million times into one

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
            self._unwritten = True
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

    def flush_notes(self) -> None:
        """Hand new notes to the operating system."""
        if self._unwritten:
            self._notes.flush()
            self._unwritten = False

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
        except OSError:
            self.add_skip("gone")
            return
        self.add(saved_note(told, saved, status.st_size, status.st_mtime_ns))
