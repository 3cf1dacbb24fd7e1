"""`reg task cancel`: end tasks that run, and drafts."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change, TasksArg, read_refs
from registry_cli.cli.session import open_session
from registry_cli.errors import ConflictError

EXAMPLES = (
    "reg task cancel baseline",
    "reg task list 'status:running and started < now-2d' -q | reg task cancel -",
)


def command(
    ctx: typer.Context,
    tasks: TasksArg,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Also end one that began a moment ago and has no runner here.")
    ] = False,
    *,
    change: Change,
) -> None:
    """End tasks that run, and drafts.

    A runner is asked to end its command by SIGTERM; where one still runs after 10 s, the exit code is 13. A draft that
    is cancelled never runs, not even one that was submitted before.
    """
    from registry_cli.cli.printing.tasks import print_tasks
    from registry_cli.tasks.cancel import PATIENCE, cancel_tasks
    from registry_cli.tasks.drivers.local import open_driver

    session = open_session(ctx, change)
    registry = session.registry
    rows = cancel_tasks(registry, read_refs(tasks), driver=open_driver(registry), force=force, message=change.message)
    print_tasks(session.output, rows)
    left = [row for row in rows if row.status == "running"]
    if left:
        names = ", ".join(row.name for row in left)
        raise ConflictError(
            f"asked to end, but still running after {PATIENCE:.0f} s: {names}",
            hint=f"reg task logs -f {left[0].id}",
        )
