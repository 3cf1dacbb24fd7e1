"""`reg model remove`: remove versions; their numbers are never reused."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, ForceOpt, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model remove iris/softmax:1",
    "reg model remove iris/softmax:2 --force -m 'trained on the wrong data'",
    "reg undo    # brings them back",
)


def command(ctx: typer.Context, refs: RefsArg, force: ForceOpt = False, *, change: Change) -> None:
    """Remove versions; their numbers are never reused."""
    from registry_cli.registry.lifecycle import remove_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    rows = remove_versions(session.registry, read_refs(refs), force=force, message=change.message)
    session.output.results(view_versions(rows))
