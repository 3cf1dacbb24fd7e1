"""The current task of this process: joined, begun here, or none; left by the script or at the process's end.

A process that was started within a task joins it: it appends to files of the task's folder, and the task's runner
ends it. Of several training processes only rank 0 records anything; the others accept every call and record nothing.
A commit outside of a task comes by here too, so what a task alone needs is imported where it is used.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli import env, opening
from registry_cli.errors import NoRegistryError, RegError, UsageError
from registry_cli.process import call_at_end
from registry_cli.sdk.warning import report_loss

if TYPE_CHECKING:
    from registry_cli.sdk.current import Current
    from registry_cli.sdk.exit_status import Outcome

NO_TASK: Final = "no task runs in this process: Task.init begins one, and so does reg log"

_current: Current | None = None
_lock = threading.RLock()
_watched = 0


def find_current() -> Current | None:
    """Return the task of this process, or None; the first call joins a task that another process runs."""
    if _current is not None or not env.read(env.REG_TASK):
        return _current
    with _lock:
        if _current is None:
            set_current(_attach())
        return _current


def peek_current() -> Current | None:
    """Return the task of this process without joining one."""
    return _current


def get_current() -> Current:
    """Return the task of this process.

    Raises:
        UsageError: There is none.
    """
    current = find_current()
    if current is None:
        raise UsageError(NO_TASK, hint="Task.init()")
    return current


def set_current(current: Current | None) -> None:
    """Make a task the current one of this process; None leaves it without one."""
    global _current, _watched
    _current = current
    if current is not None and _watched != os.getpid():
        _watched = os.getpid()
        call_at_end(partial(_leave_process, _watched))


def is_silent() -> bool:
    """Return True where this process is one of several ranks and another one records the task."""
    return env.rank() != 0


def leave(current: Current, outcome: Outcome) -> None:
    """End the task of this process, or where another process runs it, write the buffered data.

    Raises:
        RegError: The end could not be written; the next command that looks writes it.
    """
    from registry_cli.sdk import pending
    from registry_cli.sdk.autolog.choice import leave_task

    pending.drain()
    current.read_tables()
    for call in current.leaving:
        call()
    current.leaving.clear()
    leave_task(ended=current.runner is not None)
    if current.listener is not None:
        current.listener.stop()
    runner, current.runner = current.runner, None
    if runner is not None or current.live is None:
        set_current(None)
    if runner is not None:
        runner.end(outcome, current.close)
    else:
        if outcome.problem:
            current.record(lambda facts: facts.set_problem(str(outcome.problem)))
        current.flush()


def _leave_process(pid: int) -> None:
    """End or leave the task when the interpreter ends; a forked child leaves that to its parent."""
    current = peek_current()
    if pid != os.getpid() or current is None:
        return
    from registry_cli.sdk.exit_status import Outcome

    try:
        leave(current, current.runner.watch.outcome if current.runner else Outcome())
        current.close()
    except (RegError, OSError) as error:
        report_loss(f"the end of task {current.task.name} could not be written: {error}")


def _attach() -> Current | None:
    """Join the task that the environment names, if it runs; return None where it has ended or lies elsewhere."""
    if not (env.read(env.REG_ATTEMPT) or "").isdecimal():
        return None
    try:
        registry = opening.Registry.find()
    except NoRegistryError:
        return None
    from registry_cli.sdk.current import Current
    from registry_cli.tasks.running import find_running

    found = find_running(registry)
    if found is None:
        registry.close()
        return None
    return Current(registry, found.task, found.live, silent=is_silent())


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    if _current is not None:
        _current.inherit()


os.register_at_fork(after_in_child=_after_fork)
