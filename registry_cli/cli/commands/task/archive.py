"""`reg task archive`: hide tasks from listings."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task archive baseline", "reg task list 'status:failed and created < now-30d' -q | reg task archive -")


def command(ctx: typer.Context, tasks: TasksArg, change: Change) -> None:
    """Hide tasks from listings."""
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import archive_tasks
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, change)
    ids = [row.id for row in see_tasks(session.registry, read_refs(tasks))]
    archive_tasks(session.registry, ids, message=change.message)
    print_tasks(session.output, see_tasks(session.registry, ids))
