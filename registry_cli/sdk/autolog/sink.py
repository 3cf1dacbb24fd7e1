"""The sink of the hooks' events: writes them to the attempt's folder at once, except what waits for an open file.

A version must have the metrics and inputs that were reported before it was saved, so they are written before it is.

Knows no registry and hashes nothing: the task's runner follows the notes. It needs only the standard library, as the
script's Python may not be the one that `reg` is installed in.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, time, time_ns
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env
from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.ids import new_ulid
from registry_cli.process import call_at_end, start_thread
from registry_cli.records.task import Auto
from registry_cli.sdk.autolog.load_redirects import Redirects
from registry_cli.sdk.autolog.note_writer import Notebook, Why, saved_note
from registry_cli.sdk.autolog.open_files import find_open
from registry_cli.sdk.autolog.set_aside import give_back, hold_file, is_full, set_aside
from registry_cli.sdk.warning import advise, report_loss
from registry_cli.tasks.attempt.autolog_setting import load_auto
from registry_cli.tasks.attempt.hints import read_sizes
from registry_cli.tasks.attempt.notes import REPEATED, LoadedNote, dump_saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.lines import LineFile
    from registry_cli.tasks.attempt.notes import Note, WishNote

    Event = tuple[Any, ...]
    """A function of the notebook, and its arguments."""

AT_MOST: Final = 2.0
"""Longest wait for the thread, in seconds."""
_LOOK: Final = 0.2
"""Seconds between two checks of files that are still open."""
_AGAIN: Final = 2.0
"""Seconds after which a saved file has been stored, and may be rewritten without being held."""
_LARGE: Final = 16 << 20
"""Bytes above which a file may take longer to store: it is set aside after that time too."""
_REMEMBERED: Final = 4096
"""Files whose last save is remembered; when there are more, all are forgotten together."""
_NEVER: Final = (0, None)
_LATE: Final = f"it could not be written within {AT_MOST:g} s"
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
        self._forked = forked
        self._redirects: Redirects | None = None
        self._admits: Callable[[int], bool] = _nothing
        self.may_ignore = False
        self._loads: dict[tuple[str, int, int], None] = {}
        self._warned: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._queue: SimpleQueue[Event] = SimpleQueue()
        self._notebook: Notebook | None = None
        self._thread: threading.Thread | None = None
        self._recent: dict[int, tuple[int, Saved | None]] = {}
        self._read: dict[str, tuple[int, int, int]] = {}
        self._tell: Callable[[Event], object] = self._begin
        self._write: Callable[[Event], object] = self._begin_write
        self._plain: LineFile | None = None

    def inherit(self) -> None:
        """Continue in a forked child: the parent writes the events that wait here."""
        self._forked = True
        self._reset()

    @property
    def loads(self) -> list[tuple[str, int, int]]:
        """Path, size and modification time of the loads that the registry may know, oldest first."""
        return list(self._loads)

    def saving(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        """Hold the file that was saved or loaded a moment ago, as it may not be stored or looked up yet.

        A saved file is known by its inode, under whatever path it was saved.
        """
        if not self._recent and not self._read:
            return None
        try:
            status = os.stat(path)  # noqa: PTH116  # a Path takes longer than the stat
        except OSError:
            return None
        found = self._recent.get(status.st_ino)
        if found is None and path not in self._read:  # the usual case
            return None
        (at, saved), size, mtime = found or _NEVER, status.st_size, status.st_mtime_ns
        make: Callable[[str], Note]
        if saved is not None and (size, mtime) == (saved.size, saved.mtime):
            make = partial(saved_note, at, saved, size, mtime)
        elif path in self._read and (size, mtime) == self._read[path][1:]:
            at = self._read.pop(path)[0]
            make = partial(LoadedNote, at / 10**9, path, size, mtime)
        else:
            return None
        age = (time_ns() - at) / 10**9
        with suppress(OSError):
            if age < _AGAIN or (empties and age < REPEATED / 2 and size > _LARGE):
                return self._hold(Path(path), (size, mtime), make, empties=empties, copy=age < _AGAIN)
        return None

    def saved(self, saved: Saved) -> None:
        """Note a save; one to a file that is still open, once that is closed."""
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        now = time_ns()
        stream = find_open(saved.stream) if saved.stream is not None else None
        if saved.inode is not None:
            self._recent[saved.inode] = now, saved if stream is None else None  # an open file may still be empty
        lines = self._plain
        if lines is None or stream is not None or not saved.is_plain or _is_other_rank():
            self._write((Notebook.add_saved, now, saved, stream))
            return
        try:
            lines.add(dump_saved(now, saved.path, saved.size, saved.mtime, saved.framework))
        except UnicodeEncodeError:  # a path that is no text, which the notebook warns about
            self._write((Notebook.add_saved, now, saved, stream))

    def redirect(self, path: str) -> str | None:
        """Return the path that the task was given in place of a file or folder, or None.

        It is noted as loaded whatever loads are wanted: the input of a clone counts once the script loads it.
        """
        if self._redirects is None:
            self._redirects = Redirects(self.live)
        other = self._redirects.find(path)
        if other is not None and (other, 0, 0) not in self._loads:
            self._loads[other, 0, 0] = None
            self._write((Notebook.add, LoadedNote(time(), other, 0, 0)))
        return other

    def loaded(self, path: str, size: int, mtime: int) -> None:
        """Note a load, once, if the registry may know the file by its size."""
        if self._admits is _nothing:
            self._admits = _read_wanted(self.live)
            self.may_ignore = self._redirects is not None and not self._redirects
        load = path, size, mtime
        if self._admits(size) and load not in self._loads:
            self._loads[load] = None
            if len(self._read) < _REMEMBERED:
                self._read[path] = time_ns(), size, mtime
            self._write((Notebook.add, LoadedNote(time(), path, size, mtime)))

    def reconsider(self) -> None:
        """Read again which loads are noted, after a change of the choice."""
        self._admits, self.may_ignore = _nothing, False

    def ignores(self, path: str) -> bool:
        """Return True for a loaded file whose size the registry does not know."""
        status = os.stat(path)  # noqa: PTH116  # a Path takes longer than the stat
        return status.st_mode & _KIND == stat.S_IFREG and not self._admits(status.st_size)

    def skipped(self, why: Why) -> None:
        """Count a save that left no file to store."""
        self._tell((Notebook.add_skip, why))

    def score(self, name: str, value: Any, step: Any) -> None:
        """Log a point of a scalar; ignore a value that is no number."""
        number = value if type(value) is float else find_number(value)
        if number is not None:
            self._write((Notebook.add_point, name, number, step if type(step) is int else find_step(step), time()))

    def wish(self, wish: WishNote) -> None:
        """Note the script's choice."""
        self._tell((Notebook.add, wish))

    def warn(self, text: str) -> None:
        """Show a warning, once."""
        if text not in self._warned and env.rank() == 0:
            self._warned.add(text)
            advise(text)

    def drain(self) -> bool:
        """Wait until all events are written, except for open files; return False where the wait timed out."""
        return self._settle(Notebook.settle)

    def end(self) -> None:
        """Write all events, as the process is about to end; later ones are written at once."""
        self._plain = None
        if self._notebook is not None:
            in_time = self._settle(Notebook.end)
            self._tell = self._write = self._take_now
            self._miss(self._notebook.problem if in_time else _LATE)

    def close(self) -> None:
        """Write all events and ignore later ones: the task has ended."""
        self.end()
        self._tell = self._write = _drop
        notebook, self._notebook = self._notebook, None
        if self._thread is not None:
            self._queue.put((_stop,))  # the thread closes the notebook after the events that wait
            self._thread.join(AT_MOST)
            if self._thread.is_alive():
                self._miss(_LATE)
        elif notebook is not None:
            with self._lock:
                notebook.close()

    def _miss(self, problem: str | None) -> None:
        """Report once why something is missing."""
        if problem and problem not in self._warned:
            self._warned.add(problem)
            report_loss(f"not all that was saved or loaded is on record: {problem}")

    def _begin(self, event: Event) -> None:
        """Take the first event of this process."""
        self._start()
        self._tell(event)

    def _begin_write(self, event: Event) -> None:
        self._start()
        self._write(event)

    def _start(self) -> None:
        with self._lock:
            if self._tell == self._begin:
                tell = self._choose()
                threaded = self._thread is not None and self._notebook is not None
                self._write = self._write_now if threaded else tell
                self._plain = self._notebook.notes if threaded and self._notebook is not None else None
                self._tell = tell

    def _choose(self) -> Callable[[Event], object]:
        if env.rank() != 0:
            return _drop
        pid = os.getpid()
        self._notebook = Notebook(self.live, str(pid), self.warn)
        call_at_end(partial(self._end_process, pid))
        if self._forked:  # it may end without running exit handlers
            return self._take_now
        thread = threading.Thread(target=self._work, args=(self._notebook,), name="reg notes", daemon=True)
        if not start_thread(thread):
            return self._take_now
        self._thread = thread
        return self._put

    def _put(self, event: Event) -> None:
        self._queue.put(event)

    def _work(self, notebook: Notebook) -> None:
        looked = monotonic()
        while True:
            with suppress(Empty):
                event = self._queue.get(timeout=None if notebook.is_settled else _LOOK)
                if event[0] is _stop:
                    self._take(notebook, (Notebook.close,))
                    return
                self._take(notebook, event)
            if not notebook.is_settled and monotonic() - looked >= _LOOK:
                looked = monotonic()
                self._take(notebook, (Notebook.look,))

    def _write_now(self, event: Event) -> None:
        """Handle an event at once: a process may be killed, or leave by `os._exit`, at any moment."""
        notebook = self._notebook
        if notebook is not None and not _is_other_rank():
            self._take(notebook, event)
            if not notebook.is_settled:
                self._queue.put((_look,))  # the thread waits for files that are still open

    def _take_now(self, event: Event) -> None:
        with self._lock:
            if self._notebook is not None:
                self._take(self._notebook, event)
                self._take(self._notebook, (Notebook.end,))

    def _take(self, notebook: Notebook, event: Event) -> None:
        """Handle an event under the lock; after `end` other threads do so too."""
        try:
            with self._lock:
                event[0](notebook, *event[1:])
        except Exception as error:  # nothing here may end the thread, or reach the script
            self.warn(f"automatic logging stumbled: {type(error).__name__}: {error}")

    def _settle(self, how: Callable[[Notebook], None]) -> bool:
        done = threading.Event()
        if self._notebook is not None:
            self._tell((how,))
            self._tell((lambda _: done.set(),))
        return self._notebook is None or done.wait(AT_MOST)

    def _end_process(self, pid: int) -> None:
        if pid == os.getpid():  # else a forked child has inherited the call
            self.end()

    def _hold(
        self, path: Path, stamp: tuple[int, int], make: Callable[[str], Note], *, empties: bool, copy: bool
    ) -> Callable[[bool], None] | None:  # fmt: skip
        """Hold a file of a size and modification time before it is overwritten; `make` returns the note of it."""
        target = self.live.held / new_ulid()
        if self._notebook is None or is_full(self.live.held):
            return None
        note = partial(self._write_held, make(str(target)))
        if empties:
            with suppress(OSError):
                if set_aside(path, *stamp, target):
                    return partial(self._end_aside, path, target, note)
        if copy and hold_file(path, stamp[0], target):
            note()
        return None

    def _end_aside(self, path: Path, target: Path, note: Callable[[], None], done: bool) -> None:
        """Note a file that was set aside once it is rewritten; if that failed before it began, restore it instead."""
        if done or not give_back(path, target):
            note()

    def _write_held(self, note: Note) -> None:
        self._write((Notebook.add, note))


def _is_other_rank() -> bool:
    """Return True where this process became a rank other than 0 after its first event."""
    return bool(env.rank_in_torch()) and env.rank() != 0


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


def _drop(event: Event) -> None:
    """Ignore an event."""


def _look(notebook: Notebook) -> None:
    """Make the thread check files that are still open."""


def _stop(notebook: Notebook) -> None:
    """Make the thread end."""
