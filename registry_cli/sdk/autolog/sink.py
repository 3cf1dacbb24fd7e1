"""What hooks tell, on its way into the attempt's folder: saves are written at once, all else by a thread.

Knows no registry and hashes nothing: whoever runs the task follows what is written. It needs the standard library
alone, as the script's Python may not be ours.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, time
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
from registry_cli.sdk.warning import advise, tell
from registry_cli.tasks.attempt.autolog_setting import load_auto
from registry_cli.tasks.attempt.hints import read_sizes
from registry_cli.tasks.attempt.notes import REPEATED, LoadedNote

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import SavedNote, WishNote

    Event = tuple[Any, ...]
    """A function of the notebook, and what it is to be called with."""

AT_MOST: Final = 2.0
"""Seconds that somebody waits for the thread at most."""
_LOOK: Final = 0.2
"""Seconds between two looks at files that are still open."""
_AGAIN: Final = 2.0
"""Seconds after which a saved file has been taken, and may be written again without being held."""
_LARGE: Final = 16 << 20
"""Bytes of a file that may take longer: it is set aside after that too."""
_REMEMBERED: Final = 4096
"""Paths whose last save is remembered; more are forgotten together."""
_NEVER: Final = (0.0, None)
_LATE: Final = f"it could not be written within {AT_MOST:g} s"
_KIND: Final = 0o170000
"""The bits of a mode that say what a file is; `stat.S_ISREG` is a call more, and this runs at every load."""


class NoteSink:
    """Tells of one process of a task. A forked child goes on in files of its own.

    Args:
        forked: Whether this process is a forked child, which may end without a word: all is then written at once.

    Attributes:
        live: The attempt's folder.
        may_ignore: Whether no load is redirected, and which are wanted is known.
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
        self._recent: dict[str, tuple[float, Saved | None]] = {}
        self._tell: Callable[[Event], object] = self._begin

    def inherit(self) -> None:
        """Go on in a forked child: what waits here is its parent's to write."""
        self._forked = True
        self._reset()

    @property
    def loads(self) -> list[tuple[str, int, int]]:
        """Path, size and modification time of what was loaded and may be known, oldest first."""
        return list(self._loads)

    def saving(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        """Hold what was saved there a moment ago: it may not be taken yet."""
        told, saved = self._recent.get(path, _NEVER)
        if saved is None or saved.shape != "file":
            return None
        age = time() - told
        with suppress(OSError):
            if age < _AGAIN or (empties and age < REPEATED / 2 and saved.size > _LARGE):
                return self._hold(told, saved, empties=empties, copy=age < _AGAIN)
        return None

    def saved(self, saved: Saved) -> None:
        """Tell of a save; of one into a file that is still open once that is closed."""
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        told = time()
        stream = find_open(saved.stream)
        self._recent[saved.path] = told, saved if stream is None else None  # else there may be nothing in it yet
        self._write((Notebook.add_saved, told, saved, stream))

    def redirect(self, path: str) -> str | None:
        """Return what the task was given in place of a file or folder."""
        if self._redirects is None:
            self._redirects = Redirects(self.live)
        return self._redirects.find(path)

    def loaded(self, path: str, size: int, mtime: int) -> None:
        """Tell of a load, once, if the registry may know the file by its size."""
        if self._admits is _nothing:
            self._admits = _read_wanted(self.live)
            self.may_ignore = self._redirects is not None and not self._redirects
        load = path, size, mtime
        if self._admits(size) and load not in self._loads:
            self._loads[load] = None
            self._tell((Notebook.add, LoadedNote(time(), path, size, mtime)))

    def reconsider(self) -> None:
        """Ask anew which loads are told, as somebody has said so."""
        self._admits, self.may_ignore = _nothing, False

    def ignores(self, path: str) -> bool:
        """Return whether a file was loaded that the registry does not know by its size."""
        status = os.stat(path)  # noqa: PTH116  # a Path costs more than the look
        return status.st_mode & _KIND == stat.S_IFREG and not self._admits(status.st_size)

    def skipped(self, why: Why) -> None:
        """Count a save that left nothing to keep."""
        self._tell((Notebook.add_skip, why))

    def score(self, name: str, value: Any, step: Any) -> None:
        """Tell a scalar; what is no number is passed over."""
        number = value if type(value) is float else find_number(value)
        if number is not None:
            self._tell((Notebook.add_point, name, number, step if type(step) is int else find_step(step), time()))

    def wish(self, wish: WishNote) -> None:
        """Tell what the script asks for."""
        self._tell((Notebook.add, wish))

    def warn(self, text: str) -> None:
        """Show a warning, once."""
        if text not in self._warned and env.rank() == 0:
            self._warned.add(text)
            advise(text)

    def drain(self) -> bool:
        """Wait until what was told is written, but for files that are still open; return whether it is."""
        return self._settle(Notebook.settle)

    def end(self) -> None:
        """Write all, as the process is about to end; what is told later is written at once."""
        if self._notebook is not None:
            in_time = self._settle(Notebook.end)
            self._tell = self._take_now
            self._miss(self._notebook.problem if in_time else _LATE)

    def close(self) -> None:
        """Write all and tell nothing any more: the task has ended."""
        self.end()
        self._tell = _drop
        notebook, self._notebook = self._notebook, None
        if self._thread is not None:
            self._queue.put((_stop,))  # the thread closes the notebook, after what still waits for it
            self._thread.join(AT_MOST)
            if self._thread.is_alive():
                self._miss(_LATE)
        elif notebook is not None:
            with self._lock:
                notebook.close()

    def _miss(self, problem: str | None) -> None:
        """Tell once why something is missing."""
        if problem and problem not in self._warned:
            self._warned.add(problem)
            tell(f"not all that was saved or loaded is on record: {problem}")

    def _begin(self, event: Event) -> None:
        """Take the first event of this process."""
        self._start()
        self._tell(event)

    def _start(self) -> None:
        with self._lock:
            if self._tell == self._begin:
                self._tell = self._choose()

    def _choose(self) -> Callable[[Event], object]:
        if env.rank() != 0:
            return _drop
        pid = os.getpid()
        self._notebook = Notebook(self.live, str(pid), self.warn)
        call_at_end(partial(self._end_process, pid))
        if self._forked:  # it may end without a word
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

    def _write(self, event: Event) -> None:
        """Do at once what an event says: a process may be killed, or leave by `os._exit`, at any moment."""
        if self._tell == self._begin:
            self._start()
        if self._tell == self._put and self._notebook is not None:
            self._take(self._notebook, event)
            if not self._notebook.is_settled:
                self._put((_look,))  # the thread waits for what is still open
        else:
            self._tell(event)

    def _take_now(self, event: Event) -> None:
        with self._lock:
            if self._notebook is not None:
                self._take(self._notebook, event)
                self._take(self._notebook, (Notebook.end,))

    def _take(self, notebook: Notebook, event: Event) -> None:
        """Do what an event says; after `end` the thread may not be the only one."""
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

    def _hold(self, told: float, saved: Saved, *, empties: bool, copy: bool) -> Callable[[bool], None] | None:
        """Hold a file before it is written over, unless it was already."""
        path, target = Path(saved.path), self.live.held / new_ulid()
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (saved.size, saved.mtime):
            return None
        if self._notebook is None or is_full(self.live.held):
            return None
        tell = partial(self._tell_held, saved_note(told, saved, saved.size, saved.mtime, str(target)))
        if empties:
            with suppress(OSError):
                if set_aside(path, saved.size, saved.mtime, target):
                    return partial(self._end_aside, path, target, tell)
        if copy and hold_file(path, status.st_size, target):
            tell()
        return None

    def _end_aside(self, path: Path, target: Path, tell: Callable[[], None], done: bool) -> None:
        """Tell of what was set aside when it was written anew; if that failed before it began, it is back."""
        if done or not give_back(path, target):
            tell()

    def _tell_held(self, note: SavedNote) -> None:
        self._write((Notebook.add, note))


def _read_wanted(live: Live) -> Callable[[int], bool]:
    """Return whether a load of so many bytes is told; a folder's have no size and any may be known."""
    loads = (load_auto(env.read(env.REG_AUTOLOG)) or Auto()).loads
    sizes = read_sizes(live) if loads == "known" else None
    if loads == "none":
        return lambda size: False
    return (lambda size: True) if sizes is None else (sizes | {0}).__contains__


def _nothing(size: int) -> bool:
    """Want no load, until it is known which are wanted."""
    return False


def _drop(event: Event) -> None:
    """Tell nobody."""


def _look(notebook: Notebook) -> None:
    """Let the thread look at what is still open."""


def _stop(notebook: Notebook) -> None:
    """End the thread."""
