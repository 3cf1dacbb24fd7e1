"""Running a command as an attempt at a task: what `reg log` does, and `reg task run` on whatever machine."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.errors import LaunchError, RegError
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.store.files import AppendFile
from registry_cli.tasks.attempt import BEAT, Attempt
from registry_cli.tasks.beside import Beside
from registry_cli.tasks.child.outcome import Exit
from registry_cli.tasks.child.run import run_child
from registry_cli.tasks.finish import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from registry_cli.catalog.rows import VersionRow
    from registry_cli.records.task import Status, Task
    from registry_cli.registry.api import Registry
    from registry_cli.store.staging import Staging

FLUSH: Final = 5.0
"""Seconds that printed lines may be lost by when the power goes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt that ended.

    Attributes:
        task: All that is known of it.
        code: What our own process must end with.
        outputs: Versions that were kept.
        problems: What went wrong on our side, in words; the command did not notice.
        missed: What was expected of the command and did not come.
        launch: Why the command did not start, or None.
    """

    task: Task
    code: int
    outputs: tuple[VersionRow, ...] = ()
    problems: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    launch: LaunchError | None = None


def run_command(
    registry: Registry,
    task: Task,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    staging: Staging | None = None,
    named: bool = True,
) -> Outcome:
    """Run the next attempt at a task in this process's terminal, and record it.

    Args:
        registry: Where.
        task: As it is before the attempt; its recipe says what is run.
        cwd: Where it is run.
        environ: The command's variables; those that lead to the registry and the task are added.
        staging: Holds the blobs that the task names.
        named: Whether the user gave the task its name.

    Raises:
        RegError: It could not be begun; nothing has run.
    """
    attempt = Attempt.start(registry, task, named=named, staging=staging)
    beside = Beside(attempt, cwd, environ)
    runner = _Runner(attempt, beside)
    launch: LaunchError | None = None
    try:
        told = run_child(
            task.recipe.argv, cwd=cwd, env=child_environ(attempt, environ), console=runner.keep, tick=runner.tick,
            on_start=runner.start,
        )  # fmt: skip
    except LaunchError as error:
        launch, told = error, Exit(error.exit_code, None, error.exit_code)
    runner.close()
    beside.end()
    problems = [*beside.problems, *filter(None, (told.console_error, told.tick_error, told.output_error))]
    ending = _ending(attempt, told, [*([launch.message] if launch else []), *problems])
    ended = _end(attempt, ending, problems)
    if ending.status != "completed" and not task.recipe.keep_failed and beside.outputs:
        remove_versions(registry, [row.id for row in beside.outputs], message=f"task {task.id} {ending.status}")
    missed = [] if launch else beside.list_missed()
    return Outcome(ended, told.code, tuple(beside.outputs), tuple(dict.fromkeys(problems)), tuple(missed), launch)


def child_environ(attempt: Attempt, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a process knows that it is part of an attempt."""
    own = {
        env.REG_DIR: str(attempt.registry.path),
        env.REG_TASK: attempt.task.id,
        env.REG_ATTEMPT: str(attempt.task.attempt),
    }
    return {**environ, **attempt.task.recipe.env, **own}


class _Runner:
    """What is done in the thread that forwards the output: quick, and never failing the command."""

    def __init__(self, attempt: Attempt, beside: Beside) -> None:
        self._attempt = attempt
        self._beside = beside
        self._console = AppendFile(attempt.live.console)
        self._group: int | None = None
        self._beaten = self._flushed = time.monotonic()

    def start(self, group: int) -> None:
        self._group = group
        self._beside.start()

    def keep(self, data: bytes) -> None:
        self._console.write(data)

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= BEAT:
            self._beaten = now
            self._attempt.beat()
        if now - self._flushed >= FLUSH:
            self._flushed = now
            self._console.flush()
        if self._group is not None and self._attempt.cancelled:
            os.killpg(self._group, signal.SIGTERM)
            self._group = None

    def close(self) -> None:
        self._console.close()


def _ending(attempt: Attempt, told: Exit, problems: list[str]) -> Ending:
    status: Status = "completed" if told.code == 0 else "failed"
    if told.code and (attempt.cancelled or told.signal == "SIGINT"):
        status = "cancelled"
    return Ending(status, told.exit_code, told.signal, "; ".join(dict.fromkeys(problems)) or None)


def _end(attempt: Attempt, ending: Ending, problems: list[str]) -> Task:
    """End the attempt, without its console where that finds no room.

    Where all fails its folder stays, and whoever looks next ends it.
    """
    for bare in (False, True):
        try:
            return attempt.end(ending, bare=bare)
        except RegError as error:
            problem = error.message
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
        problems.append(f"the {'end' if bare else 'console'} of the task could not be written: {problem}")
        told = "; ".join(dict.fromkeys([*filter(None, [ending.problem]), *problems]))
        ending = replace(ending, problem=told)
    return attempt.task
