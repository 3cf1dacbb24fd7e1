"""Cancelling tasks: a runner is asked to end, a draft ends at once, what an engine holds of either is taken back.

The end of an attempt is its runner's to write, but where no runner can be asked.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError, RefusedError
from registry_cli.records.status import ENDED
from registry_cli.store import files
from registry_cli.store.staging import Staging
from registry_cli.store.writer_name import find_owner, get_own, is_alive, new_name
from registry_cli.tasks.attempt.crashed import bury_crashed
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
"""Seconds that a runner is given to end."""
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
    """Cancel tasks and return them; one that is still `running` was asked to end and has not done so in `patience`.

    One whose runner is silent is ended here; the runner ends the command when it wakes.

    Args:
        registry: Where.
        refs: Addresses.
        driver: Holds jobs that were submitted and have not begun their attempt.
        force: End also what began a moment ago and has no folder here.
        message: Why, for the log; of an end that is written here.
        patience: Seconds to wait for the ends of those that run.

    Raises:
        RefusedError: One has ended, or may run on another copy of the registry; none was cancelled.
    """
    bury_crashed(registry)
    rows = see_tasks(registry, refs)
    rows = [get_row(registry, row.id) if row.status == "crashed" else row for row in rows]  # a sleeper may run
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
    """Return the job that is to begin a task's next attempt and has not done so, or None."""
    job = None if row.status == "running" else driver.find(row.id, row.attempt + 1)
    return job if job and driver.status(job).phase in UNFINISHED else None


def _is_heard(registry: Registry, row: TaskRow) -> bool:
    """Return whether a task has a runner here that can be asked; one that sleeps is left word for when it wakes."""
    live = _find_live(registry, row)
    if live is None or is_running(registry.layout, live):
        return live is not None
    _ask(live)
    return False


def _find_live(registry: Registry, row: TaskRow) -> Live | None:
    return find_live(registry.layout, row.id, row.attempt)


def _check(registry: Registry, row: TaskRow, *, waits: bool, force: bool) -> None:
    """Refuse what cannot be cancelled.

    Raises:
        RefusedError: It has ended, is removed, or its runner can be neither asked nor taken for dead.
    """
    if row.removed or (row.status in ENDED and not waits):
        state = "removed" if row.removed else row.status
        raise RefusedError(f"task {row.name} is {state}: there is nothing to cancel", hint=f"reg task show {row.id}")
    if row.status == "running" and not force and _find_live(registry, row) is None:
        age = (datetime.now(UTC) - row.started).total_seconds() if row.started else SILENCE
        if age < SILENCE:
            raise RefusedError(
                f"task {row.name} began less than {SILENCE / 60:.0f} minutes ago and does not run on this copy of the "
                "registry: cancel it where it runs, or end it here with --force",
                hint=f"reg task cancel --force {row.id}",
            )


def _end(registry: Registry, rows: Sequence[TaskRow], message: str | None) -> None:
    """Write the ends of tasks that no runner here will write, as one entry.

    One that has begun or ended meanwhile is left alone.
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
        return replace(task, status="cancelled", ended=datetime.now(UTC))
    live = Live(row.id, row.attempt, registry.layout.attempt(row.id, row.attempt))
    ending = Ending("cancelled", problem="its runner could not be asked, and may not know")
    return complete_end(registry, staging, task, live, ending)


def _stage(row: TaskRow) -> tuple[str, int]:
    return row.status, row.attempt


def _wait(
    registry: Registry, tasks: Sequence[TaskId], driver: Driver | None, jobs: Sequence[JobId], patience: float
) -> list[TaskRow]:
    """Ask all that run to end, also one that begins now, and return the tasks once all is over, or patience."""
    asked: set[TaskId] = set()
    until = time.monotonic() + patience
    while True:
        bury_crashed(registry)
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
    """Leave word in the attempt's folder; wake a script that runs itself, where its process is on this machine.

    A wrapper looks often enough, and would pass the signal on beside its own.
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
