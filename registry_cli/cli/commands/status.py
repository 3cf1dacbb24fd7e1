"""`reg status`: show which registry is used, and its state."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonForms
from registry_cli.cli.session import open_session

EXAMPLES = ("reg status", "reg status --json | jq .versions")


def command(ctx: typer.Context, forms: JsonForms) -> None:
    """Show which registry is used, and its state."""
    from registry_cli.registry.status import read_status
    from registry_cli.views.versions import view_status

    session = open_session(ctx, forms)
    status = view_status(read_status(session.registry))
    if session.output.drawn:
        from registry_cli.cli.card import draw_status

        session.output.draw(draw_status(status))
    else:
        session.output.record(status)
    if status["lost"]:
        session.output.hint("reg repair")
    if status["void"]:
        session.output.hint("reg events --void")
