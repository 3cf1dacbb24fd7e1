"""Runs a command as an attempt at a task, for `reg log` and for `reg task run` on any machine."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from registry_cli import clock, env
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import LaunchError, RefusedError, RegError, describe_os_error
from registry_cli.store.new_file import AppendFile
from registry_cli.tasks.attempt.attempt import Attempt, Heartbeat
from registry_cli.tasks.attempt.autolog_setting import dump_auto, is_off
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.attempt.folder import restore_console
from registry_cli.tasks.child.outcome import Exit
from registry_cli.tasks.child.relay import Held, hold_signals
from registry_cli.tasks.child.run import run_child
from registry_cli.tasks.run.companion import Companion
from registry_cli.tasks.run.input_paths import list_awaited, open_inputs
from registry_cli.tasks.run.redirects import write_known
from registry_cli.tasks.task_versions import drop_outputs, list_made, publish_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.status import Status
    from registry_cli.records.task import Auto, Task
    from registry_cli.registry.api import Registry
    from registry_cli.store.staging import Staging


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt that ended.

    Attributes:
        task: The task as it ended.
        code: The exit code for this process.
        outputs: Versions that the task made and that are not removed.
        problems: Messages about failures of `reg` itself, which the command did not notice.
        missed: Messages about outputs and metrics that the command was expected to write and did not.
        launch: The error that kept the command from starting, or None.
        mid_line: True where the command left our standard error in the middle of a line.
    """

    task: Task
    code: int
    outputs: tuple[VersionRow, ...] = ()
    problems: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    launch: LaunchError | None = None
    mid_line: bool = False


def run_command(
    registry: Registry,
    task: Task,
    *,
    cwd: Path,
    environ: Mapping[str, str],
    staging: Staging | None = None,
    named: bool = True,
    argv: Sequence[str] | None = None,
) -> Outcome:
    """Run the next attempt at a task in this process's terminal, and record it.

    Args:
        registry: The registry.
        task: The task before the attempt; its recipe holds the command.
        cwd: The command's working directory.
        environ: The command's variables; those that name the registry and the task are added.
        staging: Holds the blobs that the task names.
        named: True where the user gave the task its name.
        argv: The command with the secrets that its recipe hides; the recipe's where None.

    Raises:
        RegError: The attempt could not be begun; nothing has run.
    """
    attempt = Attempt.start(registry, task, named=named, staging=staging)
    with hold_signals() as held:  # no signal after the command's end may keep that end from being recorded
        try:
            unknown = [] if is_off(environ.get(env.REG_AUTOLOG)) else prepare_hints(attempt, cwd)
            paths, unopened = open_inputs(registry, task.inputs)
            beside = Companion(attempt, cwd, environ)
            beside.await_inputs(list_awaited(registry, task, cwd))
            runner = _Runner(attempt, beside)
        except (RegError, OSError) as error:
            attempt.end(Ending("failed", problem=str(error)))
            raise
        launch, exited = _launch(
            attempt, runner, argv or task.recipe.argv, cwd, child_environ(attempt, environ, paths), held
        )
        runner.close()
        beside.end(lambda: held.came)
        problems = [*unknown, *unopened, *beside.problems, *beside.list_unreached(), *beside.list_untaken()]
        problems += map(_plain, exited.list_problems())
        publish = exited.code == 0 and read_facts(attempt.live.list_facts()).publish
        ended = end_attempt(
            attempt, _ending(attempt, exited, [*([launch.message] if launch else []), *problems]), problems
        )
        runner.heartbeat.stop()
        problems += settle_outputs(attempt, ended, publish=publish)
        outputs = _list_outputs(attempt, beside)
    said = dict.fromkeys([*filter(None, [attempt.task.problem]), *problems])
    missed = [] if launch else beside.list_missed()
    return Outcome(ended, exited.code, tuple(outputs), tuple(said), tuple(missed), launch, exited.mid_line)


def prepare_hints(attempt: Attempt, cwd: Path) -> list[str]:
    """Write the hints for automatic logging; return messages about failures where nobody asked for it.

    Raises:
        RegError: An input cannot be opened, and it is loaded by its path, or automatic logging was asked for.
        OSError: There is no room, under the same conditions.
    """
    try:
        write_known(attempt.registry, attempt.task, attempt.live, cwd)
    except (RegError, OSError) as error:
        if attempt.task.recipe.auto is not None or any(one.path for one in attempt.task.inputs):
            raise  # else a clone could run on the old model
        return [f"automatic logging could not be prepared: {error}"]
    return []


def _launch(
    attempt: Attempt, runner: _Runner, argv: Sequence[str], cwd: Path, environ: Mapping[str, str], held: Held
) -> tuple[LaunchError | None, Exit]:
    """Run the command to its end; do not run it where a signal came before it began."""
    if held.came:
        return None, Exit(None, held.came, 128 + signal.Signals[held.came])
    try:
        return None, run_child(
            argv, cwd=cwd, env=environ, console=runner.keep,
            tick=runner.tick, on_start=runner.start, on_signal=runner.pass_on,
        )  # fmt: skip
    except LaunchError as error:
        return error, Exit(error.exit_code, None, error.exit_code)


def child_environ(
    attempt: Attempt, environ: Mapping[str, str], paths: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return the variables that make a process part of an attempt, name its inputs and switch automatic logging."""
    own = {
        env.REG_DIR: str(attempt.registry.path),
        env.REG_TASK: attempt.task.id,
        env.REG_ATTEMPT: str(attempt.task.attempt),
        env.REG_RANK: env.own_ranks(environ),
    }
    recorded = attempt.task.recipe.env
    return _with_auto({**env.without_inputs(environ), **recorded, **paths, **own}, attempt.task.recipe.auto)


def _with_auto(environ: dict[str, str], auto: Auto | None) -> dict[str, str]:
    if is_off(environ.get(env.REG_AUTOLOG)):
        return environ
    # an enclosing task has its own
    inherited = {key: value for key, value in environ.items() if key != env.REG_AUTOLOG}
    if auto is None:
        return inherited
    return {**inherited, env.REG_AUTOLOG: dump_auto(auto), **env.with_site(environ)}


class _Runner:
    """The callbacks of the thread that forwards the output: quick, and never failing the command."""

    def __init__(self, attempt: Attempt, beside: Companion) -> None:
        self._attempt = attempt
        self._beside = beside
        self._console = AppendFile(attempt.live.console)
        self._group: int | None = None
        self.heartbeat = Heartbeat(attempt)

    def start(self, group: int) -> None:
        self._group = group
        self.heartbeat.start()  # not before: a lock that a thread holds would be copied into the command's process
        self._beside.start()

    def pass_on(self, number: int) -> None:
        if number == signal.SIGTERM:  # a second SIGTERM for the cancellation is needless
            self._group = None

    def keep(self, data: bytes) -> None:
        self._console.write(data)

    def tick(self) -> None:
        if self._group is not None and self._attempt.cancelled:
            os.killpg(self._group, signal.SIGTERM)
            self._group = None

    def close(self) -> None:
        with suppress(OSError):
            restore_console(self._attempt.registry.layout, self._attempt.live, self._console.fd)
        self._console.close()


def _ending(attempt: Attempt, exited: Exit, problems: list[str]) -> Ending:
    status: Status = "completed" if exited.code == 0 else "failed"
    if exited.code and (attempt.cancelled or exited.signal == "SIGINT"):
        status = "cancelled"
    problem = "; ".join(dict.fromkeys(problems)) or None
    return Ending(status, exited.exit_code, exited.signal, problem, ended=clock.now())


def end_attempt(attempt: Attempt, ending: Ending, problems: list[str]) -> Task:
    """End the attempt, without its console where there is no room for that.

    Where both fail the attempt's folder stays, and the next command that looks ends it.
    """
    for bare in (False, True):
        try:
            ended = attempt.end(ending, bare=bare)
        except RefusedError as error:
            problems.append(error.message)
            break
        except RegError as error:
            problem = error.message
        except OSError as error:
            problem = describe_os_error(error)
        else:
            problems += attempt.describe_end(ended)
            return ended
        problems.append(f"the {'end' if bare else 'console'} of the task could not be written: {problem}")
        problem = "; ".join(dict.fromkeys([*filter(None, [ending.problem]), *problems]))
        ending = replace(ending, problem=problem)
    return replace(attempt.task, status=ending.status, exit_code=ending.exit_code, signal=ending.signal)


def _list_outputs(attempt: Attempt, beside: Companion) -> list[VersionRow]:
    """Return the versions that the task has now; where they cannot be read, those that its runner saved."""
    try:
        return list_made(attempt.registry, attempt.task.id)
    except (RegError, OSError):  # the command has run: nothing that happens now may change its exit code
        return beside.outputs


def settle_outputs(attempt: Attempt, ended: Task, *, publish: bool) -> list[str]:
    """Publish the outputs where the script asked for it, or drop those of a failed run; return messages of failures."""
    try:
        if publish:
            publish_outputs(attempt.registry, ended.id)
        return drop_outputs(attempt.registry, ended, attempt.task.attempt)
    except (RegError, OSError) as error:
        return [f"the outputs stay as they are: {error}"]


def _plain(text: str) -> str:
    """Return Python's message of a failed call without its leading error number."""
    return re.sub(r"^\[Errno \d+\] (.)", lambda match: match[1].lower(), text)
