"""`reg repair`: repair damaged files, from this registry or a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_cli.cli.options import DryRunOpt, JsonForms
from registry_cli.cli.session import open_session
from registry_cli.errors import CorruptError

EXAMPLES = (
    "reg repair --dry-run    # what could be mended, and from where",
    "reg repair",
    "reg repair --from /backup/project    # a copy, or any other registry",
    "reg repair --json | jq '.lost[].path'",
)


def command(
    ctx: typer.Context,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="Also fetch from this .registry, or the folder that holds it."),
    ] = None,
    strong: Annotated[
        bool, typer.Option("--strong", help="Check SHA-256 of every file: slower, but proof against forgery.")
    ] = False,
    dry_run: DryRunOpt = False,
    *,
    forms: JsonForms,
) -> None:
    """Repair damaged files, from this registry or a copy.

    Damaged bytes are never deleted, they go to the trash; fetched bytes are accepted only if their SHA-256 is right.
    Bytes that no source has are recorded as lost in this copy: everything else can be read and written, and the
    command exits with 14.
    """
    from registry_cli.cli.printing.fsck import find_outside
    from registry_cli.cli.printing.repair import print_repair, summary
    from registry_cli.opening import Registry
    from registry_cli.registry.repair.repair import repair_registry

    session = open_session(ctx, forms)
    repair = repair_registry(
        session.root, source=source, level="strong" if strong else "default", dry_run=dry_run,
        progress=session.progress, opener=Registry,
    )  # fmt: skip
    print_repair(session.output, repair, session.root, dry_run=dry_run)
    if repair.lost:
        outside = find_outside(repair.lost, repair.names)
        hint = f"reg model verify {outside}" if outside else "reg repair --help"
        raise CorruptError(summary(repair), hint=hint)
