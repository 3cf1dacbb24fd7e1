"""The sink for this process's hooks: that of its task, or none.

Every call of a hooked function looks it up, so it is cached. A process that has not joined a task itself finds the one
that the environment names; that needs no registry, and its modules are imported at the first event.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli import env

if TYPE_CHECKING:
    from registry_cli.sdk.autolog.sink import NoteSink
    from registry_cli.tasks.attempt.folder import Live

_sink: NoteSink | None = None
_live: Live | None = None
"""The attempt that this process has joined itself; its sink is made at the first event."""
_known = False
_forked = False
_lock = threading.RLock()


def find_sink() -> NoteSink | None:
    """Return the sink of this process's task, or None."""
    return _sink if _known else _look()


def peek_sink() -> NoteSink | None:
    """Return the sink if it is made already, else None."""
    return _sink


def drain() -> bool:
    """Wait until the hooks' events are written; return False where the wait timed out."""
    return _sink is None or _sink.drain()


def set_task(live: Live | None) -> None:
    """Make a task the target of the hooks from now on, or none, and close the sink of the previous one."""
    global _sink, _live, _known
    with _lock:
        if _sink is not None and (live is None or _sink.live != live):
            before, _sink = _sink, None
            before.close()
        _live, _known = live, live is None or _sink is not None


def is_in_task() -> bool:
    """Return True where this process has a sink already, or the environment names a task that has not ended."""
    return _sink is not None if _known else _find_live() is not None


def _look() -> NoteSink | None:
    """Make the sink of this process's task; there is none where this process outlived it."""
    global _sink, _known
    with _lock:
        live = None if _known else _find_live()
        if live is not None:
            from registry_cli.sdk.autolog.sink import NoteSink

            _sink = NoteSink(live, forked=_forked)
        _known = True
    return _sink


def _find_live() -> Live | None:
    """Return the attempt that this process has joined, or else the one that the environment names."""
    if _live is not None:
        return _live
    registry, task, attempt = env.read(env.REG_DIR), env.read(env.REG_TASK), env.read(env.REG_ATTEMPT) or ""
    if not registry or not task or not attempt.isdecimal():
        return None
    from registry_cli.ids import TaskId
    from registry_cli.store.layout import Layout
    from registry_cli.tasks.attempt.folder import Live

    folder = Layout(Path(registry)).attempt(TaskId(task), int(attempt))
    return Live(TaskId(task), int(attempt), folder) if folder.is_dir() else None


def _after_fork() -> None:
    global _lock, _forked
    _lock, _forked = threading.RLock(), True
    if _sink is not None:
        _sink.inherit()


os.register_at_fork(after_in_child=_after_fork)
