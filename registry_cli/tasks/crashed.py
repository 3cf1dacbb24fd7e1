"""Tasks whose runner died without a word: told from those that run, and given the end that he could not write."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry_cli.catalog.task_read import find_task, get_task_row
from registry_cli.errors import RegError
from registry_cli.ids import TaskId
from registry_cli.tasks.live import SILENCE, Live, close_live, find_live, is_running, iter_live

if TYPE_CHECKING:
    from registry_cli.catalog.task_rows import TaskRow
    from registry_cli.registry.api import Registry

_RUNNING = (
    "SELECT t.id, t.attempt, t.started, f.text FROM tasks t LEFT JOIN task_fields f"
    " ON f.task = t.row AND f.field = 'host.hostname' WHERE t.status = 'running' AND t.removed = 0"
)


def list_crashed(registry: Registry) -> set[TaskId]:
    """Return the tasks that the log believes to run although their runner is dead.

    Without a folder here a task may run on another machine, with a copy of the registry; one that began on this machine
    does not, but for the moment in which it ends.
    """
    crashed = set()
    for task, attempt, started, host in registry.db.execute(_RUNNING).fetchall():
        live = find_live(registry.layout, task, attempt)
        if live is not None:
            dead = not is_running(registry.layout, live)
        else:
            dead = host == os.uname().nodename and (started or 0) / 1e6 < time.time() - SILENCE
        if dead:
            crashed.add(TaskId(task))
    return crashed


def bury_crashed(registry: Registry) -> list[TaskRow]:
    """Write the end of every attempt whose runner is dead, take its folder away, and return the tasks.

    What cannot be ended now, as on a full disk, is left for the next one who looks. Notes of saves that the runner did
    not take go with its folder: their files may be older than what lies in their place by now.
    """
    dead = [live for live in iter_live(registry.layout) if not is_running(registry.layout, live)]
    registry.index.sync()  # whoever ended one meanwhile has said so before its folder went
    known = {live.task for live in dead}
    dead += [_without_folder(registry, task) for task in list_crashed(registry) - known]
    buried = []
    for live in dead:
        try:
            row = _bury(registry, live)
        except (RegError, OSError):
            continue
        buried += [row] if row else []
    return buried


def _without_folder(registry: Registry, task: TaskId) -> Live:
    row = find_task(registry.db, task)
    assert row is not None
    attempt = get_task_row(registry.db, row).attempt
    return Live(task, attempt, registry.layout.attempt(task, attempt))


def _bury(registry: Registry, live: Live) -> TaskRow | None:
    from registry_cli.tasks.drop import drop_outputs  # who lists tasks need not load what takes files in
    from registry_cli.tasks.finish import Ending, finish
    from registry_cli.tasks.stage import get_task

    found = find_task(registry.db, live.task)
    row = get_task_row(registry.db, found) if found is not None else None
    if row is not None and row.status == "running" and row.attempt == live.attempt:
        end = Ending("crashed", problem="its runner ended without a word", ended=_last_sign(live, row))
        if live.cancel.exists():
            end = Ending("cancelled", ended=_last_sign(live, row))
        drop_outputs(registry, finish(registry, get_task(registry, row), live, end))
    else:
        row = None
    with suppress(OSError):  # what is left belongs to another user of the registry
        close_live(registry.layout, live)
    return row


def _last_sign(live: Live, row: TaskRow) -> datetime:
    """Return when a runner was last heard of: the newest file of its folder, else its start."""
    told = (live.state, live.console, *live.list_facts(), *live.list_scalars(), *live.list_notes())
    written = [path.stat().st_mtime for path in told if path.exists()]
    return datetime.fromtimestamp(max(written), UTC) if written else row.started or datetime.now(UTC)
