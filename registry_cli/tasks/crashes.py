"""Records the crashes of tasks whose runner is dead: every reader that shows a task's status calls this first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import has_running

if TYPE_CHECKING:
    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry


def record_crashes(registry: Registry) -> set[TaskId]:
    """Write the ends of attempts whose runner is dead; return the tasks that are left running, but only in the log.

    Those are silent, or their end cannot be written, as in a registry that is read-only. Where no task runs, this loads
    no more modules.
    """
    if not registry.read(has_running):
        return set()
    from registry_cli.tasks.attempt.crashed import end_crashed, list_crashed

    crashed = list_crashed(registry)
    if crashed:
        end_crashed(registry)
        registry.index.sync()
        crashed = list_crashed(registry)
    return crashed
