"""Writes the events of one process into the attempt's folder: at once, but for files that are still open.

A process may be killed, or leave by `os._exit`, at any moment, so that an event is written before the call returns. A
thread waits for what cannot be written yet. Knows no hook, and not what an event means.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from registry_cli import env
from registry_cli.process import call_at_end, start_thread
from registry_cli.sdk.autolog.note_writer import Notebook
from registry_cli.sdk.warning import report_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.lines import LineFile

    Event = tuple[Any, ...]
    """A function of the notebook, and its arguments."""

AT_MOST: Final = 2.0
"""Longest wait for the thread, in seconds."""
_LOOK: Final = 0.2
"""Seconds between two checks of files that are still open."""
_LATE: Final = f"it could not be written within {AT_MOST:g} s"


class EventWriter:
    """Writes the events of one process. A forked child continues in files of its own.

    Args:
        live: The attempt's folder.
        warn: Shows a warning, once.
        forked: True in a forked child, which may end without running exit handlers: all is then written at once.

    Attributes:
        write: Writes an event before it returns.
        put: Writes an event that may wait for the thread.
        plain: The file of the notes, while lines may be added to it directly; else None.
    """

    def __init__(self, live: Live, warn: Callable[[str], None], *, forked: bool) -> None:
        self._live, self._warn, self._forked = live, warn, forked
        self._missed: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._queue: SimpleQueue[Event] = SimpleQueue()
        self._notebook: Notebook | None = None
        self._thread: threading.Thread | None = None
        self.put: Callable[[Event], object] = self._begin_put
        self.write: Callable[[Event], object] = self._begin_write
        self.plain: LineFile | None = None

    def inherit(self) -> None:
        """Continue in a forked child: the parent writes the events that wait here."""
        self._forked = True
        self._reset()

    @property
    def is_writing(self) -> bool:
        """True between the first event and the end of the task; never in a rank other than 0."""
        return self._notebook is not None

    def drain(self) -> bool:
        """Wait until all events are written, except for open files; return False where the wait timed out."""
        return self._settle(Notebook.settle)

    def end(self) -> None:
        """Write all events, as the process is about to end; later ones are written at once."""
        self.plain = None
        if self._notebook is not None:
            in_time = self._settle(Notebook.end)
            self.put = self.write = self._take_now
            self._miss(self._notebook.problem if in_time else _LATE)

    def close(self) -> None:
        """Write all events and ignore later ones: the task has ended."""
        self.end()
        self.put = self.write = _drop
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
        if problem and problem not in self._missed:
            self._missed.add(problem)
            report_loss(f"not all that was saved or loaded is on record: {problem}")

    def _begin_put(self, event: Event) -> None:
        """Take the first event of this process."""
        self._start()
        self.put(event)

    def _begin_write(self, event: Event) -> None:
        self._start()
        self.write(event)

    def _start(self) -> None:
        with self._lock:
            if self.put == self._begin_put:
                put = self._choose()
                notebook = self._notebook if self._thread is not None else None
                self.write = self._write_now if notebook is not None else put
                self.plain = notebook.notes if notebook is not None and not notebook.marks else None
                self.put = put

    def _choose(self) -> Callable[[Event], object]:
        if env.rank() != 0:
            return _drop
        pid = os.getpid()
        self._notebook = Notebook(self._live, str(pid))
        call_at_end(partial(self._end_process, pid))
        if self._forked:  # it may end without running exit handlers
            return self._take_now
        thread = threading.Thread(target=self._work, args=(self._notebook,), name="reg notes", daemon=True)
        if not start_thread(thread):
            return self._take_now
        self._thread = thread
        return self._queue.put

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
        if notebook is not None and not is_other_rank():
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
            self._warn(f"automatic logging stumbled: {type(error).__name__}: {error}")

    def _settle(self, how: Callable[[Notebook], None]) -> bool:
        done = threading.Event()
        if self._notebook is not None:
            self.put((how,))
            self.put((lambda _: done.set(),))
        return self._notebook is None or done.wait(AT_MOST)

    def _end_process(self, pid: int) -> None:
        if pid == os.getpid():  # else a forked child has inherited the call
            self.end()


def is_other_rank() -> bool:
    """Return True where this process became a rank other than 0 after its first event."""
    return bool(env.rank_in_torch()) and env.rank() != 0


def _drop(event: Event) -> None:
    """Ignore an event."""


def _look(notebook: Notebook) -> None:
    """Make the thread check files that are still open."""


def _stop(notebook: Notebook) -> None:
    """Make the thread end."""
