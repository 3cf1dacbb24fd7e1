"""`reg trash list`: list the files in the trash."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Listing
from registry_cli.cli.session import open_session

EXAMPLES = ("reg trash list", "reg trash list --sort -size --limit 5", "reg trash list -q | xargs -r reg trash restore")

COLUMNS = ("id", "size", "reason", "since", "until", "versions")


def command(ctx: typer.Context, listing: Listing) -> None:
    """List the files in the trash.

    Files that were moved there first come first. Swept files are intact and can be restored; damaged files were set
    aside by `reg repair`, or when good bytes came, and stay until intact bytes are in their place.
    """
    from registry_cli.catalog.read.uses import list_users
    from registry_cli.registry.gc.restore import list_trashed
    from registry_cli.registry.settings import read_policy
    from registry_cli.views.versions import sort_rows, view_trashed

    session = open_session(ctx, listing)
    registry = session.registry
    period = registry.read(read_policy).trash
    found = list_trashed(registry)
    users = registry.read(lambda db: [list_users(db, trashed.blob) if trashed.blob else [] for trashed in found])
    rows = [view_trashed(trashed, period, named) for trashed, named in zip(found, users, strict=True)]
    session.output.rows(sort_rows(rows, listing.sort)[: listing.limit], COLUMNS, empty="the trash is empty")
