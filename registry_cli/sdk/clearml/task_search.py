"""The place of the running task in the answer to a search: its new name, project and tags are not on record yet."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import find_task_row
from registry_cli.ids import line_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.find import TaskQuestion


def place_running(registry: Registry, running: Task, rows: Sequence[TaskRow], question: TaskQuestion) -> list[TaskRow]:
    """Return the tasks that were found, newest first, with the running one among them only if it matches as it is now.

    Args:
        registry: The registry that was searched.
        running: The task of this process, as this process knows it.
        rows: The tasks that were found.
        question: The question: names, exact projects, tags, and whether archived tasks count.
    """
    others = [row for row in rows if row.id != running.id]
    own = registry.read(partial(find_task_row, task=running.id))
    if (
        own is None
        or own.removed
        or (own.archived and not question.include_archived)
        or not _matches(running, question)
    ):
        return others
    newer = sum(row.created > own.created for row in others)
    return [*others[:newer], own, *others[newer:]]


def _matches(task: Task, question: TaskQuestion) -> bool:
    names = map(line_key, question.name)
    return (
        (not question.project or task.project in question.project)
        and (not question.name or any(fnmatchcase(line_key(task.name), name) for name in names))
        and all((word.removeprefix("-") in task.tags) != word.startswith("-") for word in question.tag)
    )
