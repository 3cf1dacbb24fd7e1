"""`reg task remove`: remove tasks; the models they made stay."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task remove 01JD2Q0V9T -m 'wrong data'",
    "reg task list 'status:cancelled' -q | reg task remove -",
    "reg undo    # brings them back",
)


def command(ctx: typer.Context, tasks: TasksArg, change: Change) -> None:
    """Remove tasks; the models they made stay.

    A running task is refused: cancel it first.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import remove_tasks
    from registry_cli.tasks.attempt.crashed import end_crashed
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, change)
    end_crashed(session.registry)
    ids = [row.id for row in see_tasks(session.registry, read_refs(tasks))]
    remove_tasks(session.registry, ids, message=change.message)
    print_tasks(session.output, see_tasks(session.registry, ids))
