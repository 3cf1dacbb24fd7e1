"""`reg model rename`: give a model another name."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, NameArg, QuietOpt
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model rename iris/softmax iris/linear",)


def command(
    ctx: typer.Context,
    name: NameArg,
    to: Annotated[str, typer.Argument(metavar="NEW", help="Its new name; the old one leads to it.")],
    message: MessageOpt = None,
    as_json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Give a model another name."""
    from registry_cli.registry.lifecycle import rename_model

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    new = rename_model(session.registry, name, to, message=message)
    session.output.values([{"name": new, "was": name}], "name")
    session.output.note(f"{name} leads to it from now on")
