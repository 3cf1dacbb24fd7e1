"""`reg task logs`: print the output of a task."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

import typer

from registry_cli.cli.options import AttemptOpt, TaskArg
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task logs baseline",
    "reg task logs @last --follow",
    "reg task logs baseline --tail 20",
    "reg task logs baseline --raw",
    "reg task logs baseline --attempt 1",
    "reg task list status:failed --attempts -q | xargs -n 1 reg task logs",
)


def command(
    ctx: typer.Context,
    task: TaskArg,
    attempt: AttemptOpt = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing until the task ends.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", metavar="N", min=0, help="Begin with the last N lines.")] = None,
) -> None:
    """Print the output of a task.

    It prints standard output and standard error of the last attempt, or of --attempt N, as they came: byte for byte in
    a pipe and with --raw. On a terminal, sequences that would move its cursor, set its title or make it answer are
    shown, not obeyed.
    """
    from registry_cli.tasks.console import iter_console
    from registry_cli.tasks.find import name_attempt
    from registry_cli.tasks.record import get_row

    session = open_session(ctx)
    row = get_row(session.registry, *name_attempt(session.registry, task, attempt))
    pieces = iter_console(session.registry, row, tail=tail, follow=follow)
    first = next(pieces, None)
    if first is not None:
        session.output.data(chain([first], pieces))
    elif tail != 0:
        session.output.note(f"task {row.name} has printed nothing")
