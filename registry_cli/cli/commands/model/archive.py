"""`reg model archive`: hide versions from listings."""

from __future__ import annotations

from shlex import quote

import typer

from registry_cli.cli.options import Change, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model archive iris/softmax:1", "reg model query 'created < now-90d' -q | reg model archive -")


def command(ctx: typer.Context, refs: RefsArg, change: Change) -> None:
    """Hide versions from listings."""
    from registry_cli.registry.lifecycle import archive_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    rows = archive_versions(session.registry, read_refs(refs), message=change.message)
    session.output.results(view_versions(rows))
    for row in rows:
        if row.aliases:
            held = " and ".join(f"@{alias}" for alias in row.aliases)
            session.output.warn(f"{row.ref} still holds {held}, which leads to it although it is archived")
            session.output.hint(f"reg model restore {quote(row.ref)}")
