"""Outputs of a task that failed, taken away again where its recipe does not want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read import versions
from registry_cli.catalog.read.tasks import list_task_versions
from registry_cli.errors import RegError
from registry_cli.registry.lifecycle import remove_versions

if TYPE_CHECKING:
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


def drop_outputs(registry: Registry, task: Task) -> list[str]:
    """Remove the outputs of a task that did not complete, if its recipe says so; return what stays and why, in words.

    What somebody has published, aliased or built on meanwhile stays.
    """
    if task.recipe.keep_failed or task.status == "completed":
        return []
    registry.index.sync()
    rows = versions.list_versions(registry.db, list_task_versions(registry.db, task.id))
    stayed = []
    for row in rows:
        try:
            remove_versions(registry, [row.id], message=f"task {task.id} {task.status}")
        except RegError as error:
            stayed.append(f"{row.ref} stays: {error.message}")
    return stayed
