"""Holds a file that was saved or loaded a moment ago before its bytes are lost: the runner may not have read it yet.

A saved file is known by its inode, under whatever path it was saved.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Final, NamedTuple

from registry_cli.ids import new_ulid
from registry_cli.sdk.autolog.note_writer import Notebook, saved_note
from registry_cli.sdk.autolog.set_aside import give_back, hold_file, is_full, set_aside
from registry_cli.store import files
from registry_cli.tasks.attempt.notes import REPEATED, LoadedNote, MovedNote

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.sdk.autolog.event_writer import EventWriter
    from registry_cli.tasks.attempt.notes import Note

_AGAIN: Final = 2.0
"""Seconds after which a saved file has been stored, and may be rewritten without being held."""
_LARGE: Final = 16 << 20
"""Bytes above which a file may take longer to store: it is set aside after that time too."""
_REMEMBERED: Final = 4096
"""Files whose last save is remembered; when there are more, all are forgotten together."""
_STAMPED: Final = 200
"""Entries of a saved folder that are looked at."""
_NEVER: Final = (0, None)


class _Folder(NamedTuple):
    """A saved folder: how often it was written anew, its files' stamps, and the files written since the last time."""

    times: int
    stamps: dict[str, tuple[int, int]]
    written: frozenset[str]


class RecentFiles:
    """The files that one process has saved and loaded.

    Args:
        held: The attempt's folder of held files.
        events: Writes the notes of the files that are held.
    """

    def __init__(self, held: Path, events: EventWriter) -> None:
        self._held, self._events = held, events
        self._saved: dict[int, tuple[int, Saved | None]] = {}
        self._open: dict[int, tuple[int, Saved]] = {}
        self._loaded: dict[str, tuple[int, int, int]] = {}
        self._folders: dict[str, _Folder] = {}
        self._began = time_ns()

    def add_saved(self, now: int, inode: int, saved: Saved, *, is_open: bool) -> None:
        """Remember a save of a time in nanoseconds; a file that is still open may be empty."""
        if len(self._saved) >= _REMEMBERED:
            self._saved.clear()
            self._open.clear()
        self._saved[inode] = now, None if is_open else saved
        if is_open:
            self._open[inode] = now, saved

    def count_rewritten(self, saved: Saved) -> int:
        """Return how often a saved folder was written anew; a trainer that adds a tokenizer to a model only adds."""
        count, before, written = self._folders.get(saved.path, _Folder(0, {}, frozenset()))
        stamps = _list_stamps(saved.path)
        new = {name for name, stamp in stamps.items() if before.get(name) != stamp and stamp[1] >= self._began}
        again = not new.isdisjoint(written)
        if len(self._folders) >= _REMEMBERED:
            self._folders.clear()
        folder = _Folder(count + again, stamps, frozenset(new if again else written | new))
        self._folders[saved.path] = folder
        return folder.times

    def add_loaded(self, path: str, size: int, mtime: int) -> None:
        """Remember a load."""
        if len(self._loaded) < _REMEMBERED:
            self._loaded[path] = time_ns(), size, mtime

    def before_save(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        """Hold the file at a path that is about to be written; see `Sink.saving`."""
        if not self._saved and not self._loaded:
            return None
        try:
            status = os.stat(path)  # noqa: PTH116  # a Path takes longer than the stat
        except OSError:
            return None
        if status.st_ino not in self._saved and path not in self._loaded:  # the usual case
            return None
        found = self._find(path, status)
        if found is None:
            return None
        make, age = found
        with suppress(OSError):
            if age < _AGAIN or (empties and age < REPEATED / 2 and status.st_size > _LARGE):
                return self._hold(Path(path), status, make, empties=empties, copy=age < _AGAIN)
        return None

    def before_move(self, source: str, target: str) -> Callable[[bool], None] | None:
        """Hold the file whose name is about to be given to another one; see `Sink.moving`."""
        if not self._saved and not self._loaded:
            return None
        try:
            status = os.lstat(source)
            if status.st_dev != Path(target).parent.stat().st_dev:  # `shutil.move` then copies it, and removes it
                self._note_copied(source, target, status)
                return None
            moved = self._list_moved(source, status)
            held = self._hold_replaced(target)
        except OSError:
            return None
        return partial(self._end_move, source, target, moved, held) if moved or held is not None else None

    def _find(self, path: str, status: os.stat_result) -> tuple[Callable[[str], Note], float] | None:
        """Return what makes the note of a file that is held, and the seconds since it was saved or loaded."""
        at, saved = self._saved.get(status.st_ino, _NEVER)
        size, mtime = status.st_size, status.st_mtime_ns
        make: Callable[[str], Note]
        if saved is not None and (size, mtime) == (saved.size, saved.mtime):
            make = partial(saved_note, at, saved, size, mtime)
        elif path in self._loaded and (size, mtime) == self._loaded[path][1:]:
            at = self._loaded.pop(path)[0]
            make = partial(LoadedNote, at / 10**9, path, size, mtime)
        else:
            return None
        return make, (time_ns() - at) / 10**9

    def _note_copied(self, source: str, target: str, status: os.stat_result) -> None:
        """Note what is moved to another disk, and hold a file: its copy may be overwritten at once."""
        moved = self._list_moved(source, status)
        if opened := self._open.pop(status.st_ino, None):
            self._events.write((Notebook.look,))  # it is noted as closed, if it is
            moved = [opened[1]]
        self._end_move(source, target, moved, None, True)
        at, saved = opened or self._saved.get(status.st_ino, _NEVER)
        if saved is None or saved not in moved or time_ns() - at >= _AGAIN * 10**9 or is_full(self._held):
            return
        held = self._held / new_ulid()
        if hold_file(Path(source), status.st_size, held):
            self._write(saved_note(at, saved, status.st_size, status.st_mtime_ns, str(held)))

    def _list_moved(self, source: str, status: os.stat_result) -> list[Saved]:
        """Return the saves that a renamed file holds, or whose files lie in a renamed folder."""
        if stat.S_ISDIR(status.st_mode):
            saves = [saved for _, saved in list(self._saved.values()) if saved is not None]
            return [saved for saved in saves if f"{saved.path}/".startswith(f"{source}/")]
        _, saved = self._saved.get(status.st_ino, _NEVER)
        is_same = saved is not None and (saved.path == source or status.st_nlink == 1)
        return [saved] if saved is not None and is_same else []

    def _hold_replaced(self, path: str) -> tuple[Path, Note] | None:
        """Hold the file at the path by a second name, without a copy; return its new path and the note of it.

        A file that has further names is copied: the registry makes a held file its own.
        """
        with suppress(OSError):
            status = os.lstat(path)
            found = self._find(path, status) if stat.S_ISREG(status.st_mode) else None
            if found is None or found[1] >= _AGAIN or not self._events.is_writing or is_full(self._held):
                return None
            target = self._held / new_ulid()
            note = found[0](str(target))
            with suppress(OSError):
                if status.st_nlink == 1:
                    files.link(Path(path), target)
                    return target, note
            return (target, note) if hold_file(Path(path), status.st_size, target) else None
        return None

    def _end_move(
        self, source: str, target: str, moved: list[Saved], held: tuple[Path, Note] | None, done: bool
    ) -> None:
        """Note the file that was replaced, and the new name; a rename that failed leaves all as it was."""
        if held is not None and not done:
            files.unlink(held[0])
        if not done:
            return
        if held is not None:
            self._write(held[1])
        inside = [saved for saved in moved if f"{saved.path}/".startswith(f"{source}/")]
        for path in dict.fromkeys(source if saved in inside else saved.path for saved in moved):
            self._write(MovedNote(time_ns() / 10**9, path, target))
        for saved in moved:
            saved.path = target + saved.path.removeprefix(source) if saved in inside else target

    def _hold(
        self, path: Path, status: os.stat_result, make: Callable[[str], Note], *, empties: bool, copy: bool
    ) -> Callable[[bool], None] | None:  # fmt: skip
        """Hold a file before it is overwritten; `make` returns the note of it."""
        target = self._held / new_ulid()
        if not self._events.is_writing or is_full(self._held):
            return None
        note = partial(self._write, make(str(target)))
        if empties:
            with suppress(OSError):
                if set_aside(path, status.st_size, status.st_mtime_ns, target):
                    return partial(self._end_aside, path, target, note)
        if copy and hold_file(path, status.st_size, target):
            note()
        return None

    def _end_aside(self, path: Path, target: Path, note: Callable[[], None], done: bool) -> None:
        """Note a file that was set aside once it is rewritten; if that failed before it began, restore it instead."""
        if done or not give_back(path, target):
            note()

    def _write(self, note: Note) -> None:
        self._events.write((Notebook.add, note))


def _list_stamps(folder: str) -> dict[str, tuple[int, int]]:
    """Return size and modification time of a folder's first files by their names."""
    with suppress(OSError), os.scandir(folder) as entries:
        found = [(entry.name, entry.stat()) for entry in islice(entries, _STAMPED) if entry.is_file()]
        return {name: (status.st_size, status.st_mtime_ns) for name, status in found}
    return {}
