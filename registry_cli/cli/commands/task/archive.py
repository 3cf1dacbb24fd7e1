"""`reg task archive`: hide tasks from listings."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, QuietOpt, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task archive baseline", "reg task list 'status:failed and created < now-30d' -q | reg task archive -")


def command(
    ctx: typer.Context, tasks: TasksArg, message: MessageOpt = None, as_json: JsonOpt = False, quiet: QuietOpt = False
) -> None:
    """Hide tasks from listings."""
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import archive_tasks
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    ids = [row.id for row in see_tasks(session.registry, read_refs(tasks))]
    archive_tasks(session.registry, ids, message=message)
    print_tasks(session.output, see_tasks(session.registry, ids))
