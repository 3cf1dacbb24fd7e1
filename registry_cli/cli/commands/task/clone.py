"""`reg task clone`: make a draft from a task, with another input, argument or commit."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TaskArg
from registry_cli.cli.session import open_session
from registry_cli.cli.task_fields import TaskOptions, parse_edits

EXAMPLES = (
    "reg task clone baseline --input base=iris/tuned:2 --arg lr=0.05 --env SEED=7",
    "reg task clone baseline --code main --name 'on main'",
    "reg task clone baseline --unset arg.verbose --param net.depth=4",
)


def command(ctx: typer.Context, task: TaskArg, options: TaskOptions, change: Change) -> None:
    """Make a draft from a task, with another input, argument or commit."""
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.tasks.find import see_tasks
    from registry_cli.tasks.rerun.draft import clone_task

    session = open_session(ctx, change)
    registry = session.registry
    edits = parse_edits(registry, task, options)
    made = clone_task(registry, task, edits, message=change.message)
    print_tasks(session.output, see_tasks(registry, [made.id]))
