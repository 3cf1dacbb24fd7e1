"""The end of a task from within: closed by the script, or because the process ends. Nothing is lost on the way."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.sdk import current as state
from registry_cli.sdk import saver
from registry_cli.sdk.fate import Fate
from registry_cli.sdk.notice import warn
from registry_cli.sdk.outputs import publish_outputs

if TYPE_CHECKING:
    from registry_cli.sdk.current import Current

_watched = 0


def watch_end() -> None:
    """See to it that the task of this process is ended when the process is."""
    global _watched
    if _watched != os.getpid():
        _watched = os.getpid()
        atexit.register(_leave_process, _watched)


def leave(current: Current, fate: Fate) -> None:
    """End the task of this process, or where another process runs it, hand over what is left.

    Raises:
        RegError: The end could not be written; the next command that looks writes it.
        OSError: The same, as on a full disk.
    """
    saver.drain()
    for call in current.leaving:
        call()
    current.leaving.clear()
    if current.listener is not None:
        current.listener.stop()
    runner, current.runner = current.runner, None
    if runner is not None or current.live is None:
        state.set_current(None)
    if runner is not None:
        runner.end(fate.ending(cancelled=runner.attempt.cancelled))
    else:
        if fate.problem:
            current.tell(lambda facts: facts.set_problem(str(fate.problem)))
        current.flush()
    if current.publish and fate.exit_code == 0:
        publish_outputs(current.registry, current.task.id)


def _leave_process(pid: int) -> None:
    """Called by Python when the interpreter ends; in a forked child that is its parent's business."""
    current = state.peek_current()
    if pid != os.getpid() or current is None:
        return
    try:
        leave(current, current.watch.fate if current.watch else Fate())
        current.close()
    except (RegError, OSError) as error:
        warn(f"the end of task {current.task.name} could not be written: {error}")
