"""Reads the notes of an attempt as they come. Knows the format of a note, not what it is used for."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.dataclass import replace
from registry_cli.errors import describe_os_error
from registry_cli.store import files
from registry_cli.tasks.attempt.notes import LoadedNote, SavedNote, load_note

if TYPE_CHECKING:
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import Note


class NoteReader:
    """Reads each note of an attempt once, from all its processes.

    Attributes:
        problem: Reason why notes may be missing, in words; None if there is none.
    """

    def __init__(self, live: Live) -> None:
        self.problem: str | None = None
        self._live = live
        self._offsets: dict[Path, int] = {}

    def read(self) -> list[Note]:
        """Return the notes since the last call, by time; a line without its line feed is not yet complete."""
        notes = []
        for path in self._live.list_notes():
            notes += [note for line in self._read_lines(path) if (note := load_note(line)) is not None]
        notes = [self._without_strange(note) if isinstance(note, SavedNote | LoadedNote) else note for note in notes]
        return sorted(notes, key=lambda note: note.time)

    def _without_strange(self, note: SavedNote | LoadedNote) -> SavedNote | LoadedNote:
        """Return a note without its copy unless that is a file of the attempt's own: copies are linked and deleted."""
        if note.held is None:
            return note
        held = Path(note.held)
        try:
            own = held.parent.samefile(self._live.held) and stat.S_ISREG(held.lstat().st_mode)
        except OSError:
            own = False
        return note if own else replace(note, held=None)

    def _read_lines(self, path: Path) -> list[str]:
        try:
            with files.open_own(path) as file:
                file.seek(self._offsets.get(path, 0))
                whole, feed, _ = file.read().rpartition(b"\n")
        except OSError as error:
            self.problem = f"what was saved cannot be read: {describe_os_error(error)}"
            return []
        self._offsets[path] = self._offsets.get(path, 0) + len(whole) + len(feed)
        return [line.decode(errors="surrogateescape") for line in whole.split(b"\n") if line]
