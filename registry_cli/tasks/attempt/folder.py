"""The folder of a running attempt: its runner's identity and heartbeat, and the files of its processes.

Only its runner and the processes that it starts write here; every process may read. Only `cancel` comes from outside.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.records.tables import load_time
from registry_cli.records.toml import dump_table, load_table
from registry_cli.store import files
from registry_cli.store.attempt_folders import STATE, AttemptFolder, is_alive_in, list_attempts
from registry_cli.store.litter import read_clock
from registry_cli.store.new_file import AppendFile
from registry_cli.store.writer_name import find_owner, is_alive, new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from registry_cli.ids import TaskId
    from registry_cli.store.layout import Layout

Life = Literal["alive", "silent", "lost", "dead"]
"""State of a runner: its process or a recent heartbeat was seen; it had no heartbeat for a while, and may sleep; it had
none for so long that its end is written; it is proven dead."""
SILENCE: Final = 600.0
"""Seconds without a heartbeat after which a runner whose process cannot be checked is shown as crashed."""
GIVEN_UP: Final = 7 * 86_400.0
"""Seconds without a heartbeat after which its attempt is ended too."""
SECURED: Final = 5.0
"""Longest stretch of records, in seconds, that a power cut may lose."""
WRAPPER: Final = "wrapper"
"""Writer's name in the files of the process that runs a command; a script's own process uses its process id."""


@dataclass(frozen=True, slots=True)
class State:
    """The runner of an attempt.

    Attributes:
        owner: Name of the process, as `store.writer_name` makes it.
        started: Start of the attempt, UTC.
        named: True where the user gave the task a name, which the script's own then does not replace.
        script: Name of the script's process, where it began the task itself; None under `reg log`.
    """

    owner: str
    started: datetime
    named: bool = False
    script: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """The folder of one attempt."""

    task: TaskId
    attempt: int
    folder: Path

    @property
    def state(self) -> Path:
        """File of its `State`; the file's modification time is the heartbeat."""
        return self.folder / STATE

    @property
    def console(self) -> Path:
        """File of its printed output."""
        return self.folder / "console.log"

    @property
    def cells(self) -> Path:
        """File of the cells that its notebook has run so far."""
        return self.folder / "cells.py"

    @property
    def bundle(self) -> Path:
        """Git bundle of commits that no remote has."""
        return self.folder / "commits.bundle"

    @property
    def cancel(self) -> Path:
        """File that exists once a user has cancelled it."""
        return self.folder / "cancel"

    def facts(self, writer: str) -> Path:
        """Return the file of one process's facts."""
        return self.folder / f"facts-{writer}.jsonl"

    def scalars(self, writer: str) -> Path:
        """Return the file of one process's scalars."""
        return self.folder / f"scalars-{writer}.tsv"

    @property
    def jobs(self) -> Path:
        """Folder of the jobs: versions that its processes ask its companion to save."""
        return self.folder / "jobs"

    @property
    def files(self) -> Path:
        """Folder of the files that its processes keep with the task."""
        return self.folder / "files"

    @property
    def auto(self) -> Path:
        """Folder of automatic logging; made by `make_auto`."""
        return self.folder / "auto"

    @property
    def held(self) -> Path:
        """Folder of saved files that were moved or copied here before their paths were overwritten."""
        return self.auto / "held"

    @property
    def known(self) -> Path:
        """File of the sizes of all files that the registry knows."""
        return self.auto / "known"

    @property
    def redirects(self) -> Path:
        """File of the redirects: paths to load in place of others."""
        return self.auto / "redirects.json"

    def notes(self, writer: str) -> Path:
        """Return the file of one process's notes of its frameworks' saves and loads."""
        return self.auto / f"notes-{writer}.jsonl"

    @property
    def followed(self) -> Path:
        """File of the patterns of the metrics files that the runner follows."""
        return self.auto / "followed.json"

    def marks(self, writer: str) -> Path:
        """Return the file of one process's marks in the followed files."""
        return self.auto / f"marks-{writer}.jsonl"

    def list_marks(self) -> list[Path]:
        """Return the files of marks."""
        return _list_files(self.auto, "marks-", ".jsonl")

    def list_notes(self) -> list[Path]:
        """Return the files of notes."""
        return _list_files(self.auto, "notes-", ".jsonl")

    def list_facts(self) -> list[Path]:
        """Return the files of facts, that of the wrapper first, so that the script's facts take precedence."""
        first = self.facts(WRAPPER)
        return sorted(_list_files(self.folder, "facts-", ".jsonl"), key=lambda path: path != first)

    def list_scalars(self) -> list[Path]:
        """Return the files of scalars."""
        return _list_files(self.folder, "scalars-", ".tsv")


def _list_files(folder: Path, start: str, end: str) -> list[Path]:
    return [folder / name for name in files.list_names(folder) if name.startswith(start) and name.endswith(end)]


def find_live(layout: Layout, task: TaskId, attempt: int) -> Live | None:
    """Return the folder of an attempt, if it is here."""
    live = Live(task, attempt, layout.attempt(task, attempt))
    return live if files.exists(live.state) else None


def iter_live(layout: Layout) -> Iterator[Live]:
    """Yield the attempts that have a folder here, oldest first."""
    for found in list_attempts(layout):
        live = Live(found.task, found.number, found.path)
        if files.exists(live.state):
            yield live


def open_live(layout: Layout, task: TaskId, attempt: int, state: State) -> Live:
    """Make the folder of an attempt with its state, in one step.

    Raises:
        FileExistsError: Another process has it.
    """
    live = Live(task, attempt, layout.attempt(task, attempt))
    files.make_dirs(live.folder.parent, shared=layout.shared, inside=True)
    hidden = Live(task, attempt, layout.tmp / new_name())
    files.make_dir(hidden.folder, shared=layout.shared)
    files.give_to_owner(hidden.folder)
    write_state(layout, hidden, state)
    try:
        files.rename(hidden.folder, live.folder)
    except OSError as error:
        files.remove_tree(hidden.folder)
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
            raise FileExistsError(error.errno, "somebody runs this attempt", str(live.folder)) from None
        raise
    files.flush_dir(live.folder.parent)
    return live


def write_state(layout: Layout, live: Live, state: State) -> None:
    """Write the state of an attempt, which names its runner."""
    table = {"owner": state.owner, "started": state.started, "named": state.named}
    script = {"script": state.script} if state.script else {}
    files.replace_file(live.state, dump_table({**table, **script}), layout.tmp / new_name())


def make_auto(live: Live) -> None:
    """Make the folders of automatic logging within an attempt's; for its user alone, also in a shared registry.

    The files in them decide which files are loaded, stored and deleted.
    """
    for folder in (live.auto, live.held):
        if files.make_dir(folder):
            files.set_mode(folder, 0o700)
            files.give_to_owner(folder)


def read_state(live: Live) -> State:
    """Return the state of an attempt, which names its runner.

    Raises:
        FileNotFoundError: The attempt is not here any more.
        CorruptError: The file is damaged.
    """
    where = str(live.state)
    table = load_table(files.read_small(live.state), where)
    try:
        script = table.get("script")
        named = bool(table.get("named", False))
        return State(str(table["owner"]), load_time(table["started"]), named, str(script) if script else None)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptError(f"{where} is no state of a task: {error!r}") from None


def read_life(layout: Layout, live: Live) -> Life:
    """Return the state of an attempt's runner: from its process where that can be checked, else from its heartbeat.

    The state is `silent` while the companion of a dead script writes the end.
    """
    alive = is_alive_in(AttemptFolder(live.task, live.attempt, live.folder))
    if alive is not None:
        return ("silent" if _is_script_dead(live) else "alive") if alive else "dead"
    try:
        return rate_silence(read_clock(layout) - files.get_status(live.state).st_mtime)
    except FileNotFoundError:  # it has just ended
        return "silent"


def _is_script_dead(live: Live) -> bool:
    try:
        script = find_owner(read_state(live).script or "")
    except (FileNotFoundError, CorruptError):
        return False
    return script is not None and is_alive(script, live.folder) is False


def rate_silence(seconds: float) -> Life:
    """Return the state of a runner from the seconds since its last heartbeat."""
    if seconds < SILENCE:
        return "alive"
    return "silent" if seconds < GIVEN_UP else "lost"


def is_running(layout: Layout, live: Live) -> bool:
    """Return True where an attempt's runner is alive, as far as is known."""
    return read_life(layout, live) == "alive"


def secure_live(live: Live) -> None:
    """Flush all files of an attempt to the disk, so that a power cut loses only later writes."""
    for path in (live.console, live.cells, *live.list_facts(), *live.list_scalars(), *live.list_notes()):
        if files.exists(path):
            fd = files.open_file(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                files.flush_open(path, fd)
            finally:
                os.close(fd)
    files.flush_dir(live.folder)
    if files.exists(live.auto):
        files.flush_dir(live.auto)


def restore_console(layout: Layout, live: Live, fd: int) -> None:
    """Rewrite the console from the file that its writer has open, where its folder was removed meanwhile."""
    from registry_cli.store.hashing import iter_chunks  # listing tasks does not need it

    if files.exists(live.console):
        return
    files.make_dirs(live.folder, shared=layout.shared, inside=True)
    source = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    console = AppendFile(live.console)
    try:
        for chunk in iter_chunks(source):
            console.write(chunk)
    finally:
        console.close()
        os.close(source)


def close_live(layout: Layout, live: Live) -> None:
    """Remove the folder of an ended attempt."""
    files.remove_tree(live.folder)
    try:
        files.remove_dir(layout.tasks / live.task)
    except OSError:  # the folder of another attempt is in it
        pass
