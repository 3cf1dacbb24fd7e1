"""`reg model compare`: show how versions differ."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import CsvOpt, Forms, JsonOpt, RefsArg, output_option, read_refs, split_list
from registry_cli.cli.session import open_session
from registry_cli.dataclass import replace
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg model compare iris/softmax:1 iris/softmax:2",
    "reg model compare iris/softmax@prod iris/softmax --only metrics,params",
    "reg model query 'name = iris/softmax' -q | reg model compare - --csv",
    "reg model compare iris/softmax:1 iris/softmax:2 --md >> $GITHUB_STEP_SUMMARY",
)


def command(
    ctx: typer.Context,
    refs: RefsArg,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="GROUPS",
            help="Compare these of fields, metrics, params, labels, metadata, files, parents, design.",
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show equal fields too.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where the versions differ.")] = False,
    markdown: Annotated[bool, output_option("--md", help="Print GitHub Markdown.")] = False,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
) -> None:
    """Show how versions differ."""
    if markdown + as_json + as_csv > 1:
        raise UsageError("--json, --csv and --md exclude each other: give one of them", hint="reg model compare --help")
    from registry_cli.cli.printing.compare import print_comparison
    from registry_cli.registry.compare import compare_versions

    session = open_session(ctx, Forms(as_json=as_json, as_csv=as_csv))
    found = compare_versions(session.registry, read_refs(refs), only=split_list(only))
    shown = found if show_all else replace(found, rows=tuple(row for row in found.rows if not row.same))
    print_comparison(session.output, shown, markdown=markdown)
    if exit_code and found.differs:
        raise typer.Exit(1)
