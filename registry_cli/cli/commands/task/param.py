"""`reg task param`: record parameters of the task that runs this command."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.fields import parse_values
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg task param lr=0.1 optim.name=adam",
    "reg task param 'layers:=[4, 3]'",
)


def command(
    ctx: typer.Context,
    params: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="A parameter and its value; `:=` takes JSON.")
    ],
) -> None:
    """Record parameters of the task that runs this command.

    Dots join nested names, and `KEY:=null` removes a parameter. A value that looks like a secret is not recorded. Of
    several ranks only rank 0 records.
    """
    from registry_cli.env import rank
    from registry_cli.sdk.params import told_params
    from registry_cli.tasks.running import get_running

    session = open_session(ctx)
    values = parse_values(params, option="reg task param")
    open_ = told_params(values)
    running = get_running(session.registry)
    for name in values.keys() - open_.keys():
        session.output.warn(f"{name} looks like a secret and is not recorded")
    if rank() == 0 and open_:
        running.add_params(open_)
