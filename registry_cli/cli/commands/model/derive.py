"""`reg model derive`: make a new draft that shares the bytes of a version."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.fields import EditOptions, parse_edit
from registry_cli.cli.options import Change, RefArg
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model derive iris/softmax:2 --label other=3",
    "reg model derive iris/softmax@prod --name iris/pilot --set metadata.x=0.3",
)


def command(
    ctx: typer.Context,
    ref: RefArg,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The draft's model; by default the same one.")
    ] = None,
    *,
    options: EditOptions,
    change: Change,
) -> None:
    """Make a new draft that shares the bytes of a version."""
    from registry_cli.ids import parse_model_name
    from registry_cli.registry.editing import derive_version
    from registry_cli.views.versions import view_version

    session = open_session(ctx, change)
    edit = parse_edit(options)
    model = parse_model_name(name) if name else None
    row = derive_version(session.registry, ref, edit, name=model, message=change.message)
    session.output.results([view_version(row)])
