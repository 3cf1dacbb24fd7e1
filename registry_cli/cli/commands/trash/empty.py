"""`reg trash empty`: delete the files in the trash."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from registry_cli.cli.options import DryRunOpt, JsonForms, MessageOpt, YesOpt
from registry_cli.cli.session import open_session

if TYPE_CHECKING:
    from registry_cli.cli.output import Output
    from registry_cli.store.trash import Trashed

EXAMPLES = ("reg trash empty --dry-run", "reg trash empty --yes -m 'disk full'")


def command(
    ctx: typer.Context, dry_run: DryRunOpt = False, yes: YesOpt = False, message: MessageOpt = None, *, forms: JsonForms
) -> None:
    """Delete the files in the trash.

    It does not wait for the period gc.trash. Damaged bytes without an intact copy stay.
    """
    from registry_cli.registry.gc.collect import empty_trash, preview_emptying
    from registry_cli.registry.gc.restore import list_trashed
    from registry_cli.views.text import format_size

    session = open_session(ctx, forms)
    doomed = preview_emptying(session.registry)
    listed = {trashed.path for trashed in list_trashed(session.registry)}  # a second name is no file of its own
    files = [trashed.path for trashed in doomed if trashed.path in listed]
    size = sum(trashed.freed for trashed in doomed)
    if not dry_run and doomed:
        question = f"Delete {len(files):,} file{'s' if len(files) != 1 else ''} ({format_size(size)}) for ever?"
        if files and not session.confirm(question, yes=yes):
            raise typer.Exit(1)
        size = empty_trash(session.registry, message=message)
        files = [path for path in files if not path.exists()]
    if session.output.drawn:
        sys.stdout.write(f"{format_size(size)} {'would be freed' if dry_run else 'freed'}\n")
    else:
        session.output.record({"freed": size, "files": len(files)}, id_key="freed")
    going = {trashed.path for trashed in doomed} if dry_run else set()
    left = [trashed for trashed in list_trashed(session.registry) if trashed.path not in going]
    _report(session.output, left, changed=bool(doomed) and not dry_run)


def _report(output: Output, left: list[Trashed], *, changed: bool) -> None:
    """Write a note on the state of the trash, and on the files that stay there."""
    if not changed:
        output.note("nothing was deleted")
    elif not left:
        output.note("the trash is empty")
    damaged = sum(trashed.reason == "damaged" for trashed in left)
    if damaged:
        kept = "1 damaged file is kept until intact bytes are in its place"
        many = f"{damaged:,} damaged files are kept until intact bytes are in their places"
        output.note(f"{kept if damaged == 1 else many}: reg repair --from PATH")
