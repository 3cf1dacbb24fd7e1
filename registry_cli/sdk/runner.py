"""A script's hold on the companion of the task that it began: what it waits for, and how it says that it ends."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.errors import RegError
from registry_cli.sdk.companion import start_companion
from registry_cli.sdk.console_tee import Tee
from registry_cli.sdk.exit_status import Watch
from registry_cli.sdk.warning import tell
from registry_cli.tasks.attempt.channel import Begin
from registry_cli.tasks.attempt.folder import close_live
from registry_cli.tasks.attempt.jobs import make_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.sdk.exit_status import Fate
    from registry_cli.tasks.attempt.folder import Live

_GONE: Final = "its companion ended before it; the next `reg` command that looks writes the end"


class Runner:
    """The companion of a task that this process began, and what of this process goes into the task's folder.

    Args:
        registry: Where.
        task: What it begins.
        live: The attempt's folder.
        cwd: Where the script runs.
        streams: Those of `stdout` and `stderr` that are kept.

    Raises:
        RegError: No companion can be started.
        OSError: The same.
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
        env.set_all(dict(zip(self._before, own, strict=True)))  # so that processes which it starts attach
        self._tee = Tee(live.console, streams)
        self.watch = Watch(lambda: self._channel.send(caught=True))
        self.watch.start()

    def wait_until_begun(self) -> None:
        """Return once the task is in the registry.

        Raises:
            RegError: It cannot be.
            OSError: The same, as on a full disk.
        """
        with self._lock:
            if not self._begun:
                self._receive("begun")
                self._begun = True

    def end(self, fate: Fate, close: Callable[[], list[str]]) -> None:
        """Report how this process ends, and return once that is written.

        Args:
            fate: How it ends.
            close: Writes what is left in the task's folder, and returns what could not be, in words.

        Raises:
            RegError: It could not be; the next command that looks writes it.
            OSError: The same, as on a full disk.
        """
        self.watch.ending = True
        self._tee.close()
        lost = [*close(), *filter(None, [self._tee.problem])]
        env.restore(self._before)
        try:
            self.wait_until_begun()
            end = {"exit_code": fate.exit_code, "signal": fate.signal, "problem": fate.problem, "lost": lost}
            self._channel.send(end=end)
            for problem in self._receive("ended"):
                tell(f"task {self._name}: {problem}")
        finally:
            self.watch.stop()
            self.let_go()
            self._started.wait()

    def let_go(self) -> None:
        """Hold the companion no more, as in a forked child: it ends when nobody does."""
        self._channel.close()

    def _receive(self, wanted: str) -> list[str]:
        try:
            message = self._channel.receive() or {}
        except EOFError:
            raise RegError(_GONE) from None
        if "failed" in message:
            raise make_error(message["failed"])
        found: list[str] = message[wanted]
        return found
