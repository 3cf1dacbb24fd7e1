"""The folder of a running attempt: who runs it, whether he still lives, and where he writes.

Only its runner writes here, and the processes that he starts; everybody may read. `cancel` alone comes from outside.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

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
"""Of a runner: its process was seen or its heartbeat heard; it was not heard for a while, and may sleep; not for so
long that its end is written; it is proven dead."""
SILENCE: Final = 600.0
"""Seconds without a heartbeat after which a runner that nobody can look at is shown as crashed."""
GIVEN_UP: Final = 7 * 86_400.0
"""Seconds without one after which its attempt is ended too."""
SECURED: Final = 5.0
"""Seconds of what was told that a power cut may lose."""
WRAPPER: Final = "wrapper"
"""Names the files of the process that runs a command; a script's own process is named by its number."""


@dataclass(frozen=True, slots=True)
class State:
    """Who runs an attempt.

    Attributes:
        owner: Name of the process, as `store.owner` makes it.
        started: UTC.
        named: Whether the user gave the task a name, which the script's own then does not replace.
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
        """Who runs it; its modification time is the heartbeat."""
        return self.folder / STATE

    @property
    def console(self) -> Path:
        """What it printed."""
        return self.folder / "console.log"

    @property
    def bundle(self) -> Path:
        """Commits that no remote has."""
        return self.folder / "commits.bundle"

    @property
    def cancel(self) -> Path:
        """There once somebody wants it to end."""
        return self.folder / "cancel"

    def facts(self, writer: str) -> Path:
        """Return the file in which one process tells what it learns."""
        return self.folder / f"facts-{writer}.jsonl"

    def scalars(self, writer: str) -> Path:
        """Return the file in which one process tells its scalars."""
        return self.folder / f"scalars-{writer}.tsv"

    @property
    def jobs(self) -> Path:
        """Versions that its processes ask its companion to save."""
        return self.folder / "jobs"

    @property
    def auto(self) -> Path:
        """What concerns automatic logging; made by `make_auto`."""
        return self.folder / "auto"

    @property
    def held(self) -> Path:
        """Saved files, moved or copied here because their place was about to be written again."""
        return self.auto / "held"

    @property
    def known(self) -> Path:
        """Sizes of the files that the registry knows."""
        return self.auto / "known"

    @property
    def redirects(self) -> Path:
        """What is to be loaded in place of something else."""
        return self.auto / "redirects.json"

    def notes(self, writer: str) -> Path:
        """Return the file in which one process notes what its frameworks save and load."""
        return self.auto / f"notes-{writer}.jsonl"

    def list_notes(self) -> list[Path]:
        """Return the files of notes."""
        return _list_files(self.auto, "notes-", ".jsonl")

    def list_facts(self) -> list[Path]:
        """Return the files of facts, that of the wrapper first, so that the script has the last word."""
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
    """Make the folder of an attempt and say who runs it, in one step.

    Raises:
        FileExistsError: Somebody else has it.
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
    """Say who runs an attempt, from now on."""
    table = {"owner": state.owner, "started": state.started, "named": state.named}
    script = {"script": state.script} if state.script else {}
    files.replace_file(live.state, dump_table({**table, **script}), layout.tmp / new_name())


def make_auto(live: Live) -> None:
    """Make the folders of automatic logging within an attempt's; for its user alone, also in a shared registry.

    What is written there decides which files are loaded, taken in and deleted.
    """
    for folder in (live.auto, live.held):
        if files.make_dir(folder):
            files.set_mode(folder, 0o700)
            files.give_to_owner(folder)


def read_state(live: Live) -> State:
    """Return who runs an attempt.

    Raises:
        FileNotFoundError: It is not here any more.
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
    """Return what is known of an attempt's runner: from its process where it can be looked at, else its heartbeat.

    While the companion of a script that is dead writes its end, it is silent.
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
    """Return what is known of a runner that was last heard so long ago."""
    if seconds < SILENCE:
        return "alive"
    return "silent" if seconds < GIVEN_UP else "lost"


def is_running(layout: Layout, live: Live) -> bool:
    """Return whether an attempt's runner lives, as far as is known."""
    return read_life(layout, live) == "alive"


def secure_live(live: Live) -> None:
    """Make durable what was told so far, so that a power cut loses no more than what came after."""
    for path in (live.console, *live.list_facts(), *live.list_scalars(), *live.list_notes()):
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
    """Write the console anew from the file that its writer has open, where somebody took the folder away meanwhile."""
    from registry_cli.store.hashing import iter_chunks  # who lists tasks need not load it

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
    """Take the folder of an ended attempt away."""
    files.remove_tree(live.folder)
    try:
        files.remove_dir(layout.tasks / live.task)
    except OSError:  # the folder of another attempt is in it
        pass
