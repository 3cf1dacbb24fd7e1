"""`reg fsck`: check that all that is kept is what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import JsonOpt
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
    fast: Annotated[bool, typer.Option("--fast", help="Look at names and sizes of files; read none of them.")] = False,
    strong: Annotated[
        bool, typer.Option("--strong", help="Take SHA-256 of every file; slower, and nothing can be forged.")
    ] = False,
    as_json: JsonOpt = False,
) -> None:
    """Check that all that is kept is what it was.

    The log and the records are read whole, files by their XXH3, the index is compared with the log. Nothing is
    changed. A damage is told with the versions and tasks that it touches.
    """
    from registry_cli.cli.printing.fsck import print_report
    from registry_cli.registry.fsck.fsck import check_registry

    if fast and strong:
        raise UsageError("--fast and --strong exclude each other: give one of them", hint="reg fsck --help")
    level: Level = "fast" if fast else "strong" if strong else "default"
    session = open_session(ctx, as_json=as_json)
    report = check_registry(session.registry, level, session.progress)
    print_report(session.output, report, session.registry.path)
    if report.damages:
        number = len(report.damages)
        raise CorruptError(f"{number:,} file{'s are' if number > 1 else ' is'} damaged", hint="reg repair")
