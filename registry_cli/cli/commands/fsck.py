"""`reg fsck`: check that every stored file is intact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import JsonForms
from registry_cli.cli.session import open_session
from registry_cli.errors import CorruptError, UsageError

if TYPE_CHECKING:
    from registry_cli.registry.fsck.report import Level

EXAMPLES = (
    "reg fsck",
    "reg fsck --fast || reg repair",
    "reg fsck --strong --json | jq '.damages[].models'",
)


def command(
    ctx: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Check only names and sizes; read no file.")] = False,
    strong: Annotated[
        bool, typer.Option("--strong", help="Check SHA-256 of every file: slower, but proof against forgery.")
    ] = False,
    *,
    forms: JsonForms,
) -> None:
    """Check that every stored file is intact.

    The log and the records are read in full, files are checked by their XXH3, also those outside the registry that
    versions only point to, and the index is compared with the log. Nothing is changed. Each damage is reported with
    the versions and tasks that it affects.
    """
    from registry_cli.cli.printing.fsck import find_outside, print_report
    from registry_cli.registry.fsck.fsck import check_registry

    if fast and strong:
        raise UsageError("--fast and --strong exclude each other: give one of them", hint="reg fsck --help")
    level: Level = "fast" if fast else "strong" if strong else "default"
    session = open_session(ctx, forms)
    report = check_registry(session.registry, level, session.progress)
    print_report(session.output, report, session.registry.path)
    if report.damages:
        number = len(report.damages)
        outside = find_outside(report.damages, report.names)
        hint = f"reg model verify {outside}" if outside else "reg repair"
        raise CorruptError(f"{number:,} file{'s are' if number > 1 else ' is'} damaged", hint=hint)
