"""`reg task run`: run a draft, or run a task again."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from registry_cli import env
from registry_cli.cli.options import ResultForms, TaskArg
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import RefusedError, UsageError
from registry_cli.views.text import pick

if TYPE_CHECKING:
    from registry_cli.ids import TaskId
    from registry_cli.tasks.drivers.port import Driver, Job, JobId

EXAMPLES = (
    "reg task run baseline",
    "reg task run baseline --env lock",
    "reg task run baseline --here",
    "reg task run 01JD --detach; reg task logs -f 01JD",
    "reg task run baseline --check --tolerance 1e-3",
)


def command(
    ctx: typer.Context,
    task: TaskArg,
    here: Annotated[
        bool, typer.Option("--here", help="Run in the folder where it ran, with the code there now.")
    ] = False,
    environment: Annotated[
        Literal["none", "lock", "current"],
        typer.Option(
            "--env",
            metavar="none|lock|current",
            help="The Python to use: the command's own, one built from the lock, or the active one.",
        ),
    ] = "none",
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Do not wait for its end.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Run a clone, and compare metrics and outputs.")] = False,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", metavar="X", min=0, help="Metrics this close are equal [1e-6].")
    ] = None,
    inline: Annotated[bool, typer.Option("--inline", help="Run in this process; drivers use it.")] = False,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", min=1, help="Run only if this is the next attempt.")
    ] = None,
    *,
    forms: ResultForms,
) -> None:
    """Run a draft, or run a task again.

    Its commit, diff and untracked files are restored in a folder that is removed afterwards. A task that ran gets
    another attempt. The exit code is the command's, 125 where it could not be prepared; with --check it is 1 where
    metrics or outputs differ.
    """
    if (check and (detach or inline)) or (inline and detach):
        raise UsageError(
            "--check, --detach and --inline exclude each other: give one of them", hint="reg task run --help"
        )
    if tolerance is not None and not check:
        raise UsageError(
            "--tolerance says how --check compares", hint=f"reg task run {quote(task)} --check --tolerance {tolerance}"
        )
    from registry_cli.tasks.drivers.local import open_driver

    session = open_session(ctx, forms)
    if inline:
        raise typer.Exit(_run_inline(session, task, environment, here=here, attempt=attempt))
    if check:
        raise typer.Exit(_check(session, task, environment, here=here, tolerance=tolerance))
    job = _make_job(session, task, environment, here=here, attempt=attempt)
    driver = open_driver(session.registry)
    submitted = driver.submit(job)
    if detach:
        _report_submitted(session, job.task, submitted)
    else:
        raise typer.Exit(_follow(session, driver, submitted, job.task, quiet=forms.quiet))


def _run_inline(session: Session, ref: str, environment: Literal["none", "lock", "current"], *, here: bool,
                attempt: int | None) -> int:  # fmt: skip
    from registry_cli.tasks.child.outcome import launching
    from registry_cli.tasks.rerun.again import run_again

    sys.stdout.flush()
    with launching():
        outcome = run_again(
            session.registry, ref, environ=env.read_all(), environment=environment, here=here, attempt=attempt
        )
    for problem in (*outcome.problems, *outcome.missed):
        session.output.warn(problem)
    if outcome.launch:
        raise outcome.launch
    return outcome.code


def _make_job(session: Session, ref: str, environment: str, *, here: bool, attempt: int | None) -> Job:
    from registry_cli.records.task import CELLS
    from registry_cli.tasks.drivers.local import own_argv
    from registry_cli.tasks.drivers.port import Job
    from registry_cli.tasks.record import get_task
    from registry_cli.tasks.rerun.again import get_runnable
    from registry_cli.tasks.rerun.prepare import find_code

    row = get_runnable(session.registry, ref)
    task = get_task(session.registry, row)
    if not here and find_code(task) is None:
        cells = task.find_file(CELLS) is not None
        what = "its cells use the files as they are now" if cells else "the code is run as it is now"
        session.output.warn(f"task {row.name} was not in git: {what}")
    number = attempt or row.attempt + 1
    words = ["task", "run", row.id, "--inline", "--attempt", str(number), "--env", environment]
    words += ["--here"] if here else []
    argv = own_argv("registry_cli", *words, "--registry", str(session.registry.path))
    return Job(row.id, number, argv, Path.cwd(), env.read_all())


def _follow(session: Session, driver: Driver, submitted: JobId, task: TaskId, *, quiet: bool) -> int:
    """Print the output of a job until it ends, and return its exit code; Ctrl-C cancels it."""
    from registry_cli.errors import RegError

    try:
        for chunk in driver.logs(submitted, follow=True):
            if not quiet:
                session.output.pass_on(chunk)
    except (KeyboardInterrupt, SystemExit):  # the latter is how SIGTERM arrives
        _cancel(session, driver, submitted, task)
        raise
    state = driver.status(submitted)
    if state.phase == "lost":
        raise RegError(f"job {submitted} is gone, and its end is unknown", hint=f"reg task show {task}")
    return state.code if state.code is not None else 1


def _cancel(session: Session, driver: Driver, submitted: JobId, task: TaskId) -> None:
    """Cancel the task if it is running by now, and its job in any case."""
    from registry_cli.tasks.cancel import cancel_tasks
    from registry_cli.tasks.find import see_tasks

    session.registry.index.sync()
    if see_tasks(session.registry, [task])[0].status == "running":
        with suppress(RefusedError):  # it has just ended
            cancel_tasks(session.registry, [task])
    driver.cancel(submitted)
    row = see_tasks(session.registry, [task])[0]
    session.output.note(f"task {row.name} was asked to end and still runs" if row.status == "running" else
                        f"task {row.name} is {row.status}")  # fmt: skip


def _report_submitted(session: Session, task: TaskId, submitted: JobId) -> None:
    from registry_cli.tasks.find import see_tasks

    row = see_tasks(session.registry, [task])[0]
    session.output.results([{"ref": row.name, "id": task, "job": submitted}])
    session.output.hint(f"reg task logs -f {task}")


def _check(session: Session, ref: str, environment: str, *, here: bool, tolerance: float | None) -> int:
    """Run a clone and print how it differs; its outputs are archived afterwards."""
    from registry_cli.records.status import ENDED
    from registry_cli.tasks.drivers.local import open_driver
    from registry_cli.tasks.find import see_tasks
    from registry_cli.tasks.rerun.check import TOLERANCE, check_runs, need_comparable, set_aside
    from registry_cli.tasks.rerun.draft import clone_task

    registry = session.registry
    [old] = see_tasks(registry, [ref])
    need_comparable(registry, old)
    clone = clone_task(registry, old.id, message=f"to check task {old.id}")
    job = _make_job(session, clone.id, environment, here=here, attempt=None)
    driver = open_driver(registry)
    code = _follow(session, driver, driver.submit(job), clone.id, quiet=True)
    registry.index.sync()
    rows = [] if code else check_runs(registry, old.id, clone.id, TOLERANCE if tolerance is None else tolerance)
    if see_tasks(registry, [clone.id])[0].status in ENDED:
        set_aside(registry, clone.id, f"made to check task {old.id}")
    if code:
        session.output.warn(f"the clone {clone.id} ended with {code}; reg task logs {clone.id}")
        return code
    columns = ("kind", "name", "old", "new", "difference", "same")
    views = [pick(row, columns) for row in rows]
    session.output.rows(views, columns, id_key="name", empty="nothing to compare")
    return 0 if all(row.same for row in rows) else 1
