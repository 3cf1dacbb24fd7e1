"""Changes the tags of tasks: each gets a new record that differs from the one before in its tags alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import replace
from registry_cli.errors import UsageError
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_row, get_task, write_stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TagName
    from registry_cli.registry.api import Registry


def tag_tasks(
    registry: Registry,
    refs: Sequence[str],
    *,
    add: Iterable[TagName] = (),
    remove: Iterable[TagName] = (),
    message: str | None = None,
) -> list[TaskRow]:
    """Add tags to tasks and remove them, in one entry; return the tasks.

    Raises:
        UsageError: A tag is in both `add` and `remove`.
        RefusedError: A task is removed, or another process has just changed it.
        CorruptError: A task's record cannot be read.
    """
    plus, minus = set(add), set(remove)
    if plus & minus:
        raise UsageError(f"tag {min(plus & minus)} cannot be both added and removed")
    rows = [get_row(registry, row.id) for row in see_tasks(registry, refs)]
    wanted = []
    for row in rows:
        task = get_task(registry, row)
        tags = tuple(sorted({*task.tags, *plus} - minus))
        if set(tags) != set(task.tags):
            wanted.append((replace(task, tags=tags), row.record))
    write_stages(registry, "edit", wanted, message=message)
    return see_tasks(registry, [row.id for row in rows])
