"""Lists the folders of attempts at tasks, `tasks/<ulid>/<number>/`, and finds those whose runner is dead.

The name of the process in `state.toml` decides; age decides only where that process cannot be checked. Knows no task:
the caller knows which folders the log still needs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.ids import TaskId
from registry_cli.records.toml import load_table
from registry_cli.store import files
from registry_cli.store.writer_name import find_owner, is_alive

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout

STATE: Final = "state.toml"
"""File that names the process that runs an attempt; its modification time is the heartbeat."""
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """The folder of the `number`-th attempt at a task."""

    task: TaskId
    number: int
    path: Path


def list_attempts(layout: Layout) -> list[AttemptFolder]:
    """Return the folders of attempts in a registry, sorted by task and number."""
    tasks = (name for name, is_folder in files.list_entries(layout.tasks) if is_folder and _ULID.fullmatch(name))
    found = [
        AttemptFolder(TaskId(task), int(name), layout.tasks / task / name)
        for task in tasks
        for name, is_folder in files.list_entries(layout.tasks / task)
        if is_folder and name.isdecimal()
    ]
    return sorted(found, key=lambda folder: (folder.task, folder.number))


def is_alive_in(folder: AttemptFolder) -> bool | None:
    """Return whether the runner of an attempt is alive; None where this process cannot find out."""
    try:
        name = load_table(files.read_small(folder.path / STATE), STATE).get("owner")
    except (OSError, CorruptError):
        return None
    owner = find_owner(str(name))
    return is_alive(owner, folder.path) if owner else None


def list_dead(layout: Layout, limit: float | None = None) -> list[AttemptFolder]:
    """Return the folders whose runner is dead.

    Args:
        layout: The registry.
        limit: Seconds since 1970; a folder untouched since then counts too where its runner cannot be checked.
    """
    return [folder for folder in list_attempts(layout) if _is_dead(folder, limit)]


def _is_dead(folder: AttemptFolder, limit: float | None) -> bool:
    alive = is_alive_in(folder)
    return alive is False or (alive is None and limit is not None and _last_touched(folder.path) <= limit)


def _last_touched(path: Path) -> float:
    """Return when a folder or a file in it was last changed; infinity where one disappears meanwhile."""
    try:
        inside = (path / name for name in files.list_names(path))
        return max(files.get_status(each).st_mtime for each in (path, *inside))
    except FileNotFoundError:
        return float("inf")
