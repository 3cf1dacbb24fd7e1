"""The life cycle of a task after it has run: archive, restore, remove."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.tasks import find_task_row, list_attempts, list_task_files
from registry_cli.errors import CorruptError, NotFoundError, RefusedError
from registry_cli.records.task_codec import load_task
from registry_cli.registry.hold_bytes import need_files
from registry_cli.registry.transaction import transact
from registry_cli.store.blobs import get_record
from registry_cli.store.disk_reserve import with_room
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry


def archive_tasks(registry: Registry, ids: Sequence[TaskId], *, message: str | None = None) -> list[TaskRow]:
    """Hide tasks; archived ones stay as they are.

    Raises:
        NotFoundError: A task is not in the registry.
        RefusedError: A task was removed.
    """

    def plan() -> list[Change]:
        return [changes.task(row.id, "archive") for row in _list_rows(registry, ids) if not row.archived]

    transact(registry, plan, message=message)
    return _list_rows(registry, ids)


def restore_tasks(registry: Registry, ids: Sequence[TaskId], *, message: str | None = None) -> list[TaskRow]:
    """Show archived tasks again, and removed ones whose blobs still exist.

    Raises:
        NotFoundError: A task is not in the registry.
        RefusedError: A removed task's blobs are gone.
        CorruptError: A removed task's record is lost, so that its blobs are unknown.
    """
    with Staging(registry.layout) as staging:

        def plan() -> list[Change]:
            found = _list_rows(registry, ids)
            for row in found:
                if row.removed:
                    _need_task(registry, staging, row)
            return [changes.task(row.id, "restore") for row in found if row.archived or row.removed]

        transact(registry, plan, message=message, staging=staging)
    return _list_rows(registry, ids)


def list_lost_files(registry: Registry, ids: Sequence[TaskId]) -> list[tuple[TaskRow, list[str]]]:
    """Return the attempts at some tasks that lack files, each with the paths of these.

    A collection may have deleted files of earlier attempts while a task was removed: restoring it brings back the rest.
    """
    lost = []
    for row in [row for task in ids for row in registry.read(partial(list_attempts, task=task)) if not row.broken]:
        task = load_task(get_record(registry.layout, row.record), f"the record of task {row.id}")
        paths = [file.path for file in task.files if file.sha256 and not registry.content.has(file.sha256)]
        lost += [(row, paths)] if paths else []
    return lost


def remove_tasks(registry: Registry, ids: Sequence[TaskId], *, message: str | None = None) -> list[TaskRow]:
    """Remove tasks, including ones whose record is lost; the versions that they made stay.

    Records stay, a collection deletes the blobs. On a full disk the reserve makes room for the entry.

    Raises:
        NotFoundError: A task is not in the registry.
        RefusedError: A task is running.
    """

    def plan() -> list[Change]:
        found = _list_rows(registry, ids)
        for row in found:
            if row.status == "running" and not (row.removed or row.broken):
                raise RefusedError(f"task {row.name} runs", hint=f"reg task cancel {row.id}")
        return [changes.task(row.id, "remove") for row in found if not row.removed]

    with_room(registry.layout, lambda: transact(registry, plan, message=message))
    return _list_rows(registry, ids)


def need_task(registry: Registry, staging: Staging, task: TaskId) -> None:
    """Hold the blobs of a task that is to be restored; raises the same errors as `restore_tasks`."""
    for row in _list_rows(registry, [task]):
        _need_task(registry, staging, row)


def _need_task(registry: Registry, staging: Staging, row: TaskRow) -> None:
    if row.broken:
        raise CorruptError(f"task {row.id} is damaged: {row.broken}", hint="reg repair")
    need_files(registry, staging, registry.read(lambda db: list_task_files(db, row.id)), f"task {row.name}")


def _list_rows(registry: Registry, ids: Sequence[TaskId]) -> list[TaskRow]:
    found = registry.read(lambda db: {task: find_task_row(db, task) for task in ids})
    for task, row in found.items():
        if row is None:
            raise NotFoundError(f"no task `{task}`", hint="reg task list")
    return [row for row in found.values() if row is not None]
