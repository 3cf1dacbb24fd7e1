"""Tasks whose runner died without a word: told from those that run, and given the end that he could not write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry_cli.catalog.task_read import find_task, get_task_row
from registry_cli.errors import RegError
from registry_cli.tasks.live import close_live, find_live, is_running, iter_live

if TYPE_CHECKING:
    from registry_cli.catalog.task_rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry
    from registry_cli.store.layout import Layout
    from registry_cli.tasks.live import Live


def list_crashed(registry: Registry) -> set[TaskId]:
    """Return the tasks that the log believes to run although their runner is dead."""
    found = registry.db.execute("SELECT id, attempt FROM tasks WHERE status = 'running'").fetchall()
    lives = [(task, find_live(registry.layout, task, attempt)) for task, attempt in found]
    return {task for task, live in lives if live is not None and not is_running(registry.layout, live)}


def bury_crashed(registry: Registry) -> list[TaskRow]:
    """Write the end of every attempt whose runner is dead, take its folder away, and return the tasks.

    What cannot be ended now, as on a full disk, is left for the next one who looks.
    """
    buried = []
    for live in list(iter_live(registry.layout)):
        if not is_running(registry.layout, live):
            try:
                row = _bury(registry, live)
            except (RegError, OSError):
                continue
            buried += [row] if row else []
    return buried


def _bury(registry: Registry, live: Live) -> TaskRow | None:
    from registry_cli.tasks.finish import Ending, finish  # what only looks, such as a listing, need not load them
    from registry_cli.tasks.stage import get_task

    found = find_task(registry.db, live.task)
    row = get_task_row(registry.db, found) if found is not None else None
    if row is not None and row.status == "running" and row.attempt == live.attempt:
        seen = datetime.fromtimestamp(last_sign(registry.layout, live), UTC)
        end = Ending("crashed", problem="its runner ended without a word", ended=seen)
        if live.cancel.exists():
            end = Ending("cancelled", ended=seen)
        finish(registry, get_task(registry, row), live, end)
    else:
        row = None
    close_live(registry.layout, live)
    return row


def last_sign(layout: Layout, live: Live) -> float:
    """Return when a runner was last heard of, in seconds since 1970: the newest file of its folder."""
    return max(path.stat().st_mtime for path in (live.state, live.console, *live.list_facts(), *live.list_scalars())
               if path.exists())  # fmt: skip
