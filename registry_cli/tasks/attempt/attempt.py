"""One attempt at a task: begun in the log, recorded in a folder while it runs, ended in the log with all its facts.

Its runner has an `Attempt`: `reg log` for a command, the companion for a script that began its task itself. Both end it
by the same `finish`, and so does a command that finds the runner dead.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli import clock
from registry_cli.dataclass import replace
from registry_cli.errors import ConflictError, RefusedError
from registry_cli.ids import TaskId, new_ulid
from registry_cli.store import files
from registry_cli.store.disk_reserve import make_reserve, with_room
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.attempt.finish import Ending, finish_own
from registry_cli.tasks.attempt.folder import (
    Live,
    State,
    close_live,
    is_running,
    open_live,
    read_state,
    write_state,
)
from registry_cli.tasks.record import write_stage

if TYPE_CHECKING:
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.store.staging import Staging

BEAT: Final = 30.0
"""Seconds between two heartbeats."""


class Attempt:
    """An attempt that runs.

    Attributes:
        registry: The registry that it is recorded in.
        task: The task as known at its start.
        live: Its folder.
    """

    def __init__(self, registry: Registry, task: Task, live: Live) -> None:
        self.registry = registry
        self.task = task
        self.live = live

    @classmethod
    def start(
        cls,
        registry: Registry,
        task: Task,
        *,
        named: bool = True,
        staging: Staging | None = None,
        live: Live | None = None,
    ) -> Attempt:
        """Begin the next attempt at a task, a new one or one that is in the registry.

        Args:
            registry: The registry.
            task: The task; its status and times are set here, and its attempt is raised by one.
            named: True where the user gave it a name, which the script's own then does not replace.
            staging: Holds the blobs that the task names.
            live: The folder, where the script that begins the task has made it; this process becomes its owner.

        Raises:
            ConflictError: Another process has begun this attempt.
        """
        now = clock.now()
        problem = task.problem if task.status == "draft" else None  # an earlier attempt's problem is not this one's
        begun = replace(task, status="running", attempt=task.attempt + 1, started=now, ended=None, exit_code=None,
                        signal=None, problem=problem)  # fmt: skip
        if live is None:
            live = _take_folder(registry, begun, State(new_name(), now, named))
        else:
            write_state(registry.layout, live, replace(read_state(live), owner=new_name()))
        try:
            write_stage(registry, "start", begun, staging=staging)
        except BaseException as error:
            close_live(registry.layout, live)
            if isinstance(error, RefusedError):
                raise ConflictError(error.message, hint=f"reg task show {task.id}") from None
            raise
        return cls(registry, begun, live)

    def beat(self) -> None:
        """Record a heartbeat: the runner is alive."""
        files.touch(self.live.state)

    @property
    def cancelled(self) -> bool:
        """True once a user has cancelled it."""
        return files.exists(self.live.cancel)

    def describe_end(self, ended: Task) -> list[str]:
        """Return messages about its end for its user."""
        if ended.attempt == self.task.attempt:
            return []
        return [f"attempt {self.task.attempt} was ended by another process while it ran: it is on record as attempt "
                f"{ended.attempt} too"]  # fmt: skip

    def end(self, ending: Ending, *, bare: bool = False) -> Task:
        """End it: merge its files into one record, commit that, remove the folder.

        On a full disk the registry's reserve is freed for it. Where another process has ended it, because this one was
        suspended, it is recorded as one more attempt.

        Args:
            ending: The end of the attempt.
            bare: Leave out console, scalars and plots, for which there is no room.

        Returns:
            The task as it is now.

        Raises:
            RefusedError: It cannot be recorded, as the task was removed or its next attempt runs.
        """
        layout, ending = self.registry.layout, replace(ending, ended=ending.ended or clock.now())
        ended = with_room(layout, lambda: finish_own(self.registry, self.task, self.live, ending, bare=bare))
        close_live(layout, self.live)
        make_reserve(layout)
        return ended


class Heartbeat:
    """Records heartbeats of the runner from a thread of its own, until it is stopped."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="reg heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; one that was never started is fine."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            with suppress(OSError):  # the next one may succeed
                self._attempt.beat()


def _take_folder(registry: Registry, task: Task, state: State) -> Live:
    """Make and return the folder of an attempt; one that a dead process left is removed first.

    Raises:
        ConflictError: A process runs this attempt.
    """
    layout = registry.layout
    for _ in range(2):
        try:
            return open_live(layout, task.id, task.attempt, state)
        except FileExistsError:
            left = Live(task.id, task.attempt, layout.attempt(task.id, task.attempt))
            if is_running(layout, left):
                break
            close_live(layout, left)
    raise ConflictError(f"attempt {task.attempt} at task {task.name} runs already", hint=f"reg task logs -f {task.id}")


def new_task_id() -> TaskId:
    """Return an id for a new task."""
    return TaskId(new_ulid())
