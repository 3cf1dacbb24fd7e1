"""`reg model show`: show all about a version."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import ColumnsOpt, JsonOpt, QuietOpt, RefArg
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model show iris/softmax@prod",
    "reg model show iris/softmax:2 --columns metrics.acc",
    "reg model show iris/softmax --json | jq .files",
    "reg model show iris/softmax --design > net.json",
)


def command(
    ctx: typer.Context,
    ref: RefArg,
    design: Annotated[bool, typer.Option("--design", help="Print the design alone, byte for byte.")] = False,
    columns: ColumnsOpt = None,
    as_json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Show all about a version.

    `partial` names what is known to be lost in this copy of the registry, such as files.
    """
    from registry_cli.cli.views import view_version
    from registry_cli.registry.partial import list_lost

    session = open_session(ctx, as_json=as_json, quiet=quiet, columns=columns)
    row = session.registry.get_row(ref)
    if design:
        from registry_cli.registry.designs import read_design

        session.output.data(read_design(session.registry.layout, row))
        return
    version = {**view_version(row), "partial": list_lost(session.registry.layout, row)}
    if session.output.drawn and not columns:
        from registry_cli.cli.card import draw_version

        session.output.draw(draw_version(version))
    else:
        session.output.record(version)
