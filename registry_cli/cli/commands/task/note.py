"""`reg task note`: add a line to the comment of the task that runs this command."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.session import open_session

EXAMPLES = ("reg task note 'the second half of the data is missing'",)


def command(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The line to add.")],
) -> None:
    """Add a line to the comment of the task that runs this command.

    Of several ranks only rank 0 adds it.
    """
    from registry_cli.env import rank
    from registry_cli.tasks.running import get_running

    running = get_running(open_session(ctx).registry)
    if rank() == 0:
        running.add_note(text)
