"""`reg task cancel`: end tasks that run, and drafts."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, QuietOpt, TasksArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task cancel baseline",
    "reg task list 'status:running and started < now-2d' -q | reg task cancel -",
)


def command(
    ctx: typer.Context, tasks: TasksArg, message: MessageOpt = None, as_json: JsonOpt = False, quiet: QuietOpt = False
) -> None:
    """End tasks that run, and drafts.

    A runner on this machine gets SIGTERM and passes it on; one elsewhere is left word. Its end is waited for 10 s.
    """
    from registry_cli.cli.task_views import print_tasks
    from registry_cli.tasks.cancel import PATIENCE, cancel_tasks

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    rows = cancel_tasks(session.registry, read_refs(tasks), message=message)
    print_tasks(session.output, rows)
    for row in rows:
        if row.status == "running":
            session.output.warn(f"task {row.name} was asked to end and has not done so in {PATIENCE:.0f} s")
