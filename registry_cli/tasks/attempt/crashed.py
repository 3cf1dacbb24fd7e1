"""Finds tasks whose runner died before it wrote their end, and writes that end.

A runner whose process cannot be examined, as on another machine or in a container, is shown as crashed once it is
silent. That is a guess, as it may be suspended: its attempt is ended only when its death is proven, when a user cancels
the task or runs it again, or after a week. Without proof the folder stays, so that a runner that wakes finds all that
it reported.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from registry_cli import clock
from registry_cli.catalog.read.tasks import find_task_row, list_running
from registry_cli.errors import RegError
from registry_cli.store import files
from registry_cli.tasks.attempt.folder import Life, Live, close_live, iter_live, rate_silence, read_life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.records.status import Status
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry

SILENT_RUNNER: Final = "its runner is silent, and may still run"
"""Problem of an attempt that is ended although its runner may wake."""


def list_crashed(registry: Registry) -> set[TaskId]:
    """Return the tasks that are running according to the log and whose runner is dead or silent."""
    return {live.task for live, life in _iter_open(registry) if life != "alive"}


def end_crashed(registry: Registry) -> list[TaskRow]:
    """Write the end of every attempt whose runner is dead, remove its folder, and return the tasks.

    The end of a lost attempt is written too, but its folder stays. An attempt that cannot be ended now, as on a full
    disk, is left for the next caller. Notes of saves that the runner did not process are removed with its folder: the
    files they describe may have been overwritten since.
    """
    over: dict[Live, Life] = {live: "dead" for live in iter_live(registry.layout) if _is_dead(registry, live)}
    registry.index.sync()  # a process that ended one meanwhile wrote that to the log before it removed the folder
    over |= {live: "lost" for live, life in _iter_open(registry) if life == "lost"}
    ended = []
    for live, life in over.items():
        try:
            row = _end(registry, live, proven=life == "dead")
        except (RegError, OSError):
            continue
        ended += [row] if row else []
    return ended


def end_silent(registry: Registry, row: TaskRow, status: Status, problem: str, *, proven: bool = False) -> Task:
    """Write the end of an attempt whose runner does not, and return the task as it ended, here or elsewhere before.

    Args:
        registry: The registry that holds the task.
        row: A running task.
        status: Status that the task ends with.
        problem: Reason why it is ended from here.
        proven: True where the runner is known to be dead. Otherwise outputs of a failed run stay, as its true end is
            not known.
    """
    from registry_cli.tasks.attempt.finish import Ending, finish
    from registry_cli.tasks.record import get_task
    from registry_cli.tasks.task_versions import drop_outputs  # listing tasks does not load what adds and removes files

    live = _get_live(registry, row.id, row.attempt)
    ending = Ending(status, problem=problem, ended=_last_sign(live, row))
    ended = finish(registry, get_task(registry, row), live, ending)
    if proven:
        drop_outputs(registry, ended, row.attempt)
    return ended


def _iter_open(registry: Registry) -> Iterator[tuple[Live, Life]]:
    """Yield the attempts that are running according to the log, with the state of their runners.

    A task without a folder here runs on another machine, with a copy of the registry; if it began on a machine of our
    name, the time of its start is its last sign of life.
    """
    for task, attempt, started, host in registry.read(list_running):
        live = _get_live(registry, task, attempt)
        if files.exists(live.state):
            yield live, read_life(registry.layout, live)
        elif host == os.uname().nodename:
            yield live, rate_silence(time.time() - started)


def _get_live(registry: Registry, task: TaskId, attempt: int) -> Live:
    return Live(task, attempt, registry.layout.attempt(task, attempt))


def _is_dead(registry: Registry, live: Live) -> bool:
    return read_life(registry.layout, live) == "dead"


def _end(registry: Registry, live: Live, *, proven: bool) -> TaskRow | None:
    row = registry.read(lambda db: find_task_row(db, live.task))
    if row is not None and row.status == "running" and row.attempt == live.attempt:
        cancelled = files.exists(live.cancel)
        problem = "its runner died before it wrote the end" if proven else SILENT_RUNNER
        end_silent(registry, row, "cancelled" if cancelled else "crashed", problem, proven=proven)
    else:
        row = None
    if proven:
        with suppress(OSError):  # the rest belongs to another user of the registry
            close_live(registry.layout, live)
    return row


def _last_sign(live: Live, row: TaskRow) -> datetime:
    """Return the time of a runner's last sign of life: that of the newest file of its folder, else its start."""
    signs = (live.state, live.console, live.cells, *live.list_facts(), *live.list_scalars(), *live.list_notes())
    written = [status.st_mtime for status in map(files.find_status, signs) if status]
    return datetime.fromtimestamp(max(written), UTC) if written else row.started or clock.now()
