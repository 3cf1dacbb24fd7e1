"""`reg trash empty`: delete what lies in the trash."""

from __future__ import annotations

import typer

from registry_cli.cli.options import DryRunOpt, JsonOpt, MessageOpt, YesOpt
from registry_cli.cli.session import open_session

EXAMPLES = ("reg trash empty --dry-run", "reg trash empty --yes -m 'disk full'")


def command(
    ctx: typer.Context,
    dry_run: DryRunOpt = False,
    yes: YesOpt = False,
    message: MessageOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Delete what lies in the trash.

    It does not wait for gc.trash to be over. Damaged bytes of which there is no whole copy stay.
    """
    from registry_cli.cli.cells import format_size
    from registry_cli.registry.gc.collect import empty_trash, preview_emptying

    session = open_session(ctx, as_json=as_json)
    doomed = preview_emptying(session.registry)
    size = sum(trashed.freed for trashed in doomed)
    if not dry_run and doomed:
        question = f"Delete {len(doomed):,} file{'s' if len(doomed) > 1 else ''} ({format_size(size)}) for ever?"
        if not session.confirm(question, yes=yes):
            raise typer.Exit(1)
        size = empty_trash(session.registry, message=message)
    session.output.record({"freed": size, "files": len(doomed)}, id_key="freed")
    session.output.note("nothing was deleted" if dry_run or not doomed else "the trash is empty")
