"""A text file to which a process appends whole lines, from any thread and after a fork. Does not know their meaning.

A line is with the operating system when `add` returns, as the process may be killed at any time. A full disk stops no
caller: lines that could not be written stay in memory, are retried with the next line, and are reported at the end.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from pathlib import Path

MOST_WAITING: Final = 16 << 20
"""Bytes held in memory while nothing can be written; beyond them lines are lost."""


class LineFile:
    """Lines for a file that is made when the first is written.

    Args:
        path: The file.
        escaped: Write lone surrogates as the bytes that they stand for in a path that is not UTF-8 (PEP 383).

    Attributes:
        lock: Held while lines are added; an owner with state of its own holds it around both.
        problem: Reason why lines are missing in the file, in words; None if none is.
    """

    def __init__(self, path: Path, *, escaped: bool = False) -> None:
        self.path = path
        self._errors = "surrogateescape" if escaped else "strict"
        self.lock = threading.RLock()  # a signal handler may come in the middle of an `add` and add too
        self.problem: str | None = None
        self._file: AppendFile | None = None
        self._waiting = b""
        self._lost = False
        self._closed = False
        _open.add(self)

    def add(self, line: str) -> None:
        """Write a line, its line feed included.

        Raises:
            UsageError: The file is closed.
        """
        with self.lock:
            if self._closed:
                raise UsageError("the task has ended, and nothing more is recorded in it")
            data = line.encode(errors=self._errors)
            self._write(self._waiting + data if self._waiting else data)

    def flush(self) -> None:
        """Try again to write what a full disk has refused."""
        with self.lock:
            if self._waiting:
                self._write(self._waiting)

    def close(self) -> None:
        """Write the waiting lines and close the file; may be called twice."""
        with self.lock:
            if self._closed:
                return
            self.flush()
            self._closed = True
            _open.discard(self)
            try:
                if self._file is not None:
                    self._file.close()
            except OSError as error:
                self._note(error)

    def drop(self) -> None:
        """Drop in a forked child the lines that its parent writes, and the lock that a thread of it may hold."""
        self.lock = threading.RLock()
        self._waiting = b""

    def _write(self, data: bytes) -> None:
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
        if self._waiting:
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
