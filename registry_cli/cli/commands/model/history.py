"""`reg model history`: list every change of a model."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import ColumnsOpt, CsvOpt, Forms, JsonOpt, NameArg, TsvOpt, output_option
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model history iris/softmax",
    "reg model history iris/softmax --metric metrics.loss --limit 20",
    "reg model history iris/softmax --since yesterday",
    "reg model history iris/softmax --json",
)


def command(
    ctx: typer.Context,
    name: NameArg,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="FIELD", help="Draw this metric over the versions; by default the most common."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Print the changes since then: yesterday, 2d, a date."),
    ] = None,
    limit: Annotated[
        int | None,
        output_option("--limit", "-n", metavar="N", min=0, help="Print the N newest entries, each whole."),
    ] = None,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
    as_tsv: TsvOpt = False,
    columns: ColumnsOpt = None,
) -> None:
    """List every change of a model."""
    from registry_cli.cli.printing.history import print_history
    from registry_cli.registry.history import read_history

    session = open_session(ctx, Forms(as_json=as_json, as_csv=as_csv, as_tsv=as_tsv, columns=columns))
    history = read_history(session.registry, name, metric=metric, limit=limit, since=since)
    print_history(session.output, history)
