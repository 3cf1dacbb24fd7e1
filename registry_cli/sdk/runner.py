"""The script's side of its task's companion: it waits for the companion's answers and reports how the script ends."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.dataclass import asdict
from registry_cli.errors import RegError
from registry_cli.sdk.autolog.current_sink import drain
from registry_cli.sdk.companion import start_companion
from registry_cli.sdk.console_tee import Tee
from registry_cli.sdk.exit_status import Watch
from registry_cli.sdk.notebook.session import open_session
from registry_cli.sdk.warning import report_loss
from registry_cli.tasks.attempt.channel import Begin
from registry_cli.tasks.attempt.folder import close_live
from registry_cli.tasks.attempt.jobs import make_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.exit_status import Outcome
    from registry_cli.tasks.attempt.folder import Live

_GONE: Final = "its companion ended before it; the next `reg` command that looks writes the end"


class Runner:
    """Starts the companion of a task that this process begins, and logs this process's output and end for it.

    Args:
        registry: The registry of the task.
        task: The task to begin.
        live: The attempt's folder.
        cwd: The script's working directory.
        streams: Those of `stdout` and `stderr` that the log records.

    Raises:
        RegError: No companion can be started.
        OSError: The system refused to start it.
    """

    def __init__(self, registry: Registry, task: Task, live: Live, cwd: Path, streams: Iterable[str]) -> None:
        begin = Begin(
            str(registry.path), task.id, task.name, task.project, task.recipe.argv, tuple(task.tags), str(cwd),
            os.getpid(), task.created.timestamp(),
        )  # fmt: skip
        try:
            self._channel, self._started = start_companion(begin)
        except BaseException:
            close_live(registry.layout, live)
            raise
        self._name = task.name
        self._begun = False
        self._lock = threading.Lock()
        self._before = {name: env.read(name) for name in (env.REG_DIR, env.REG_TASK, env.REG_ATTEMPT)}
        own = (str(registry.path), task.id, str(task.attempt))
        env.set_all(dict(zip(self._before, own, strict=True)))  # so that child processes join the task
        self._tee = Tee(live.console, streams)
        self.watch = Watch(self._report)
        self.watch.start()
        self._session = open_session(live.cells, self._tee, self.watch)

    def wait_until_begun(self) -> None:
        """Return once the task is in the registry.

        Raises:
            RegError: The companion could not begin it.
            OSError: The same, such as on a full disk.
        """
        with self._lock:
            if not self._begun:
                self._receive("begun")
                self._begun = True

    def end(self, outcome: Outcome, close: Callable[[], list[str]]) -> None:
        """Report how this process ends, and return once the end is written.

        Args:
            outcome: The end to report.
            close: Writes the remaining data to the task's folder, and returns messages about failed writes.

        Raises:
            RegError: The end could not be written; the next command that looks writes it.
            OSError: The same, such as on a full disk.
        """
        if self._session is not None:
            self._session.stop()
        self._tee.close()
        lost = close()
        env.restore(self._before)
        try:
            self.wait_until_begun()
            self._report(outcome, lost)
            for problem in self._receive("ended"):
                report_loss(f"task {self._name}: {problem}")
        finally:
            self.watch.stop()
            self.let_go()
            self._started.wait()

    def let_go(self) -> None:
        """Close the channel, as in a forked child: the companion ends when no process has it open."""
        self._channel.close()

    def _report(self, outcome: Outcome, lost: Sequence[str] = ()) -> None:
        drain()  # a process that a signal ends runs no exit handlers
        cells = self._session.problems if self._session is not None else []
        self._channel.send(end={**asdict(outcome), "lost": [*lost, *filter(None, [self._tee.problem]), *cells]})

    def _receive(self, wanted: str) -> list[str]:
        try:
            message = self._channel.receive() or {}
        except EOFError:
            raise RegError(_GONE) from None
        if "failed" in message:
            raise make_error(message["failed"])
        found: list[str] = message[wanted]
        return found
