"""`reg model list`: list models, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import Listing
from registry_cli.cli.session import open_session

if TYPE_CHECKING:
    from registry_cli.views.versions import View

EXAMPLES = ("reg model list", "reg model list iris/", "reg model list --sort -updated --limit 5")

COLUMNS = ("name", "versions", "latest", "aliases", "published", "size", "updated")


def command(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="NAME", help="A model, or a project and all below it.")] = "",
    *,
    listing: Listing,
) -> None:
    """List models, one row each."""
    from registry_cli.catalog.read.models import list_line_names, list_lines
    from registry_cli.views.versions import sort_rows, view_model

    session = open_session(ctx, listing)
    registry = session.registry
    if session.output.prints_only("name") and not listing.sort:
        rows: list[View] = [{"name": name} for name in registry.read(lambda db: list_line_names(db, prefix))]
    else:
        rows = [view_model(row) for row in registry.read(lambda db: list_lines(db, prefix))]
    empty = "no models yet: reg model add PROJECT/NAME FILE"
    if prefix and not rows:
        from registry_cli.catalog.read.address import list_near_names
        from registry_cli.near import did_you_mean

        near = registry.read(lambda db: list_near_names(db, prefix.rstrip("/")))
        empty = f"no model in {prefix}{did_you_mean(near)}"
    session.output.rows(sort_rows(rows, listing.sort)[: listing.limit], COLUMNS, id_key="name", empty=empty)
