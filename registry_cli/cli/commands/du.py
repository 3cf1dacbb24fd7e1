"""`reg du`: show how the registry uses disk space."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from registry_cli.cli.options import Listing
from registry_cli.cli.session import open_session

EXAMPLES = ("reg du", "reg du --by model --limit 10", "reg du --json | jq '.[] | select(.area == \"trash\").bytes'")

AREAS = ("area", "files", "bytes", "disk", "summary")
SHARES = ("name", "versions", "size", "own", "shared")

ByOpt = Annotated[
    Literal["model", "project", "task"] | None,
    typer.Option("--by", help="Show the usage of each model, project or task."),
]


def command(ctx: typer.Context, by: ByOpt = None, *, listing: Listing) -> None:
    """Show how the registry uses disk space.

    By area, `bytes` is the length of the distinct files, `disk` the blocks that they take. By model, project or task,
    `own` are bytes that only its versions and tasks hold, `shared` those that others hold too; a project includes
    everything below it.
    """
    from registry_cli.registry.du import list_shares, measure_areas
    from registry_cli.views.versions import sort_rows, view_area, view_share

    session = open_session(ctx, listing)
    if by is None:
        rows = [view_area(area) for area in measure_areas(session.registry)]
        rows[:-1] = sort_rows(rows[:-1], listing.sort)[: listing.limit]
        session.output.rows(rows, AREAS, id_key="area")
        return
    rows = [view_share(share) for share in list_shares(session.registry, by)]
    if session.output.mode != "json":
        rows = [{**row, "name": row["name"] or "-"} for row in rows]
    shown = sort_rows(rows, listing.sort)[: listing.limit]
    session.output.rows(shown, SHARES, id_key="name", empty="no models yet: reg model add PROJECT/NAME FILE")
