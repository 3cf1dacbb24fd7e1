"""The folder of a job on this machine: its process, its output, its end. Any process may read it at any time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.records.toml import dump_table, load_table
from registry_cli.store import files
from registry_cli.store.writer_name import find_owner, is_alive, new_name
from registry_cli.tasks.drivers.port import JobState

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.writer_name import Owner

OWNER: Final = "owner"
"""Holds the name of the process that runs the job."""
END: Final = "end.toml"
CANCEL: Final = "cancel"
OUTPUT: Final = "output"
_START: Final = 60.0
"""Seconds after which a job that has not begun never will: the process that submitted it is gone."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    """One job's files."""

    path: Path

    @property
    def output(self) -> Path:
        """Path of the file that the job prints to."""
        return self.path / OUTPUT

    def put(self, name: str, data: bytes) -> None:
        """Write one of the small files atomically."""
        files.replace_file(self.path / name, data, self.path / new_name())

    def put_end(self, code: int) -> None:
        """Write the exit code that the job ended with."""
        self.put(END, dump_table({"code": code}))

    def find_runner(self) -> Owner | None:
        """Return the process that runs the job, or None before it has written its name."""
        try:
            return find_owner((self.path / OWNER).read_text())
        except FileNotFoundError:
            return None

    @property
    def cancelled(self) -> bool:
        """True where the job was asked to end."""
        return (self.path / CANCEL).exists()

    def read_state(self) -> JobState:
        """Return the job's state: its end if it wrote one, otherwise by whether its process is alive."""
        ended = self._find_end()
        if ended is None:
            runner = self.find_runner()
            if runner is None:
                return JobState("queued" if time.time() - self.path.stat().st_mtime < _START else "lost")
            if is_alive(runner, self.path) is not False:
                return JobState("running")
            ended = self._find_end()  # it may have ended between the two looks
        if ended is None:
            return JobState("cancelled" if self.cancelled else "lost")
        if ended == 0:
            return JobState("succeeded", 0)
        return JobState("cancelled" if self.cancelled else "failed", ended)

    def _find_end(self) -> int | None:
        try:
            return int(str(load_table((self.path / END).read_bytes(), END)["code"]))
        except (FileNotFoundError, CorruptError, KeyError, ValueError):
            return None
