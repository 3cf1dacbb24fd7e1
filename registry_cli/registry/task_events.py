"""What a `task` change did, in words such as `task baseline completed, exit 0`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.task_address import PREFIX
from registry_cli.catalog.read.tasks import list_tasks
from registry_cli.catalog.read.versions import BATCH
from registry_cli.errors import RegError
from registry_cli.ids import RecordId, TaskId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.catalog.read.journal import ChangeRow
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.registry.api import Registry

_DONE: Final = {"draft": "drafted", "edit": "edited", "archive": "archived", "restore": "restored", "remove": "removed"}


@dataclass(frozen=True, slots=True)
class _Run:
    """What is told of an attempt."""

    attempt: int
    status: str
    exit_code: int | None


def find_tasks(registry: Registry, batch: Sequence[ChangeRow]) -> dict[TaskId, TaskRow]:
    """Return the tasks that changes speak of, those that the registry has."""
    ids = list({str(row.change.get("task")) for row in batch if row.op == changes.TASK})
    rows: list[int] = []
    for at in range(0, len(ids), BATCH):
        some = ids[at : at + BATCH]
        marks = ",".join("?" * len(some))
        rows += [row for (row,) in registry.db.execute(f"SELECT row FROM tasks WHERE id IN ({marks})", some)]
    return {task.id: task for task in list_tasks(registry.db, rows)}


def address_change(row: ChangeRow, tasks: Mapping[TaskId, TaskRow]) -> ChangeRow:
    """Return a change with the address of the task that it is about."""
    task = tasks.get(TaskId(str(row.change.get("task"))))
    return replace(row, ref=f"{PREFIX}{task.name if task else row.change.get('task')}")


def describe_stage(registry: Registry, change: Mapping[str, Any], task: TaskRow | None) -> str:
    """Return what a `task` change did; of a run that is not the task's last one its record is read."""
    stage = str(change.get("stage"))
    said = f"task {task.name if task else change.get('task')}"
    if stage in _DONE:
        return f"{said} {_DONE[stage]}"
    run = _read_run(registry, change, task)
    if stage == "start":
        return f"{said} started (attempt {run.attempt})" if run else f"{said} started"
    if run is None:
        return f"{said} ended"
    return f"{said} {run.status}" + (f", exit {run.exit_code}" if run.exit_code is not None else "")


def _read_run(registry: Registry, change: Mapping[str, Any], task: TaskRow | None) -> _Run | None:
    record = RecordId(str(change.get("record")))
    if task and not task.broken and (task.record == record or (task.attempt == 1 and change.get("stage") == "start")):
        return _Run(task.attempt, task.status, task.exit_code)
    from registry_cli.records.task_codec import load_task  # few events need a record
    from registry_cli.store.blobs import get_record

    try:
        told = load_task(get_record(registry.layout, record), "it")
    except RegError:  # lost in this copy
        return None
    return _Run(told.attempt, told.status, told.exit_code)
