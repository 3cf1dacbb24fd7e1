"""Saves that wait until their files are quiet, and counts of the saves that were lost.

Looks at files and changes none; knows no registry.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.dataclass import replace
from registry_cli.tasks.attempt.notes import REPEATED
from registry_cli.tasks.globs import find_stamp
from registry_cli.tasks.run.saved_files import list_left, list_prefixed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.tasks.attempt.notes import MovedNote, SavedNote
    from registry_cli.tasks.globs import Stamp

SETTLE: Final = 0.6
"""Seconds after which a save counts as done; what a process logged before it is in the task's folder by then too."""
_PATIENCE: Final = 10.0
"""Seconds that a file waits for the folder that it lies in while that folder is not quiet."""

Quiet: TypeAlias = "tuple[Stamp | None, ...]"
"""Stamps of a save's files; every part is false where there are no files."""


class Waiting:
    """The saves of one attempt that no version was made of yet.

    Args:
        held: The folder of held files.

    Attributes:
        lost: Counts of lost saves by reason: `gone`, `overwritten`.
        folders: Every folder that was saved.
    """

    def __init__(self, held: Path) -> None:
        self._held = held
        self.lost: Counter[str] = Counter()
        self.folders: set[str] = set()
        self._saves: dict[str, list[SavedNote]] = {}
        self._taken: set[tuple[str, float]] = set()
        self._seen: dict[str, tuple[Quiet, float]] = {}
        self._sought: set[tuple[str, float]] = set()
        self._failed: set[tuple[str, float]] = set()

    def add(self, note: SavedNote) -> SavedNote | None:
        """Add a save; return one whose held file is needless, as there is another or its bytes are stored."""
        if note.shape == "folder":
            self.folders.add(note.path)
        if note.held is not None and (note.path, note.time) in self._taken:
            return note
        for one in [one for one in self._list_all() if _is_superseded(one, note)]:
            self._drop(one)
            if one.time not in {note.time, note.since}:  # that of a process which ended before it closed the file
                self.lost["overwritten"] += 1
        saves = self._saves.get(note.path, [])
        same = next((one for one in saves if one.time == note.time), None)
        if same is not None and note.held is None:
            return None
        self._saves[note.path] = sorted([*(one for one in saves if one is not same), note], key=lambda one: one.time)
        return same if same is not None and same.held not in (None, note.held) else None

    def move(self, moved: MovedNote) -> None:
        """Follow files to their new names, unless their bytes are held."""
        for note in self._list_all():
            inside = note.path == moved.path or note.path.startswith(f"{moved.path}/")
            if inside and note.held is None and not note.open and note.time <= moved.time:
                self._drop(note)
                self.add(replace(note, path=moved.to + note.path.removeprefix(moved.path), line=None, template=None))

    def done(self, note: SavedNote) -> None:
        """Remove a save that was taken or dropped."""
        self._taken = {(path, time) for path, time in self._taken if time > note.time - REPEATED}
        self._taken.add((note.path, note.time))
        self._drop(note)

    def fail(self, note: SavedNote) -> None:
        """Defer a save that the registry refuses to the end; it never counts as lost."""
        self._failed.add((note.path, note.time))

    def give_up(self, note: SavedNote, why: str) -> None:
        """Count a save as lost, unless a later note is of the same file, noted twice."""
        after = [one for one in self._saves.get(note.path, []) if one.time > note.time]
        twice = any((one.size, one.mtime) == (note.size, note.mtime) for one in after)
        if not twice and (note.path, note.time) not in self._failed:
            self.lost[why] += 1
        self._drop(note)

    def has_size(self, size: int, time: float) -> bool:
        """Return True where a file of that size, saved at that time or earlier, waits."""
        return any(note.size == size and note.time <= time for notes in self._saves.values() for note in notes)

    def list_due(self, now: float) -> list[SavedNote]:
        """Return the saves that can be taken, oldest first.

        Args:
            now: Seconds since 1970.
        """
        due = []
        for note in self._list_all():
            if note.open or now - note.time < SETTLE or (note.path, note.time) in self._failed:
                continue
            if note.held is not None:
                due.append(note)
            elif note is not self._saves[note.path][-1]:
                due += self._find_renamed(note, "overwritten")
            elif not self._is_inside(note, now):
                due += self._find_quiet(note, now)
        return due

    def iter_rest(self) -> Iterator[SavedNote]:
        """Yield the remaining saves as they are now, oldest first; count those that are lost."""
        self._sought.clear()
        for note in self._list_all():
            if note.held is not None or (note.open and self._is_there(note)):
                yield note
            elif note.open:
                yield from self._find_renamed(note, "gone", held=True)
            elif note is not self._saves[note.path][-1]:
                yield from self._find_renamed(note, "overwritten", held=True)
            elif self.is_as_noted(note):
                yield note
            else:
                yield from self._find_renamed(note, "overwritten" if any(self._stamp(note)) else "gone", held=True)

    def is_as_noted(self, note: SavedNote) -> bool:
        """Return True where a save's files are there; a single file must have its noted size and time."""
        stamp = self._stamp(note)
        return any(stamp) and (note.shape != "file" or _is_same(stamp[0], note))

    def _is_there(self, note: SavedNote) -> bool:
        """Return True where the file of a save that was never closed is still at its path."""
        stamp = self._stamp(note)[0]
        return stamp is not None and note.inode in {None, stamp[2]}

    def _list_all(self) -> list[SavedNote]:
        return sorted((note for notes in self._saves.values() for note in notes), key=lambda note: note.time)

    def _find_quiet(self, note: SavedNote, now: float) -> list[SavedNote]:
        """Return a save if its file is as it was noted; a folder, if it has not changed for a while."""
        stamp = self._stamp(note)
        if not any(stamp):
            return self._find_renamed(note)
        if note.shape == "file":
            return [note] if _is_same(stamp[0], note) else []
        seen, since = self._seen.get(note.path, (stamp, now))
        self._seen[note.path] = (stamp, since if seen == stamp else now)
        return [note] if now - self._seen[note.path][1] >= SETTLE else []

    def _stamp(self, note: SavedNote) -> Quiet:
        path = Path(note.path)
        if note.shape == "prefix":
            return tuple(map(find_stamp, list_prefixed(path)))
        return (find_stamp(path, list_left(path, self.folders) if note.shape == "folder" else ()),)

    def _is_inside(self, note: SavedNote, now: float) -> bool:
        """Return True where a waiting folder will hold the file too."""
        return any(
            one.shape == "folder" and now - one.time < _PATIENCE
            for folder in Path(note.path).parents
            for one in self._saves.get(str(folder), ())
        )

    def _find_renamed(self, note: SavedNote, why: str | None = None, *, held: bool = False) -> list[SavedNote]:
        """Return a save whose file was renamed in its folder, as by a script that writes to a temporary name first.

        Args:
            note: A save whose path does not hold its bytes any more; its folder is searched once.
            why: The reason it is counted under where it is not found; with None it goes on waiting.
            held: Also look among the held files, where it is if its process was killed while it wrote the next.
        """
        if note.shape == "file" and (note.path, note.time) not in self._sought:
            self._sought.add((note.path, note.time))
            folders = [Path(note.path).parent, *([self._held] if held else [])]
            others = {one.held for notes in self._saves.values() for one in notes} | {note.path}
            for path in [file for folder in folders for file in _list_files(folder)]:
                if str(path) not in others and _is_same(find_stamp(path), note):
                    self._drop(note)
                    aside = path.parent == self._held
                    renamed = replace(note, held=str(path)) if aside else replace(note, path=str(path))
                    self.add(renamed)
                    return [renamed]
        if why is not None:
            self.give_up(note, why)
        return []

    def _drop(self, note: SavedNote) -> None:
        left = [one for one in self._saves.get(note.path, []) if one.time != note.time]
        if left:
            self._saves[note.path] = left
        else:
            self._saves.pop(note.path, None)
            self._seen.pop(note.path, None)


def _is_same(stamp: Stamp | None, note: SavedNote) -> bool:
    if note.open:
        return stamp is not None and stamp[2] == note.inode
    return stamp is not None and stamp[:2] == (note.size, note.mtime)


def _is_superseded(note: SavedNote, later: SavedNote) -> bool:
    """Return True for the note of an open file, and a later one of that file."""
    same = note.path == later.path if None in {note.inode, later.inode} else note.inode == later.inode
    return note.open and same and note.time <= later.time


def _list_files(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
