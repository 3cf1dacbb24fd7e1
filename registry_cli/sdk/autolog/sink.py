"""The sink of the hooks' events: writes them to the attempt's folder at once, except what waits for an open file.

A version must have the metrics and inputs that were reported before it was saved, so they are written before it is.

Knows no registry and hashes nothing: the task's runner follows the notes. It needs only the standard library, as the
script's Python may not be the one that `reg` is installed in.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from time import time, time_ns
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env
from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.records.task import Auto
from registry_cli.sdk.autolog.event_writer import EventWriter, is_other_rank
from registry_cli.sdk.autolog.load_redirects import Redirects
from registry_cli.sdk.autolog.note_writer import Notebook, Why
from registry_cli.sdk.autolog.open_files import find_open
from registry_cli.sdk.autolog.recent_files import RecentFiles
from registry_cli.sdk.autolog.set_aside import LARGEST
from registry_cli.sdk.warning import advise
from registry_cli.store.hashing import sha256_of_file
from registry_cli.tasks.attempt.autolog_setting import load_auto
from registry_cli.tasks.attempt.hints import read_sizes
from registry_cli.tasks.attempt.notes import LoadedNote, dump_saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.ids import BlobHash
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import WishNote

_KIND: Final = 0o170000
"""The bits of a mode that hold the file's type; `stat.S_ISREG` is one more call, and this runs at every load."""


class NoteSink:
    """Writes the notes of one process of a task. A forked child continues in files of its own.

    Args:
        forked: True in a forked child, which may end without running exit handlers: all is then written at once.

    Attributes:
        live: The attempt's folder.
        may_ignore: True once the wanted loads are known and none is redirected.
    """

    def __init__(self, live: Live, *, forked: bool = False) -> None:
        self.live = live
        self._events = EventWriter(live, self.warn, forked=forked)
        self._redirects: Redirects | None = None
        self._admits: Callable[[int], bool] = _nothing
        self.may_ignore = False
        self._loads: dict[tuple[str, int, int], BlobHash | None] = {}
        self._warned: set[str] = set()
        self._forget()

    def _forget(self) -> None:
        self._recent = RecentFiles(self.live.held, self._events)
        self.saving, self.moving = self._recent.before_save, self._recent.before_move

    def inherit(self) -> None:
        """Continue in a forked child: the parent writes the events that wait here."""
        self._events.inherit()
        self._forget()

    @property
    def loads(self) -> list[tuple[str, int, int, BlobHash | None]]:
        """Path, size, modification time and digest of the loads that the registry may know, oldest first."""
        return [(*load, sha256) for load, sha256 in self._loads.items()]

    def saved(self, saved: Saved) -> None:
        """Note a save; one to a file that is still open, once that is closed."""
        now = time_ns()
        stream = find_open(saved.stream) if saved.stream is not None else None
        if saved.inode is not None:
            self._recent.add_saved(now, saved.inode, saved, is_open=stream is not None)
        if saved.shape == "folder":
            saved.mtime = self._recent.count_rewritten(saved)
        lines = self._events.plain
        if lines is None or stream is not None or not saved.is_plain or is_other_rank():
            self._events.write((Notebook.add_saved, now, saved, stream))
            return
        lines.add(dump_saved(now, saved.path, saved.size, saved.mtime, saved.framework))

    def redirect(self, path: str) -> str | None:
        """Return the path that the task was given in place of a file or folder, or None.

        It is noted as loaded whatever loads are wanted: the input of a clone counts once the script loads it.
        """
        if self._redirects is None:
            self._redirects = Redirects(self.live)
        other = self._redirects.find(path)
        if other is not None and (other, 0, 0) not in self._loads:
            self._loads[other, 0, 0] = None
            self._events.write((Notebook.add, LoadedNote(time(), other, 0, 0)))
        return other

    def loaded(self, path: str, size: int, mtime: int) -> None:
        """Note a load, once, if the registry may know the file by its size."""
        if self._admits is _nothing:
            self._admits = _read_wanted(self.live)
            self.may_ignore = self._redirects is not None and not self._redirects
        load = path, size, mtime
        if self._admits(size) and load not in self._loads:
            sha256 = self._loads[load] = _find_digest(path, size, mtime)
            self._recent.add_loaded(path, size, mtime)
            self._events.write((Notebook.add, LoadedNote(time(), path, size, mtime, sha256=sha256)))

    def reconsider(self) -> None:
        """Read again which loads are noted, after a change of the choice."""
        self._admits, self.may_ignore = _nothing, False

    def ignores(self, path: str) -> bool:
        """Return True for a loaded file whose size the registry does not know."""
        status = os.stat(path)  # noqa: PTH116  # a Path takes longer than the stat
        return status.st_mode & _KIND == stat.S_IFREG and not self._admits(status.st_size)

    def skipped(self, why: Why) -> None:
        """Count a save that left no file to store."""
        self._events.put((Notebook.add_skip, why))

    def score(self, name: str, value: Any, step: Any) -> None:
        """Log a point of a scalar; ignore a value that is no number."""
        number = value if type(value) is float else find_number(value)
        if number is not None:
            at = step if type(step) is int else find_step(step)
            self._events.write((Notebook.add_point, name, number, at, time()))

    def wish(self, wish: WishNote) -> None:
        """Note the script's choice."""
        self._events.put((Notebook.add, wish))

    def leaving_group(self) -> None:
        """Have this process's rank remembered."""
        env.rank_in_torch()

    def warn(self, text: str) -> None:
        """Show a warning, once."""
        if text not in self._warned and env.rank() == 0:
            self._warned.add(text)
            advise(text)

    def drain(self) -> bool:
        """Wait until all events are written, except for open files; return False where the wait timed out."""
        return self._events.drain()

    def end(self) -> None:
        """Write all events, as the process is about to end; later ones are written at once."""
        self._events.end()

    def close(self) -> None:
        """Write all events and ignore later ones: the task has ended."""
        self._events.close()


def _find_digest(path: str, size: int, mtime: int) -> BlobHash | None:
    """Return the SHA-256 of a loaded file, which the script's own code may overwrite at once; None for a large one."""
    with suppress(OSError):
        digest = sha256_of_file(Path(path)) if 0 < size <= LARGEST else None
        status = os.stat(path)  # noqa: PTH116  # a Path takes longer than the stat
        return digest if (status.st_size, status.st_mtime_ns) == (size, mtime) else None
    return None


def _read_wanted(live: Live) -> Callable[[int], bool]:
    """Return a test of whether a load of a given size is noted; a folder has size 0, and any may be known."""
    loads = (load_auto(env.read(env.REG_AUTOLOG)) or Auto()).loads
    sizes = read_sizes(live) if loads == "known" else None
    if loads == "none":
        return lambda size: False
    return (lambda size: True) if sizes is None else (sizes | {0}).__contains__


def _nothing(size: int) -> bool:
    """Admit no load, until the wanted ones are known."""
    return False
