"""`reg task list`: list tasks, or those that an expression finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry_cli import clock
from registry_cli.cli.options import ColumnsOpt, CsvOpt, JsonOpt, LimitOpt, QuietOpt, SortOpt, TsvOpt, Words
from registry_cli.cli.session import Session, open_session
from registry_cli.records.status import STATUSES

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.tasks.find import Found
    from registry_cli.views.versions import View

EXAMPLES = (
    "reg task list",
    "reg task list 'status:failed or metrics.loss < 0.2' --sort -started",
    "reg task list --project iris --status running --status failed",
    "reg task list --sort metrics.loss -n 5 --columns name,metrics.loss,params.lr",
    "reg task list 'uses(iris/softmax@prod)' --json | jq '.[].command'",
    "reg task list 'status:failed and created < now-30d' -q | reg task archive -",
)

COLUMNS = ("id", "name", "project", "status", "started", "duration", "exit_code", "tags")
"""Columns in a pipe; the id comes first, since names are not unique."""
METRICS = 3
"""Most metrics that a terminal shows unless columns are chosen."""
SHORT_ID = 12
"""Letters of an id on a terminal: those that encode its time, and two more."""


def _narrow(flag: str, metavar: str | None, text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=text, rich_help_panel="Narrow")


ExprArg = Annotated[str, typer.Argument(metavar="EXPR", help="A query that tasks match; see `reg help query`.")]
ProjectOpt = Annotated[Words, _narrow("--project", "PROJECT", "In this project or below it.")]
NameOpt = Annotated[Words, _narrow("--name", "NAME", "With this name, or a glob.")]
TagOpt = Annotated[Words, _narrow("--tag", "TAG", "With this tag; --tag=-T without it.")]
StatusOpt = Annotated[Words, _narrow("--status", "|".join(STATUSES), "With this status; repeat it for any of several.")]
MetricOpt = Annotated[Words, _narrow("--metric", "COMPARISON", "With a metric such as 'loss<0.2'.")]
ArchivedOpt = Annotated[bool, _narrow("--archived", None, "Only archived ones.")]
AllOpt = Annotated[bool, _narrow("--all", None, "Archived ones too.")]


def command(
    ctx: typer.Context,
    expr: ExprArg = "",
    project: ProjectOpt = None,
    name: NameOpt = None,
    tag: TagOpt = None,
    status: StatusOpt = None,
    metric: MetricOpt = None,
    archived: ArchivedOpt = False,
    everything: AllOpt = False,
    sort: SortOpt = None,
    limit: LimitOpt = None,
    columns: ColumnsOpt = None,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
    as_tsv: TsvOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """List tasks, or those that an expression finds."""
    from registry_cli.tasks.find import TaskQuestion, search_tasks

    session = open_session(ctx, as_json=as_json, as_csv=as_csv, as_tsv=as_tsv, quiet=quiet, columns=columns)
    question = TaskQuestion(
        expr=expr, sort=sort or "", limit=limit, project=tuple(project or ()), name=tuple(name or ()),
        tag=tuple(tag or ()), status=tuple(status or ()), metric=tuple(metric or ()), archived=archived,
        include_archived=everything,
    )  # fmt: skip
    _print(session, search_tasks(session.registry, question), question.sort)


def _print(session: Session, found: Found, sort: str) -> None:
    """Print the tasks that were found; except for a drawn table, each is read as it is printed."""
    from registry_cli.tasks.find import iter_task_ids, iter_tasks
    from registry_cli.views.tasks import view_task, view_tasks

    output, empty = session.output, "no tasks found"
    if output.prints_only("id"):
        output.rows(({"id": task} for task in iter_task_ids(session.registry, found)), ["id"], empty=empty)
    elif output.drawn and not output.columns:
        rows = list(iter_tasks(session.registry, found))
        output.rows(map(_shortened, view_tasks(rows)), _columns(rows, sort), empty=empty)
    else:
        output.rows(map(view_task, iter_tasks(session.registry, found)), COLUMNS, empty=empty)


def _columns(rows: Sequence[TaskRow], sort: str) -> list[str]:
    """Return the columns for a terminal: those that all tasks have, and those that distinguish these tasks."""
    sorted_by = [key.strip().removeprefix("-") for key in sort.split(",")]
    often = Counter(key for row in rows for key in row.metrics if not _is_bound(key, row))
    wanted = [key for key in sorted_by if key.startswith("metrics.")]
    metrics = list(dict.fromkeys([*wanted, *(f"metrics.{key}" for key, _ in often.most_common())]))[:METRICS]
    several = ["project"] if len({row.project for row in rows}) > 1 else []
    failed = ["exit_code"] if any(row.exit_code for row in rows) else []
    useful = [field for field in ("tags", "archived") if any(getattr(row, field) for row in rows)]
    return ["name", "id", "status", "started", "duration", *metrics, *failed, *several, *useful]


def _is_bound(key: str, row: TaskRow) -> bool:
    """Return whether a metric is a bound of another one that the task has too, such as `loss.min` of `loss`."""
    name, _, bound = key.rpartition(".")
    return bound in {"min", "max", "last"} and name in row.metrics


def _shortened(view: View) -> View:
    """Return a task as a table shows it: with a short id, and for a running task with the time so far."""
    id_, started = view["id"], view["started"]
    assert isinstance(id_, str)
    elapsed = view["duration"]
    if view["status"] == "running" and isinstance(started, datetime):
        elapsed = (clock.now() - started).total_seconds()
    return {**view, "id": id_[:SHORT_ID], "duration": elapsed}
