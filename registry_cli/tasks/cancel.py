"""Cancels tasks: asks a runner to end, ends a draft at once, and cancels the jobs that an engine holds for either.

The runner of an attempt writes its end; this module writes it only where no runner can be asked.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final

from registry_cli import clock
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError, RefusedError
from registry_cli.records.status import ENDED
from registry_cli.store import files
from registry_cli.store.staging import Staging
from registry_cli.store.writer_name import find_owner, get_own, is_alive, new_name
from registry_cli.tasks.attempt.crashed import end_crashed
from registry_cli.tasks.attempt.finish import Ending, complete_end
from registry_cli.tasks.attempt.folder import SILENCE, WRAPPER, Live, find_live, is_running, read_state
from registry_cli.tasks.drivers.port import UNFINISHED
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_row, get_task, write_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.drivers.port import Driver, JobId

PATIENCE: Final = 10.0
"""Seconds to wait for a runner to end."""
_PAUSE: Final = 0.05


def cancel_tasks(
    registry: Registry,
    refs: Sequence[str],
    *,
    driver: Driver | None = None,
    force: bool = False,
    message: str | None = None,
    patience: float = PATIENCE,
) -> list[TaskRow]:
    """Cancel tasks and return them; one that is still `running` was asked to end and did not within `patience`.

    A task whose runner is silent is ended here; the runner ends the command when it wakes.

    Args:
        registry: The registry that holds the tasks.
        refs: Addresses of the tasks.
        driver: The engine that may hold jobs that were submitted and have not begun their attempt.
        force: End also a task that began a moment ago and has no folder here.
        message: The reason, for the log; used for ends that are written here.
        patience: Seconds to wait for running tasks to end.

    Raises:
        RefusedError: A task has ended, or may run on another copy of the registry; none was cancelled.
    """
    end_crashed(registry)
    rows = see_tasks(registry, refs)
    # A runner that sleeps looks crashed and may still run; and the newest attempt may not be the one that is shown.
    rows = [get_row(registry, row.id) if row.status in ENDED else row for row in rows]
    jobs = {row.id: job for row in rows if driver and (job := _find_waiting(driver, row))}
    for row in rows:
        _check(registry, row, waits=row.id in jobs, force=force)
    _end(
        registry,
        [row for row in rows if row.status == "draft" or (row.status == "running" and not _is_heard(registry, row))],
        message,
    )
    for job in jobs.values():
        assert driver
        driver.cancel(job)
    return _wait(registry, [row.id for row in rows], driver, list(jobs.values()), patience)


def _find_waiting(driver: Driver, row: TaskRow) -> JobId | None:
    """Return the job that will begin a task's next attempt and has not done so yet, or None."""
    job = None if row.status == "running" else driver.find(row.id, row.attempt + 1)
    return job if job and driver.status(job).phase in UNFINISHED else None


def _is_heard(registry: Registry, row: TaskRow) -> bool:
    """Return whether a task has a runner here that can be asked; a sleeping one finds the request when it wakes."""
    live = _find_live(registry, row)
    if live is None or is_running(registry.layout, live):
        return live is not None
    _ask(live)
    return False


def _find_live(registry: Registry, row: TaskRow) -> Live | None:
    return find_live(registry.layout, row.id, row.attempt)


def _check(registry: Registry, row: TaskRow, *, waits: bool, force: bool) -> None:
    """Refuse a task that cannot be cancelled.

    Raises:
        RefusedError: The task has ended or is removed, or its runner can neither be asked nor be presumed dead.
    """
    if row.removed or (row.status in ENDED and not waits):
        state = "removed" if row.removed else row.status
        raise RefusedError(f"task {row.name} is {state}: there is nothing to cancel", hint=f"reg task show {row.id}")
    if row.status == "running" and not force and _find_live(registry, row) is None:
        age = (clock.now() - row.started).total_seconds() if row.started else SILENCE
        if age < SILENCE:
            raise RefusedError(
                f"task {row.name} began less than {SILENCE / 60:.0f} minutes ago and does not run on this copy of the "
                "registry: cancel it where it runs, or end it here with --force",
                hint=f"reg task cancel --force {row.id}",
            )


def _end(registry: Registry, rows: Sequence[TaskRow], message: str | None) -> None:
    """Write the ends of tasks that no runner here will write, as one entry.

    A task that has begun or ended meanwhile is left alone.
    """
    try:
        with Staging(registry.layout) as staging:
            ends = [(_cancelled(registry, staging, row), None) for row in rows]
            write_stages(registry, "end", ends, staging=staging, message=message)
    except RefusedError:
        registry.index.sync()
        left = [row for row in rows if _stage(get_row(registry, row.id)) == _stage(row)]
        if len(left) == len(rows):
            raise
        _end(registry, left, message)


def _cancelled(registry: Registry, staging: Staging, row: TaskRow) -> Task:
    task = get_task(registry, row)
    if row.status == "draft":
        return replace(task, status="cancelled", ended=clock.now())
    live = Live(row.id, row.attempt, registry.layout.attempt(row.id, row.attempt))
    ending = Ending("cancelled", problem="its runner could not be asked, and may not know")
    return complete_end(registry, staging, task, live, ending)


def _stage(row: TaskRow) -> tuple[str, int]:
    return row.status, row.attempt


def _wait(
    registry: Registry, tasks: Sequence[TaskId], driver: Driver | None, jobs: Sequence[JobId], patience: float
) -> list[TaskRow]:
    """Ask all running tasks to end, also one that begins now; return the tasks when all have ended or time is up."""
    asked: set[TaskId] = set()
    until = time.monotonic() + patience
    while True:
        end_crashed(registry)
        registry.index.sync()
        seen = see_tasks(registry, tasks)
        running = [row for row in seen if row.status == "running"]
        for row in running:
            live = _find_live(registry, row)
            if live is not None and row.id not in asked:
                _ask(live)
                asked.add(row.id)
        waiting = driver is not None and any(driver.status(job).phase in UNFINISHED for job in jobs)
        if time.monotonic() >= until or not (running or waiting):
            return seen
        time.sleep(_PAUSE)


def _ask(live: Live) -> None:
    """Write the request into the attempt's folder, and wake a script that is its own runner if it is on this machine.

    A wrapper polls often enough, and would forward the signal to the command in addition to its own.
    """
    try:
        files.replace_file(live.cancel, b"", live.folder / new_name())
        owner = find_owner(read_state(live).owner)
    except (FileNotFoundError, CorruptError):  # it has just ended
        return
    wrapped = files.exists(live.facts(WRAPPER))
    if owner is not None and not wrapped and owner != get_own() and is_alive(owner, live.folder):
        try:
            os.kill(owner.pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            pass
