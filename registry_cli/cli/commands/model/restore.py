"""`reg model restore`: restore archived and removed versions."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonOpt, MessageOpt, QuietOpt, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = ("reg model restore iris/softmax:1",)


def command(
    ctx: typer.Context, refs: RefsArg, message: MessageOpt = None, as_json: JsonOpt = False, quiet: QuietOpt = False
) -> None:
    """Restore archived and removed versions."""
    from registry_cli.registry.lifecycle import restore_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    rows = restore_versions(session.registry, read_refs(refs), message=message)
    session.output.results(view_versions(rows))
