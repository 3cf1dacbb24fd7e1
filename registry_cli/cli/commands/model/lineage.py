"""`reg model lineage`: draw the ancestors and descendants of a version."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from registry_cli.cli.options import Forms, JsonOpt, RefArg, output_option
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg model lineage iris/tuned",
    "reg model lineage iris/tuned:1 --up --depth 3",
    "reg model lineage iris/tuned --format dot | dot -Tsvg > lineage.svg",
)

Format = Literal["tree", "dot", "mermaid", "json"]


def command(
    ctx: typer.Context,
    ref: RefArg,
    up: Annotated[bool, typer.Option("--up", help="Show only ancestors.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Show only descendants.")] = False,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="N", min=0, help="Go at most N steps; … marks what is left out.")
    ] = None,
    form: Annotated[
        Format, output_option("--format", metavar="FORMAT", help="Print tree, dot (Graphviz), mermaid or json.")
    ] = "tree",
    as_json: JsonOpt = False,
) -> None:
    """Draw the ancestors and descendants of a version.

    The task that made a version is shown below it, with commit, command, inputs and the data files that it read.
    """
    from registry_cli.cli.printing.lineage import print_tree
    from registry_cli.pictures.graph import format_dot, format_mermaid, lineage_table
    from registry_cli.registry.lineage import read_lineage

    session = open_session(ctx, Forms(as_json=as_json or form == "json"))
    lineage = read_lineage(session.registry, ref, directions=ways(up=up, down=down), depth=depth)
    match "json" if as_json else form:
        case "json":
            session.output.record(lineage_table(lineage))
        case "dot":
            session.output.text(format_dot(lineage))
        case "mermaid":
            session.output.text(format_mermaid(lineage))
        case _:
            print_tree(session.output, lineage)


def ways(*, up: bool, down: bool) -> tuple[Literal["up", "down"], ...]:
    """Return the directions to walk: the one that was asked for, or both."""
    if up == down:
        return ("up", "down")
    return ("up",) if up else ("down",)
