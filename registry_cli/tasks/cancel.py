"""Cancelling tasks: a runner is asked to end, a draft ends at once. The end itself is the runner's to write."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError, RefusedError
from registry_cli.store import files
from registry_cli.store.owner import find_owner, get_own, is_alive, new_name
from registry_cli.tasks.crashed import bury_crashed
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.live import find_live, read_state
from registry_cli.tasks.stage import get_task, write_stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.task_rows import TaskRow
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.live import Live

PATIENCE: Final = 10.0
"""Seconds that a runner is given to end."""
_PAUSE: Final = 0.05


def cancel_tasks(
    registry: Registry, refs: Sequence[str], *, message: str | None = None, patience: float = PATIENCE
) -> list[TaskRow]:
    """Cancel tasks and return them; one that is still `running` was asked to end and has not done so in `patience`.

    Args:
        registry: Where.
        refs: Addresses.
        message: Why, for the log; of a draft's end.
        patience: Seconds to wait for the ends of those that run.

    Raises:
        RefusedError: One has ended, or its folder is not here; none was cancelled.
    """
    bury_crashed(registry)
    rows = see_tasks(registry, refs)
    running = [_find_running(registry, row) for row in rows if row.status != "draft"]
    for row in rows:
        if row.status == "draft":
            cancelled = replace(get_task(registry, row), status="cancelled", ended=datetime.now(UTC))
            write_stage(registry, "end", cancelled, message=message)
    for live in running:
        _ask(live)
    until = time.monotonic() + patience
    while True:
        bury_crashed(registry)
        registry.index.sync()
        seen = see_tasks(registry, [row.id for row in rows])
        if time.monotonic() >= until or all(row.status != "running" for row in seen):
            return seen
        time.sleep(_PAUSE)


def _find_running(registry: Registry, row: TaskRow) -> Live:
    if row.status != "running" or row.removed:
        state = "removed" if row.removed else row.status
        raise RefusedError(f"task {row.name} is {state}: there is nothing to cancel", hint=f"reg task show {row.id}")
    live = find_live(registry.layout, row.id, row.attempt)
    if live is None:
        raise RefusedError(f"task {row.name} does not run here", hint="cancel it where its registry lies")
    return live


def _ask(live: Live) -> None:
    """Leave word in the attempt's folder, and wake the runner where its process is on this machine."""
    try:
        files.replace_file(live.cancel, b"", live.folder / new_name())
        owner = find_owner(read_state(live).owner)
    except (FileNotFoundError, CorruptError):  # it has just ended
        return
    if owner is not None and owner != get_own() and is_alive(owner):
        try:
            os.kill(owner.pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            pass
