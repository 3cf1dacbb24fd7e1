"""The versions that a task made: lists the newest, publishes them together, removes those that are not used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import list_users_of_input
from registry_cli.catalog.read.versions import list_children, list_versions_of_task
from registry_cli.errors import RegError
from registry_cli.registry.lifecycle import publish_versions, remove_versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import TaskId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


def list_made(registry: Registry, task: TaskId) -> list[VersionRow]:
    """Return the versions that a task made and that are not removed, oldest first."""
    registry.index.sync()
    return registry.read(lambda db: list_versions_of_task(db, task))


def list_newest(registry: Registry, task: TaskId) -> list[VersionRow]:
    """Return the newest version of each model that a task made, the newest of all last."""
    rows = list_made(registry, task)
    newest = {row.name: row for row in rows}
    return [row for row in rows if newest[row.name] is row]


def publish_outputs(registry: Registry, task: TaskId) -> list[VersionRow]:
    """Publish the newest version of each model that a task made, and return them; raises as `publish_versions`."""
    rows = [row for row in list_newest(registry, task) if not row.archived]
    return publish_versions(registry, [row.id for row in rows]) if rows else []


def remove_unused(
    registry: Registry, task: TaskId, *, skip_used: bool, ask: Callable[[str, str], bool] | None = None
) -> list[VersionRow]:
    """Remove the versions of a task that nothing needs: no publication, alias, child or other task.

    Args:
        registry: The registry that holds the task.
        task: The task that made the versions.
        skip_used: Keep versions that are inputs of other tasks.
        ask: Called with `model` and the address before each removal; False keeps the version.
    """
    registry.index.sync()
    gone = []

    def is_needed(db: Connection, row: VersionRow) -> bool:
        used = skip_used and any(user.id != task for user in list_users_of_input(db, row.id))
        return used or bool(row.published or row.aliases or list_children(db, row.id))

    for row in registry.read(lambda db: list_versions_of_task(db, task))[::-1]:
        needed = registry.read(partial(is_needed, row=row))
        if not needed and (ask is None or ask("model", row.ref)):
            gone += remove_versions(registry, [row.id], message=f"with task {task}")
    return gone


def drop_outputs(registry: Registry, task: Task) -> list[str]:
    """Remove the outputs of a task that did not complete, if its recipe says so; return why others stay, in words.

    Versions that were published, aliased or built on meanwhile stay.
    """
    if task.recipe.keep_failed or task.status == "completed":
        return []
    registry.index.sync()
    rows = registry.read(lambda db: list_versions_of_task(db, task.id))
    stayed = []
    for row in rows:
        try:
            remove_versions(registry, [row.id], message=f"task {task.id} {task.status}")
        except RegError as error:
            stayed.append(f"{row.ref} stays: {error.message}")
    return stayed
