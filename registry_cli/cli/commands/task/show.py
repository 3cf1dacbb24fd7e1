"""`reg task show`: show everything about a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import AttemptOpt, RecordForms, TaskArg
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import TaskRow

EXAMPLES = (
    "reg task show baseline",
    "reg task show @last --columns metrics.loss,python.version",
    "reg task show baseline --json | jq .host",
    "reg task show baseline --diff | git apply",
    "reg task show baseline --lock > requirements.txt",
    "reg task show baseline --attempt 1",
)


def command(
    ctx: typer.Context,
    task: TaskArg,
    attempt: AttemptOpt = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print what differed from the commit, as a patch.")] = False,
    lock: Annotated[bool, typer.Option("--lock", help="Print its packages, as pip and uv install them.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="Print the cells that its notebook ran, as Python.")] = False,
    scalars: Annotated[bool, typer.Option("--scalars", help="Print every point of its curves: TSV.")] = False,
    *,
    forms: RecordForms,
) -> None:
    """Show everything about a task.

    Without --attempt, it shows the last attempt, or the last completed one where a later one failed, crashed or was
    cancelled. For a running task, it shows what is known so far.
    """
    from registry_cli.records.task import CELLS, DIFF, LOCK, SCALARS
    from registry_cli.tasks.details import read_whole
    from registry_cli.tasks.find import name_attempt, see_attempt
    from registry_cli.views.tasks import view_whole

    session = open_session(ctx, forms)
    task, attempt = name_attempt(session.registry, task, attempt)
    row = see_attempt(session.registry, task, attempt)
    asked = ((DIFF, diff), (LOCK, lock), (CELLS, cells), (SCALARS, scalars))
    parts = [path for path, wanted in asked if wanted]
    if parts:
        _print_part(session, row, parts)
        return
    whole = read_whole(session.registry, row, alone=attempt is not None)
    view = view_whole(whole, session.output.columns)
    if session.output.drawn and not forms.columns:
        from registry_cli.cli.printing.task import draw_task
        from registry_cli.tasks.details import read_curves

        session.output.draw(draw_task(view, read_curves(session.registry, row, whole.task)))
    elif session.output.mode == "json":
        session.output.record(view)
    else:  # the command as a shell takes it
        recipe = view["recipe"]
        assert isinstance(recipe, dict)
        session.output.record({**view, "recipe": {**recipe, "argv": view["command"]}})


def _print_part(session: Session, row: TaskRow, parts: list[str]) -> None:
    """Print one of a task's files, byte for byte; a clean work tree has an empty diff."""
    from registry_cli.records.task import CELLS, DIFF, LOCK, SCALARS
    from registry_cli.tasks.details import find_part
    from registry_cli.tasks.find import read_now

    if len(parts) > 1 or session.output.mode in {"json", "ids"} or session.output.columns:
        raise UsageError(
            "--diff, --lock, --cells and --scalars print bytes: give one of them alone", hint="reg task show --help"
        )
    [path] = parts
    task = read_now(session.registry, row)
    data = find_part(session.registry, row, task, path)
    if data is None and not (path == DIFF and task.code is not None):
        what = {DIFF: "git repository", LOCK: "packages", CELLS: "cells", SCALARS: "scalars"}[path]
        raise NotFoundError(f"task {row.name} has recorded no {what}", hint=f"reg task show {row.id}")
    session.output.data([data or b""])
