"""`reg model rename`: give a model another name."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import Change, NameArg
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model rename iris/softmax iris/linear",)


def command(
    ctx: typer.Context,
    name: NameArg,
    to: Annotated[str, typer.Argument(metavar="NEW", help="Its new name; the old one leads to it.")],
    *,
    change: Change,
) -> None:
    """Give a model another name."""
    from registry_cli.registry.lifecycle import rename_model

    session = open_session(ctx, change)
    new = rename_model(session.registry, name, to, message=change.message)
    session.output.values([{"name": new, "was": name}], "name")
    session.output.note(f"{name} leads to it from now on")
