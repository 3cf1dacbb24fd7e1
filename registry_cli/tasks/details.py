"""Reads all that is known about one task: its record, its runner's newer facts, its parts as bytes, its attempts.

Changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import list_task_inputs
from registry_cli.catalog.read.versions import list_versions_of_task
from registry_cli.dataclass import dataclass
from registry_cli.errors import RegError
from registry_cli.records.task import CELLS, DIFF, LOCK, SCALARS
from registry_cli.store import files
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.folder import find_live
from registry_cli.tasks.attempt.scalar_reader import load_curves, merge
from registry_cli.tasks.compare import parse_lock
from registry_cli.tasks.find import read_now, see_attempts
from registry_cli.tasks.record import read_task_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.catalog.read.rows import TaskRow, VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Whole:
    """A task and what belongs to it.

    Attributes:
        task: All that is known about it now.
        refs: Current addresses of its inputs; an input without one is missing.
        outputs: Versions that the task made, or this attempt alone, oldest first.
        changed: Numbers of lines that its diff adds and removes, or None without a diff.
        packages: Number of packages in its lock, or None without one.
        attempts: All attempts at the task, oldest first.
    """

    row: TaskRow
    task: Task
    refs: Mapping[VersionId, str]
    outputs: Sequence[VersionRow]
    changed: tuple[int, int] | None
    packages: int | None
    attempts: Sequence[Task]


def read_whole(registry: Registry, row: TaskRow, *, alone: bool = False) -> Whole:
    """Return all about a task in the given attempt.

    Args:
        registry: The registry that holds the task.
        row: The attempt.
        alone: Leave out the outputs of other attempts.

    Raises:
        CorruptError: Its record, diff or lock cannot be read.
    """
    task = read_now(registry, row)
    number = row.attempt if alone else None
    outputs = registry.read(lambda db: list_versions_of_task(db, row.id, number))
    inputs = registry.read(lambda db: list_task_inputs(db, row.id, row.attempt))
    diff, lock = (find_part(registry, row, task, path) for path in (DIFF, LOCK))
    return Whole(
        row=row,
        task=task,
        refs={one.version: one.ref for one in inputs if one.ref},
        outputs=outputs,
        changed=None if diff is None else _count_changed(diff),
        packages=None if lock is None else len(parse_lock(lock.decode(errors="replace"))),
        attempts=_read_attempts(registry, task) if task.attempt else (),
    )


def find_part(registry: Registry, row: TaskRow, task: Task, path: str) -> bytes | None:
    """Return one of a task's files by its name, such as `DIFF`, or None; of a running task, the file so far.

    Raises:
        CorruptError: The bytes are lost or differ from what was stored.
    """
    live = find_live(registry.layout, row.id, row.attempt)
    if live is not None and path == LOCK:
        lock = read_facts(live.list_facts()).lock
        return None if lock is None else lock.encode()
    if live is not None and path == SCALARS:
        scalars = live.list_scalars()
        return merge(scalars) if scalars else None
    if live is not None and path == CELLS and files.exists(live.cells):
        with files.open_own(live.cells) as cells:
            return cells.read()
    file = task.find_file(path)
    return None if file is None else read_task_file(registry, file)


def read_curves(registry: Registry, row: TaskRow, task: Task) -> dict[str, list[float]]:
    """Return the values of each scalar of a task in the order of its steps; empty if it reported none.

    Raises:
        CorruptError: They cannot be read.
    """
    table = find_part(registry, row, task, SCALARS) if task.curves else None
    return {name: [value for _, value, _ in points] for name, points in load_curves(table).items()} if table else {}


def _count_changed(diff: bytes) -> tuple[int, int]:
    lines = [line for line in diff.split(b"\n") if not line.startswith((b"+++ ", b"--- "))]
    return sum(line.startswith(b"+") for line in lines), sum(line.startswith(b"-") for line in lines)


def _read_attempts(registry: Registry, task: Task) -> list[Task]:
    """Return all attempts at a task; one whose record cannot be read is left out."""
    attempts = []
    for row in see_attempts(registry, task.id):
        try:
            attempts.append(task if row.attempt == task.attempt else read_now(registry, row))
        except RegError:
            continue
    return attempts
