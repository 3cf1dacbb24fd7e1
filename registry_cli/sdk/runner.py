"""A task that this process runs itself: begun here, watched while it runs, ended when it is closed or the process ends.

`ending.py` says when that is.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli import env, opening
from registry_cli.errors import RegError, UsageError
from registry_cli.records.task import Recipe, Task
from registry_cli.sdk.console_tee import Tee
from registry_cli.sdk.current import Current, find_current, is_silent, set_current
from registry_cli.sdk.exit_status import Watch
from registry_cli.sdk.script_runner import Following
from registry_cli.sdk.warning import tell, warn
from registry_cli.store.staging import Staging
from registry_cli.tasks.attempt.attempt import BEAT, Attempt, new_task_id
from registry_cli.tasks.attempt.crashed import bury_crashed
from registry_cli.tasks.attempt.folder import SECURED, secure_live
from registry_cli.tasks.capture.host import capture_accelerators
from registry_cli.tasks.capture.python import own_python
from registry_cli.tasks.describe import Wish, describe
from registry_cli.tasks.naming import name_of_command, project_of_folder
from registry_cli.tasks.unpushed_commits import keep_commits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry_cli.sdk.argparse_hook import Connected
    from registry_cli.tasks.attempt.finish import Ending

_LOOK: Final = 0.5
"""Seconds between two looks at whether somebody wants the task to end."""
_AGAIN: Final = 5.0
"""Seconds after which a script that caught its end is told of it again."""
_PATIENCE: Final = 10.0
"""Seconds that the end waits for the look around to be done."""


def start(
    name: str | None,
    project: str | None,
    *,
    tags: Iterable[str] = (),
    streams: Iterable[str] = ("stdout", "stderr"),
) -> Current:
    """Begin a task that this process runs, and make it that of this process.

    Raises:
        NoRegistryError: There is no registry.
        UsageError: A name cannot be kept.
    """
    registry = opening.Registry.find()
    cwd, environ = Path.cwd(), env.read_all()
    argv = (sys.executable, *sys.orig_argv[1:])
    project = project_of_folder(cwd, registry.path) if project is None else project
    name = name or name_of_command(argv)
    if is_silent():
        task = Task(new_task_id(), name, project, "running", 1, datetime.now(UTC), registry.author, Recipe(argv))
        current = Current(registry, task, None, silent=True)
    else:
        wish = Wish(name, project, Recipe(argv), tags=tuple(tags))
        with Staging(registry.layout) as staging:
            task = describe(registry, wish, cwd, environ, staging)
            attempt = Attempt.start(registry, task, named=False, staging=staging)
        current = Current(registry, attempt.task, attempt.live)
        current.runner = Runner(attempt, current, streams)
    set_current(current)
    return current


def find_to_join(name: str | None, project: str | None) -> Current | None:
    """Return the task of this process that one of that name is a part of, or None.

    Raises:
        UsageError: This process runs another.
    """
    current = find_current()
    if current is None or (name in {None, current.task.name} and project in {None, current.task.project}):
        return current
    if current.runner is not None or current.live is None:
        where = f"{current.task.project}/{current.task.name}"
        raise UsageError(f"task {where} runs in this process, and must end first", hint="Task.current_task().close()")
    if current.named or not current.is_run_by_script:
        return current
    return None


def choose_streams(wanted: Connected) -> list[str]:
    """Return which of `stdout` and `stderr` are kept."""
    if isinstance(wanted, Mapping):
        return [name for name in ("stdout", "stderr") if wanted.get(name, True)]
    return ["stdout", "stderr"] if wanted else []


class Runner:
    """What this process does for its task beside the script's own work.

    Attributes:
        attempt: What it runs.
        following: Makes versions of what frameworks save.
    """

    def __init__(self, attempt: Attempt, current: Current, streams: Iterable[str]) -> None:
        self.attempt = attempt
        self._current = current
        self._watch = current.watch = Watch()
        self._before = {name: env.read(name) for name in (env.REG_DIR, env.REG_TASK, env.REG_ATTEMPT)}
        own = (str(attempt.registry.path), attempt.task.id, str(attempt.task.attempt))
        env.set_all(dict(zip(self._before, own, strict=True)))  # so that processes which it starts attach
        current.tell(lambda facts: facts.change_tags())  # there from the first moment on, for `is_run_by_script`
        self._tee = Tee(attempt.live.console, streams)
        self.following = Following(attempt)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(work,), name=f"reg {work.__name__}", daemon=True)
                         for work in (self._look_around, self._beat)]  # fmt: skip
        for thread in self._threads:
            thread.start()
        self._watch.start()

    def end(self, ending: Ending) -> Task:
        """End the attempt, what this process told included.

        Raises:
            RegError: The end could not be written; the next command that looks writes it.
            OSError: The same, as on a full disk.
        """
        self._watch.ending = True
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE)
        unkept = self.following.end()
        self._tee.close()
        self._current.close()
        env.restore(self._before)
        lost = [*filter(None, [self._tee.problem, *self._current.problems]), *unkept]
        for problem in filter(None, [self.attempt.task.problem, *lost]):
            tell(f"task {self.attempt.task.name}: {problem}")
        words = "; ".join(dict.fromkeys(filter(None, [ending.problem, *lost]))) or None
        try:
            ended = self.attempt.end(replace(ending, problem=words))
        finally:
            self._watch.stop()
        for line in self.attempt.describe_end(ended):
            tell(f"task {ended.name}: {line}")
        return ended

    def _look_around(self) -> None:
        state = own_python()
        self._current.tell(lambda facts: facts.set_python(state.table, state.lock.decode()))
        task, live, tell_fact = self.attempt.task, self.attempt.live, self._current.tell
        for problem in keep_commits(task, live, Path.cwd(), env.read_all(), tell_fact):
            warn(f"task {shlex.quote(self.attempt.task.name)}: {problem}")
        accelerators = capture_accelerators(env.read_all())
        self._current.tell(lambda facts: facts.add_host(accelerators))
        with self.attempt.registry.reopen() as registry:
            bury_crashed(registry)

    def _beat(self) -> None:
        beaten = secured = time.monotonic()
        told: float | None = None
        while not self._stop.wait(_LOOK):
            if time.monotonic() - secured >= SECURED:
                secured = time.monotonic()
                with suppress(OSError):
                    secure_live(self.attempt.live)
            if time.monotonic() - beaten >= BEAT:
                beaten = time.monotonic()
                with suppress(OSError):  # the next one may get through
                    self.attempt.beat()
            due = told is None or (self._watch.hears_terms and time.monotonic() - told >= _AGAIN)
            if due and self.attempt.cancelled:
                told = time.monotonic()
                os.kill(os.getpid(), signal.SIGTERM)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (RegError, OSError) as error:
            warn(f"task {shlex.quote(self.attempt.task.name)}: {error}")
