"""`reg gc`: free the bytes that nothing uses."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from registry_cli.cli.options import DryRunOpt, JsonForms, MessageOpt
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg gc --dry-run    # what would be freed, now and later",
    "reg gc",
    "reg gc --explain fraud/xgb:3    # why it stays, or when it goes",
    "reg gc --now    # all at once, while nobody writes",
)


def command(
    ctx: typer.Context,
    dry_run: DryRunOpt = False,
    now: Annotated[
        bool, typer.Option("--now", help="Skip the grace and trash periods; refused while others write.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="REF", help="Explain why a version stays or goes, and do nothing."),
    ] = None,
    forced: Annotated[
        bool, typer.Option("--forced", help="Free also what `remove --force` removed: published versions, parents.")
    ] = False,
    message: MessageOpt = None,
    *,
    forms: JsonForms,
) -> None:
    """Free the bytes that nothing uses.

    Unused bytes are announced, moved to the trash after the setting gc.grace, and deleted from there after gc.trash.
    Run it now and then: each run takes the step that is due. Versions, tasks and the log are never touched.
    """
    from registry_cli.cli.printing.gc import print_collected, print_explanation, print_plan
    from registry_cli.registry.gc.collect import preview_collection, run_collection
    from registry_cli.registry.gc.explain import explain_version

    session = open_session(ctx, forms)
    if explain is not None:
        if dry_run or now:
            raise UsageError(
                "--explain frees nothing, so it goes without --now and --dry-run",
                hint=f"reg gc --explain {quote(explain)}",
            )
        print_explanation(session.output, explain_version(session.registry, explain))
    elif dry_run:
        print_plan(session.output, preview_collection(session.registry, instant=now, forced=forced))
    else:
        done = run_collection(session.registry, instant=now, forced=forced, message=message, progress=session.progress)
        print_collected(session.output, done)
