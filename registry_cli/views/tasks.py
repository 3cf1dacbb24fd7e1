"""Tasks as plain dicts, each of which feeds tables, JSON, CSV and ids alike.

Keys may be added and are never renamed. Knows no command, no terminal and no store.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import asdict, replace
from registry_cli.views.text import pick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.task import Task
    from registry_cli.tasks.details import Whole
    from registry_cli.views.versions import View

_TASK: Final = (
    "id", "name", "project", "status", "attempt", "author", "created", "started", "ended", "duration", "exit_code",
    "source", "comment", "commit", "command", "tags", "metrics", "params", "archived", "removed", "record", "broken",
)  # fmt: skip


def view_tasks(rows: Iterable[TaskRow], columns: Collection[str] = ()) -> list[View]:
    """Return tasks as plain dicts, each as `view_task` returns it."""
    return [view_task(row, columns) for row in rows]


def view_task(row: TaskRow, columns: Collection[str] = ()) -> View:
    """Return a task in the form that listings have; `duration` is in seconds, None until the task has ended.

    Args:
        row: The task.
        columns: Columns that the user chose; a bound of a curve, such as `metrics.loss.min`, is a key only if chosen.
    """
    bounds = {field: row.bounds[name] for name in row.bounds if (field := f"metrics.{name}") in columns}
    return {**bounds, **pick(row, _TASK), "tags": list(row.tags)}


def view_whole(whole: Whole, columns: Collection[str] = ()) -> View:
    """Return everything about a task: the keys of `view_task`, then those that only its record holds."""
    task, recipe = whole.task, asdict(whole.task.recipe)
    curves = {name: asdict(curve) for name, curve in task.curves.items()}
    bounds = {f"{name}.{end}": curve[end] for name, curve in curves.items() for end in ("min", "max", "last")}
    own = {name: value for name, value in bounds.items() if name not in task.metrics}
    return {
        **view_task(replace(whole.row, bounds=own), columns),
        "name": task.name,
        "project": task.project,
        "comment": task.comment,
        "command": shlex.join(task.recipe.argv),
        "tags": list(task.tags),
        "metrics": dict(sorted(task.metrics.items())),
        "params": dict(task.params),
        "signal": task.signal,
        "problem": task.problem,
        "recipe": {key: value for key, value in recipe.items() if key != "auto"},
        "auto": recipe["auto"],
        "code": _view_code(whole),
        "python": dict(task.python),
        "packages": whole.packages,
        "host": dict(task.host),
        "environment": dict(task.environment),
        "seeds": dict(task.seeds),
        "inputs": [{**asdict(one), "ref": whole.refs.get(one.version), "typed": one.ref} for one in task.inputs],
        "data": [asdict(one) for one in task.data],
        "curves": curves,
        "files": [asdict(file) for file in task.files],
        "outputs": [
            {**pick(row, ("id", "ref", "size")), "files": [file.path for file in row.files], "attempt": row.attempt}
            for row in whole.outputs
        ],
        "attempts": [_view_attempt(one) for one in whole.attempts],
    }


def _view_code(whole: Whole) -> View | None:
    task = whole.task
    if task.code is None:
        return None
    from registry_cli.records.task import BUNDLE, DIFF, UNTRACKED

    bundle, diff = task.find_file(BUNDLE), task.find_file(DIFF)
    added, removed = whole.changed or (0, 0)
    return {
        **asdict(task.code),
        "diff": {"size": diff.size, "sha256": diff.sha256, "added": added, "removed": removed} if diff else None,
        "untracked": [file.path.removeprefix(UNTRACKED) for file in task.files if file.path.startswith(UNTRACKED)],
        "bundle": {"size": bundle.size, "sha256": bundle.sha256} if bundle else None,
    }


def _view_attempt(task: Task) -> View:
    duration = (task.ended - task.started).total_seconds() if task.started and task.ended else None
    return {
        **pick(task, ("attempt", "status", "started", "ended")),
        "duration": duration,
        **pick(task, ("exit_code", "signal", "problem")),
        "metrics": dict(sorted(task.metrics.items())),
    }
