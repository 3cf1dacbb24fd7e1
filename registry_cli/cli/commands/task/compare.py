"""`reg task compare`: show how tasks differ."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import CsvOpt, Forms, JsonOpt, TasksArg, read_refs, split_list
from registry_cli.cli.session import open_session
from registry_cli.dataclass import replace

EXAMPLES = (
    "reg task compare baseline tuned",
    "reg task compare baseline tuned --only metrics,packages",
    "reg task compare baseline --attempt 1 --attempt 2",
    "reg task compare baseline:1 tuned:3",
    "reg task list --sort metrics.loss --limit 3 -q | reg task compare - --csv",
)


def command(
    ctx: typer.Context,
    tasks: TasksArg,
    attempt: Annotated[
        list[int] | None,
        typer.Option(
            "--attempt",
            metavar="N",
            min=1,
            help="This attempt; repeat it for several of one task, or one for each task.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="GROUPS",
            help="Compare these of fields, metrics, params, inputs, data, code, packages, environment, python, host, "
            "seeds, outputs.",
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show equal fields too.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where the tasks differ.")] = False,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
) -> None:
    """Show how tasks differ.

    Commands, code, inputs, environments and results are compared; files are compared by their digests. With one
    --attempt, a single task is compared in that attempt and as `reg task show` shows it.
    """
    from registry_cli.cli.printing.task_compare import print_task_comparison
    from registry_cli.tasks.compare import compare_tasks

    session = open_session(ctx, Forms(as_json=as_json, as_csv=as_csv))
    found = compare_tasks(session.registry, read_refs(tasks), only=split_list(only), attempts=attempt or ())
    print_task_comparison(
        session.output, found if show_all else replace(found, rows=tuple(row for row in found.rows if not row.same))
    )
    if exit_code and found.differs:
        raise typer.Exit(1)
