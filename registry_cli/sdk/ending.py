"""The end of a task from within: closed by the script, or because the process ends. Nothing is lost on the way."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.process import call_at_end
from registry_cli.sdk import background_save
from registry_cli.sdk import current as state
from registry_cli.sdk.autolog.choice import stop_hearing
from registry_cli.sdk.exit_status import Fate
from registry_cli.sdk.warning import tell
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.task_versions import publish_outputs

if TYPE_CHECKING:
    from registry_cli.sdk.current import Current

_watched = 0


def watch_end() -> None:
    """See to it that the task of this process is ended when the process is."""
    global _watched
    if _watched != os.getpid():
        _watched = os.getpid()
        call_at_end(partial(_leave_process, _watched))


def leave(current: Current, fate: Fate) -> None:
    """End the task of this process, or where another process runs it, hand over what is left.

    Raises:
        RegError: The end could not be written; the next command that looks writes it.
        OSError: The same, as on a full disk.
    """
    background_save.drain()
    for call in current.leaving:
        call()
    current.leaving.clear()
    stop_hearing(current)
    if current.listener is not None:
        current.listener.stop()
    _tell_untaken(current)
    runner, current.runner = current.runner, None
    if runner is not None or current.live is None:
        state.set_current(None)
    if runner is not None:
        publish = fate.exit_code == 0 and read_facts(runner.attempt.live.list_facts()).publish
        runner.end(fate.ending(cancelled=runner.attempt.cancelled))
        if publish:
            publish_outputs(current.registry, current.task.id)
    else:
        if fate.problem:
            current.tell(lambda facts: facts.set_problem(str(fate.problem)))
        current.flush()


def _tell_untaken(current: Current) -> None:
    """Say which parameters a clone was given and the script never asked for: it ran with its own."""
    initialised = current.listener is not None and not current.silent and not current.forked
    if initialised and current.task.source and current.untaken:
        names = ", ".join(sorted(current.untaken))
        tell(f"task {current.task.name}: this script asked for no parameter {names}, which its clone was given")


def _leave_process(pid: int) -> None:
    """Called by Python when the interpreter ends; in a forked child that is its parent's business."""
    current = state.peek_current()
    if pid != os.getpid() or current is None:
        return
    try:
        leave(current, current.watch.fate if current.watch else Fate())
        current.close()
    except (RegError, OSError) as error:
        tell(f"the end of task {current.task.name} could not be written: {error}")
