"""`reg model restore`: restore archived and removed versions."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model restore iris/softmax:1",)


def command(ctx: typer.Context, refs: RefsArg, change: Change) -> None:
    """Restore archived and removed versions."""
    from registry_cli.registry.lifecycle import restore_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    rows = restore_versions(session.registry, read_refs(refs), message=change.message)
    session.output.results(view_versions(rows))
