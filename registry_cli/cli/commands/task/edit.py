"""`reg task edit`: change a draft before it runs."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TaskArg
from registry_cli.cli.session import open_session
from registry_cli.cli.task_fields import TaskOptions, parse_edits
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg task edit 01JD --arg lr=0.05 --unset env.SEED",
    "reg task edit 01JD --input iris/tuned:2 --output 'out/*.pt'",
    "reg task edit baseline --comment 'the one in the paper' --tag paper",
)


def command(ctx: typer.Context, task: TaskArg, options: TaskOptions, change: Change) -> None:
    """Change a draft before it runs.

    Of a task that ran, only name, comment and tags can be changed.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.tasks.find import see_tasks
    from registry_cli.tasks.rerun.draft import edit_task
    from registry_cli.tasks.rerun.edits import Edits

    session = open_session(ctx, change)
    registry = session.registry
    edits = parse_edits(registry, task, options)
    if edits == Edits():
        raise UsageError(
            "nothing to change: --arg, --input, --comment and others say what", hint="reg task edit --help"
        )
    made = edit_task(registry, task, edits, message=change.message)
    print_tasks(session.output, see_tasks(registry, [made.id]))
