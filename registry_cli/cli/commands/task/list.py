"""`reg task list`: list tasks, or those that an expression finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli import clock
from registry_cli.cli.options import Listing, Options, Words, narrow_option
from registry_cli.cli.session import Session, open_session
from registry_cli.records.status import STATUSES

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.tasks.find import Found, TaskQuestion
    from registry_cli.views.versions import View

EXAMPLES = (
    "reg task list",
    "reg task list 'status:failed or metrics.loss < 0.2' --sort -started",
    "reg task list --project iris --status running --status failed",
    "reg task list --sort metrics.loss -n 5 --columns name,metrics.loss,params.lr",
    "reg task list --attempts --name baseline",
    "reg task list --since 2d",
    "reg task list 'uses(iris/softmax@prod)' --json | jq '.[].command'",
    "reg task list 'status:failed and created < now-30d' -q | reg task archive -",
)

COLUMNS = ("id", "name", "project", "status", "started", "duration", "exit_code", "tags")
"""Columns in a pipe; the id comes first, since names are not unique."""
METRICS = 3
"""Most metrics that a terminal shows unless columns are chosen."""
SHORT_ID = 12
"""Letters of an id on a terminal: those that encode its time, and two more."""


class Narrow(Options):
    """The options that narrow a query of tasks."""

    project: Annotated[Words, narrow_option("--project", metavar="PROJECT", help="In this project or below it.")]
    name: Annotated[Words, narrow_option("--name", metavar="NAME", help="With this name, or a glob.")]
    tag: Annotated[Words, narrow_option("--tag", metavar="TAG", help="With this tag; --tag=-T without it.")]
    status: Annotated[
        Words,
        narrow_option("--status", metavar="|".join(STATUSES), help="With this status; repeat it for any of several."),
    ]
    metric: Annotated[Words, narrow_option("--metric", metavar="COMPARISON", help="With a metric such as 'loss<0.2'.")]
    since: Annotated[
        str, narrow_option("--since", metavar="TIME", help="Made or started since: today, 2d, a date.")
    ] = ""
    archived: Annotated[bool, narrow_option("--archived", help="Only archived ones.")] = False
    attempts: Annotated[bool, narrow_option("--attempts", help="Each attempt by itself, failed ones too.")] = False
    include_archived: Annotated[bool, narrow_option("--all", help="Archived ones too.")] = False


def command(
    ctx: typer.Context,
    expr: Annotated[str, typer.Argument(metavar="EXPR", help="A query that tasks match; see `reg help query`.")] = "",
    *,
    narrow: Narrow,
    listing: Listing,
) -> None:
    """List tasks, or those that an expression finds.

    A task has the status and the metrics of its last attempt, or of its last completed one where a later one failed,
    crashed or was cancelled. With --attempts, -q prints the address of each, ID:N, which `reg task show`, `logs` and
    `compare` take.
    """
    from registry_cli.tasks.find import TaskQuestion, search_tasks

    session = open_session(ctx, listing)
    question = TaskQuestion(expr, sort=listing.sort or "", limit=listing.limit, **narrow.fields())
    found = search_tasks(session.registry, question)
    advice = [] if found.rows or question.limit == 0 else _list_advice(session, question)
    _print(session, found, question, empty=advice.pop(0) if advice else "no tasks found")
    for sentence in advice:
        session.output.note(sentence)


def _list_advice(session: Session, question: TaskQuestion) -> list[str]:
    """Return what is near to names and values that no task has."""
    from registry_cli.catalog.query.subject import TASKS
    from registry_cli.registry.query_advice import list_advice
    from registry_cli.tasks.find import read_expr

    return list(dict.fromkeys(list_advice(session.registry, read_expr(session.registry, question), TASKS)))


def _print(session: Session, found: Found, question: TaskQuestion, *, empty: str) -> None:
    """Print the tasks that were found; except for a drawn table, each is read as it is printed."""
    from registry_cli.tasks.find import iter_attempt_addresses, iter_task_ids, iter_tasks, list_near_task_fields
    from registry_cli.views.tasks import view_task, view_tasks

    output = session.output
    if output.mode == "ids" and not output.columns and question.attempts:  # an id alone would be the same for several
        output.rows(({"id": one} for one in iter_attempt_addresses(session.registry, found)), ["id"], empty=empty)
    elif output.prints_only("id"):
        output.rows(({"id": task} for task in iter_task_ids(session.registry, found)), ["id"], empty=empty)
    elif output.drawn and not output.columns:
        rows = list(iter_tasks(session.registry, found))
        columns = _with_attempt(_columns(rows, question.sort), question)
        output.rows(map(_shortened, view_tasks(rows, columns)), columns, empty=empty)
    else:
        views = (view_task(row, output.columns) for row in iter_tasks(session.registry, found))
        output.rows(
            views, _with_attempt(COLUMNS, question), empty=empty, near=partial(list_near_task_fields, session.registry)
        )


def _with_attempt(columns: Sequence[str], question: TaskQuestion) -> list[str]:
    """Return the columns, with the attempt before the status where each attempt is a row."""
    at = columns.index("status") if question.attempts else len(columns)
    return [*columns[:at], *(["attempt"] if question.attempts else []), *columns[at:]]


def _columns(rows: Sequence[TaskRow], sort: str) -> list[str]:
    """Return the columns for a terminal: those that all tasks have, and those that distinguish these tasks."""
    sorted_by = [key.strip().removeprefix("-") for key in sort.split(",")]
    often = Counter(key for row in rows for key in row.metrics)
    wanted = [key for key in sorted_by if key.startswith("metrics.")]
    metrics = list(dict.fromkeys([*wanted, *(f"metrics.{key}" for key, _ in often.most_common())]))[:METRICS]
    several = ["project"] if len({row.project for row in rows}) > 1 else []
    failed = ["exit_code"] if any(row.exit_code for row in rows) else []
    useful = [field for field in ("tags", "archived") if any(getattr(row, field) for row in rows)]
    return ["name", "id", "status", "started", "duration", *metrics, *failed, *several, *useful]


def _shortened(view: View) -> View:
    """Return a task as a table shows it: with a short id, and for a running task with the time so far."""
    id_, started = view["id"], view["started"]
    assert isinstance(id_, str)
    elapsed = view["duration"]
    if view["status"] == "running" and isinstance(started, datetime):
        elapsed = (clock.now() - started).total_seconds()
    return {**view, "id": id_[:SHORT_ID], "duration": elapsed}
