"""`reg model remove`: remove versions; their numbers are never reused."""

from __future__ import annotations

import typer

from registry_cli.cli.options import ForceOpt, JsonOpt, MessageOpt, QuietOpt, RefsArg, read_refs
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model remove iris/softmax:1",
    "reg model remove iris/softmax:2 --force -m 'trained on the wrong data'",
    "reg undo    # brings them back",
)


def command(
    ctx: typer.Context,
    refs: RefsArg,
    force: ForceOpt = False,
    message: MessageOpt = None,
    as_json: JsonOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """Remove versions; their numbers are never reused."""
    from registry_cli.registry.lifecycle import remove_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, as_json=as_json, quiet=quiet)
    rows = remove_versions(session.registry, read_refs(refs), force=force, message=message)
    session.output.results(view_versions(rows))
