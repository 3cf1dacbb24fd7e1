"""`reg model publish`: seal versions for ever."""

from __future__ import annotations

import typer

from registry_cli.cli.options import Change, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model publish iris/softmax:2", "reg model publish iris/softmax@prod -m 'approved by risk'")


def command(ctx: typer.Context, refs: RefsArg, change: Change) -> None:
    """Seal versions for ever."""
    from registry_cli.registry.lifecycle import publish_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    rows = publish_versions(session.registry, read_refs(refs), message=change.message, progress=session.progress)
    session.output.results(view_versions(rows))
