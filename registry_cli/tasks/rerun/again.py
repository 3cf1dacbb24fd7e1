"""Runs the next attempt at a task of the registry: a draft's first, or one more of a task that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import replace
from registry_cli.errors import ConflictError, RefusedError
from registry_cli.records.task import CONFIGURATION, CONSOLE, LOCK, PROPERTIES, REPORTED, SCALARS
from registry_cli.secrets.hiding import fill_secrets, hide_secrets
from registry_cli.store.staging import Staging
from registry_cli.tasks.attempt.crashed import SILENT_RUNNER, end_crashed, end_silent, list_crashed
from registry_cli.tasks.capture.arguments import parse_arguments
from registry_cli.tasks.capture.program import is_kernel
from registry_cli.tasks.describe import look_around, with_code
from registry_cli.tasks.record import get_row, get_task
from registry_cli.tasks.rerun.prepare import Environment, open_workdir
from registry_cli.tasks.run.run import Outcome, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry

_RESULTS: Final = frozenset({CONSOLE, SCALARS})


def get_runnable(registry: Registry, ref: str) -> TaskRow:
    """Return a task that can be run now; first end the tasks whose runner died, and this one if its runner is silent.

    Raises:
        NotFoundError: The address names nothing.
        ConflictError: The task is running.
        RefusedError: The task is removed, was cancelled before it ran, or is a notebook's without its cells.
    """
    end_crashed(registry)
    registry.index.sync()
    row = get_row(registry, ref)
    if row.status == "running" and row.id in list_crashed(registry):
        end_silent(registry, row, "crashed", SILENT_RUNNER)
        row = get_row(registry, row.id)
    if row.removed:
        raise RefusedError(f"task {row.name} is removed", hint=f"reg task restore {row.id}")
    if row.status == "running":
        raise ConflictError(f"task {row.name} is running", hint=f"reg task logs --follow {row.id}")
    if row.status == "cancelled" and row.attempt == 0:  # a job that was submitted before must not run it now
        raise RefusedError(f"task {row.name} was cancelled before it ran", hint=f"reg task clone {row.id}")
    if is_kernel(get_task(registry, row).recipe.argv):
        raise RefusedError(
            f"task {row.name} is of a notebook, and its cells are not on record", hint=f"reg task show {row.id}"
        )
    return row


def run_again(
    registry: Registry,
    ref: str,
    *,
    environ: Mapping[str, str],
    environment: Environment = "none",
    here: bool = False,
    attempt: int | None = None,
) -> Outcome:
    """Run the next attempt at a task in this process's terminal.

    Args:
        registry: The registry that holds the task.
        ref: Address of the task.
        environ: The user's variables.
        environment: The Python to use.
        here: Run in the folder in which the task ran, with the code that is there now.
        attempt: The expected number of this attempt; None for any.

    Raises:
        ConflictError: The task is running, or another attempt is next.
        UsageError: A secret of its command is not among the variables.
        RegError: The task cannot be prepared; nothing has run.
    """
    row = get_runnable(registry, ref)
    if attempt not in {None, row.attempt + 1}:
        raise ConflictError(f"task {row.name} has had attempt {attempt}", hint=f"reg task run {row.id}")
    task = _without_given(forget_results(get_task(registry, row)))
    fill_secrets(task.recipe.argv, environ)  # to report early that one is missing
    with (
        open_workdir(registry, task, environ=environ, environment=environment, here=here) as workdir,
        Staging(registry.layout) as staging,
    ):
        ready = workdir.task
        if not workdir.restored:
            ready = with_code(registry, replace(ready, code=None), workdir.cwd, workdir.environ, staging)
        elif ready.code and ready.code.cut:
            ready = replace(ready, problem=f"not on record, so that it ran without: {', '.join(ready.code.cut)}")
        ready = look_around(ready, {**workdir.environ, **ready.recipe.env}, tuple(task.environment))
        get_runnable(registry, row.id)  # preparing may have taken long
        argv = fill_secrets(ready.recipe.argv, environ)
        return run_command(registry, ready, cwd=workdir.cwd, environ=workdir.environ, staging=staging, argv=argv)


def _without_given(task: Task) -> Task:
    """Return a task without the parameters it was given: each is on record once the script takes it."""
    given = task.recipe.params.keys() - {PROPERTIES}
    words = parse_arguments(hide_secrets(task.recipe.argv))
    own = {name: value for name, value in words.items() if name in given}
    return replace(task, params={name: value for name, value in task.params.items() if name not in given} | own)


def forget_results(task: Task) -> Task:
    """Return a task without the results of its last attempt; what it runs from stays."""
    files = tuple(
        file for file in task.files
        if file.path.startswith(CONFIGURATION) or (file.path not in _RESULTS and not file.path.startswith(REPORTED))
    )  # fmt: skip
    known = {key: value for key, value in task.python.items() if key == "version"}
    locked = any(file.path == LOCK for file in files)
    return replace(
        task, status="draft", files=files, python=known if locked else {}, host={}, data=(), metrics={}, curves={},
        problem=None,
    )  # fmt: skip
