"""Runs the attempt of a script that began its task itself, in the companion's process.

The script reports its own end; the exit code of one that is gone without a report is not known.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli import clock
from registry_cli.dataclass import replace
from registry_cli.errors import RegError
from registry_cli.ids import TaskId
from registry_cli.records.task import Recipe
from registry_cli.store.staging import Staging
from registry_cli.tasks.attempt.attempt import Attempt, Heartbeat
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.attempt.folder import Live, close_live
from registry_cli.tasks.attempt.jobs import describe_error
from registry_cli.tasks.describe import Wish, describe
from registry_cli.tasks.run.companion import Companion
from registry_cli.tasks.run.run import end_attempt, prepare_hints, settle_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.records.status import Status
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.channel import Begin, Channel

_LOOK: Final = 0.5
"""Seconds between two checks for a request to cancel the task."""
SILENT: Final = "the script ended before it could report its end"
"""The problem of a script whose end is not known."""


def run_script(registry: Registry, begin: Begin, environ: Mapping[str, str], channel: Channel) -> None:
    """Run the attempt of a script to its end, and record it.

    Args:
        registry: The registry.
        begin: The script's message that begins the task.
        environ: The script's environment variables.
        channel: The channel to the script.
    """
    cwd = Path(begin.cwd)
    try:
        attempt = _start(registry, begin, cwd, environ)
    except (RegError, OSError) as error:
        channel.send(failed=describe_error(error))
        return
    channel.send(begun=attempt.task.id)
    heartbeat = Heartbeat(attempt)
    heartbeat.start()
    beside = Companion(attempt, cwd, environ)
    beside.problems += prepare_hints(attempt, cwd)
    beside.start()
    told = _wait_for_end(attempt, begin.pid, channel)
    beside.end(lambda: None)
    problems = [*(told or {}).get("lost", ()), *beside.problems, *beside.list_missed()]
    ending = _describe_end(attempt, told, [*problems, *beside.unsaved])
    publish = ending.status == "completed" and read_facts(attempt.live.list_facts()).publish
    ended = end_attempt(attempt, ending, problems)
    heartbeat.stop()
    problems += settle_outputs(attempt, ended, publish=publish)
    channel.send(ended=list(dict.fromkeys([*filter(None, [attempt.task.problem]), *problems])))


def _start(registry: Registry, begin: Begin, cwd: Path, environ: Mapping[str, str]) -> Attempt:
    task = TaskId(begin.task)
    live = Live(task, 1, registry.layout.attempt(task, 1))
    wish = Wish(begin.name, begin.project, Recipe(begin.argv), tags=begin.tags, began=begin.time)
    try:
        with Staging(registry.layout) as staging:
            known = replace(describe(registry, wish, cwd, environ, staging), id=task)
            return Attempt.start(registry, known, named=False, staging=staging, live=live)
    except BaseException:
        close_live(registry.layout, live)
        raise


def _wait_for_end(attempt: Attempt, pid: int, channel: Channel) -> dict[str, Any] | None:
    """Return the script's report of its end; None where it is gone without one.

    A cancelled script is terminated.
    """
    terminated = False
    while True:
        try:
            message = channel.receive(_LOOK) or {}
        except EOFError:
            return None
        if "end" in message:
            told: dict[str, Any] = message["end"]
            return told
        if not terminated and attempt.cancelled:
            terminated = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _describe_end(attempt: Attempt, told: Mapping[str, Any] | None, problems: list[str]) -> Ending:
    status: Status = "crashed"
    if told is not None:
        status = "failed" if told["exit_code"] else "completed"
    if status != "completed" and (attempt.cancelled or (told and told["signal"] == "SIGINT")):
        status = "cancelled"
    own = SILENT if told is None else told["problem"]
    problem = "; ".join(dict.fromkeys(filter(None, [own, *problems]))) or None
    code = None if told is None or told["signal"] else told["exit_code"]
    return Ending(status, code, told["signal"] if told else None, problem, ended=clock.now())
