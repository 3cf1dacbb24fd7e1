"""`reg task restore`: restore archived and removed tasks."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task restore baseline", "reg task list --archived -q | reg task restore -")


def command(ctx: typer.Context, tasks: TasksArg, change: Change) -> None:
    """Restore archived and removed tasks.

    A name means the newest task with that name; a removed one only where there is no other.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import restore_tasks
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, change)
    ids = [row.id for row in see_tasks(session.registry, read_refs(tasks), removed=True)]
    restore_tasks(session.registry, ids, message=change.message)
    print_tasks(session.output, see_tasks(session.registry, ids))
