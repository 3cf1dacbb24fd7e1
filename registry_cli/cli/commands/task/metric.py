"""`reg task metric`: log numbers of the task that runs this command."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.fields import parse_metrics
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task metric loss=0.3 --step 4",
    "reg log -- sh -c 'reg task metric acc=$(./evaluate \"$REG_INPUT_BASE\")'",
)


def command(
    ctx: typer.Context,
    metrics: Annotated[list[str], typer.Argument(metavar="KEY=NUMBER", help="A scalar and its value; `nan` too.")],
    step: Annotated[int | None, typer.Option("--step", metavar="N", help="The step that they belong to.")] = None,
) -> None:
    """Log numbers of the task that runs this command.

    Without --step a value counts as the next one of its name. Of several ranks only rank 0 logs.
    """
    from registry_cli.env import rank
    from registry_cli.tasks.running import get_running

    values = parse_metrics(metrics, option="reg task metric")
    running = get_running(open_session(ctx).registry)
    if rank() == 0:
        running.add_points(values, step)
