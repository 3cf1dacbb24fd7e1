"""`reg task restore`: restore archived and removed tasks."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task restore baseline", "reg task list --archived -q | reg task restore -")


def command(ctx: typer.Context, tasks: TasksArg, change: Change) -> None:
    """Restore archived and removed tasks.

    A name means the newest task with that name; a removed one only where there is no other. Attempts whose files a
    collection has deleted meanwhile are named.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.registry.task_lifecycle import list_lost_files, restore_tasks
    from registry_cli.tasks.find import see_tasks

    session = open_session(ctx, change)
    found = see_tasks(session.registry, read_refs(tasks), removed=True)
    ids = [row.id for row in found]
    restore_tasks(session.registry, ids, message=change.message)
    for row, paths in list_lost_files(session.registry, [row.id for row in found if row.removed]):
        session.output.warn(
            f"attempt {row.attempt} of task {row.name} lacks files that were deleted: {', '.join(paths)}"
        )
    print_tasks(session.output, see_tasks(session.registry, ids))
