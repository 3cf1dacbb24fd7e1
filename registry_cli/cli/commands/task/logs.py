"""`reg task logs`: print what a task printed."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import TaskArg
from registry_cli.cli.session import open_session

EXAMPLES = ("reg task logs baseline", "reg task logs @last --follow", "reg task logs baseline --tail 20")


def command(
    ctx: typer.Context,
    task: TaskArg,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the task ends.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", metavar="N", min=0, help="Begin with the last N lines.")] = None,
) -> None:
    """Print what a task printed.

    The newest attempt's, byte for byte: standard output and standard error as they came.
    """
    from registry_cli.tasks.console import iter_console
    from registry_cli.tasks.stage import get_row

    session = open_session(ctx)
    row = get_row(session.registry, task)
    printed = False
    for piece in iter_console(session.registry, row, tail=tail, follow=follow):
        session.output.data(piece)
        printed = True
    if not printed and tail != 0:
        session.output.note(f"task {row.name} has printed nothing")
