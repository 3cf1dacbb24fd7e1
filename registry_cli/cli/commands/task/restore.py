"""`reg task restore`: restore archived and removed tasks."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, QuietOpt, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task restore baseline", "reg task list --archived -q | reg task restore -")


def command(
    ctx: typer.Context, tasks: TasksArg, message: MessageOpt = None, as_json: JsonOpt = False, quiet: QuietOpt = False
) -> None:
    """Restore archived and removed tasks.

    A name means the newest task with that name; a removed one only where there is no other.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import restore_tasks
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    ids = [row.id for row in see_tasks(session.registry, read_refs(tasks), removed=True)]
    restore_tasks(session.registry, ids, message=message)
    print_tasks(session.output, see_tasks(session.registry, ids))
