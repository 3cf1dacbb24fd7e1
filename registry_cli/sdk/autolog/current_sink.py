"""Whom the hooks of this process tell: the sink of the task that it is part of, or nobody.

Asked at every call of a hooked function, so that the answer is kept. A process that joined no task by name finds the
one that the environment tells of; this much needs no registry, and what it needs is imported at the first event.
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
_known = False
_forked = False
_lock = threading.RLock()


def find_sink() -> NoteSink | None:
    """Return whom to tell, or None."""
    return _sink if _known else _look()


def peek_sink() -> NoteSink | None:
    """Return whom hooks told already, or None."""
    return _sink


def drain() -> bool:
    """Wait until what hooks told is written; return whether it is."""
    return _sink is None or _sink.drain()


def set_task(live: Live | None) -> NoteSink | None:
    """Tell a task from now on, or nobody; the one before is told no more."""
    global _sink, _known
    with _lock:
        if _sink is not None and (live is None or _sink.live != live):
            before, _sink = _sink, None
            before.close()
        if live is not None and _sink is None:
            from registry_cli.sdk.autolog.sink import NoteSink

            _sink = NoteSink(live, forked=_forked)
        _known = True
    return _sink


def is_in_task() -> bool:
    """Return whether this process tells a task already, or the environment names one that has not ended."""
    return _sink is not None if _known else _find_folder() is not None


def _look() -> NoteSink | None:
    """Find the task that the environment names; it may be over, as for a process that outlived it."""
    from registry_cli.ids import TaskId
    from registry_cli.tasks.attempt.folder import Live

    folder = _find_folder()
    return set_task(Live(TaskId(folder.parent.name), int(folder.name), folder) if folder is not None else None)


def _find_folder() -> Path | None:
    registry, task, attempt = env.read(env.REG_DIR), env.read(env.REG_TASK), env.read(env.REG_ATTEMPT) or ""
    if not registry or not task or not attempt.isdecimal():
        return None
    from registry_cli.ids import TaskId
    from registry_cli.store.layout import Layout

    folder = Layout(Path(registry)).attempt(TaskId(task), int(attempt))
    return folder if folder.is_dir() else None


def _after_fork() -> None:
    global _lock, _forked
    _lock, _forked = threading.RLock(), True
    if _sink is not None:
        _sink.inherit()


os.register_at_fork(after_in_child=_after_fork)
