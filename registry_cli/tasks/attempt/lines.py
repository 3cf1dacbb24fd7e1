"""A text file to which a process appends whole lines, from any thread and after a fork. Does not know their meaning.

A full disk stops no caller: lines that could not be written stay in memory, are retried, and are reported at the end.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.process import start_thread
from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DELAY: Final = 0.5
"""Longest time in seconds that a line waits for others."""
BATCH: Final = 64 << 10
"""Number of characters that are written without waiting."""
MOST_WAITING: Final = 16 << 20
"""Bytes held in memory while nothing can be written; beyond them lines are lost."""


class LineFile:
    """Lines for a file that is made when the first is written.

    Attributes:
        lock: Held while lines are added; an owner with state of its own holds it around both.
        problem: Reason why lines are missing in the file, in words; None if none is.
    """

    def __init__(
        self, path: Path, *, timer: Callable[[float, Callable[[], None]], threading.Timer] | None = None
    ) -> None:
        self.path = path
        self.lock = threading.RLock()  # a signal handler may come in the middle of an `add` and add too
        self.problem: str | None = None
        self._file: AppendFile | None = None
        self._lines: list[str] = []
        self._size = 0
        self._waiting = b""
        self._lost = False
        self._closed = False
        self._make_timer = timer or threading.Timer
        self._timer: threading.Timer | None = None
        self._forked = False
        _open.add(self)

    def add(self, line: str) -> None:
        """Add a line, with its line feed; it is in the file within `DELAY`.

        A forked child writes it at once, as it may end without closing the file.

        Raises:
            UsageError: The file is closed.
        """
        with self.lock:
            if self._closed:
                raise UsageError(f"{self.path.name} is closed: the task has ended")
            self._lines.append(line)
            self._size += len(line)
            if self._forked or self._size >= BATCH:
                self.flush()
            elif self._timer is None:
                self._start_timer()

    def flush(self) -> None:
        """Hand all lines to the operating system."""
        with self.lock:
            data = "".join(self._lines).encode()
            self._lines.clear()
            self._size = 0
            self._write(self._waiting + data)

    def close(self) -> None:
        """Write the waiting lines and close the file; may be called twice."""
        with self.lock:
            if self._closed:
                return
            self.flush()
            self._closed = True
            _open.discard(self)
            if self._timer is not None:
                self._timer.cancel()
            try:
                if self._file is not None:
                    self._file.close()
            except OSError as error:
                self._note(error)

    def drop(self) -> None:
        """Drop in a forked child the lines that its parent writes, and the lock that a thread of it may hold."""
        self.lock = threading.RLock()
        self._lines.clear()
        self._size, self._waiting, self._timer, self._forked = 0, b"", None, True

    def _start_timer(self) -> None:
        timer = self._make_timer(DELAY, self._due)
        timer.daemon = True
        self._timer = timer
        if not start_thread(timer):
            self._due()

    def _due(self) -> None:
        with self.lock:
            self._timer = None
            if not self._closed:
                self.flush()

    def _write(self, data: bytes) -> None:
        if not data:
            return
        before = 0
        try:
            if self._file is None:
                self._file = AppendFile(self.path)
                if os.fstat(self._file.fd).st_size:
                    data = b"\n" + data  # an earlier process of this name may have died within a line
            before = self._file.written
            self._file.write(data)
        except OSError as error:
            self._note(error)
            self._waiting = data[self._file.written - before :] if self._file else data
            if len(self._waiting) > MOST_WAITING:
                self._waiting, self._lost = b"\n", True
            return
        self._waiting = b""
        if not self._lost:
            self.problem = None

    def _note(self, error: OSError) -> None:
        self.problem = f"{self.path.name} is not whole: {error.strerror or error}"


_open: set[LineFile] = set()


def _after_fork_in_child() -> None:
    for lines in tuple(_open):
        lines.drop()


os.register_at_fork(after_in_child=_after_fork_in_child)
