"""Tasks for tests: brought from stage to stage as their runners bring them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_cli.catalog.read.rows import TaskRow
from registry_cli.catalog.read.tasks import find_task_row
from registry_cli.dataclass import replace
from registry_cli.records.task import CONSOLE, Recipe, Task
from registry_cli.registry.api import Registry
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import stage_file, write_stage
from tests.catalog.builders import make_task

FILES = {CONSOLE: b"epoch 1\n"}


def draft(registry: Registry, name: str = "baseline", **fields: Any) -> Task:
    """Make a draft; `fields` are those of `Task`."""
    task = make_task(name=name, recipe=Recipe(("python", "train.py", "--lr", "0.1")), **fields)
    write_stage(registry, "draft", task)
    return task


def start(registry: Registry, task: Task | str = "baseline", **fields: Any) -> Task:
    """Start the next attempt at a task, or the first at a new one of that name."""
    if isinstance(task, str):
        task = make_task(name=task, recipe=Recipe(("python", "train.py", "--lr", "0.1")))
    begun = replace(task, status="running", attempt=task.attempt + 1, **fields)
    write_stage(registry, "start", begun)
    return begun


def end(
    registry: Registry, task: Task, status: str = "completed", *, files: Mapping[str, bytes] = FILES, **fields: Any
) -> Task:
    """End the attempt that runs, with blobs."""
    with Staging(registry.layout) as staging:
        entries = tuple(stage_file(staging, path, data) for path, data in files.items())
        given: dict[str, Any] = {"exit_code": 0 if status == "completed" else 1, **fields}
        ended = replace(task, status=status, files=entries, **given)  # type: ignore[arg-type]  # any word, for tests
        write_stage(registry, "end", ended, staging=staging)
    return ended


def run(registry: Registry, name: str = "baseline", **fields: Any) -> Task:
    """Start and end a new task; `fields` are those of its end."""
    return end(registry, start(registry, name), **fields)


def row_of(registry: Registry, task: Task) -> TaskRow:
    """Return a task as the registry has it now."""
    row = registry.read(lambda db: find_task_row(db, task.id))
    assert row is not None
    return row
