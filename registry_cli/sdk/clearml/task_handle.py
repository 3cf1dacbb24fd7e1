"""A script's handle of a task: the one that runs in this process, or a recorded one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import RefusedError
from registry_cli.registry.api import Registry
from registry_cli.sdk import pending
from registry_cli.sdk.autolog.current_sink import drain
from registry_cli.sdk.current import Current
from registry_cli.sdk.join import peek_current
from registry_cli.tasks.find import read_now, see_tasks

if TYPE_CHECKING:
    from registry_cli.ids import TaskId
    from registry_cli.records.task import Task as Record


class TaskHandle:
    """A task: the current one of this process, or one by its registry and id."""

    def __init__(self, where: Current | Registry, task: TaskId | None = None) -> None:
        self._joined = where if isinstance(where, Current) else None
        self._registry = where if isinstance(where, Registry) else None
        self._id = where.task.id if isinstance(where, Current) else task

    def __eq__(self, other: object) -> bool:
        return self._id == other._id if isinstance(other, TaskHandle) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def _current(self) -> Current | None:
        """The current task of this process, if this is its handle and it still runs."""
        joined = self._joined
        return joined if joined is not None and (joined is peek_current() or joined.live is None) else None

    @property
    def registry(self) -> Registry:
        """The registry it is in."""
        if self._joined is not None:
            self._joined.wait_until_begun()
            return self._joined.registry
        assert self._registry is not None
        self._registry.index.sync()
        return self._registry

    @property
    def id(self) -> TaskId:
        """Its ULID; on ranks other than 0 of a task that no `reg log` runs, one that only this process knows."""
        assert self._id is not None
        return self._id

    @property
    def task_id(self) -> TaskId:
        """The same as `id`."""
        return self.id

    @property
    def record(self) -> Record:
        """The record of the task as it is now."""
        if self._current is not None:
            self._current.read_tables()
            return self._current.task
        self.registry.index.sync()
        return read_now(self.registry, see_tasks(self.registry, [self.id])[0])

    def _settle(self) -> None:
        """Wait until all saves of this process are in the registry."""
        pending.drain()
        current = self._current
        if drain() and current is not None and current.live is not None and not current.silent:
            pending.catch_up(current)

    def _running(self, what: str) -> Current:
        if self._current is None:
            raise RefusedError(
                f"cannot {what} a task that does not run in this process",
                hint="Task.init()",
            )
        return self._current
