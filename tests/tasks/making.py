"""Small tasks for tests, begun and ended as a runner does."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry_cli.dataclass import fields
from registry_cli.records.status import Status
from registry_cli.records.task import DIFF, LOCK, Recipe, Task
from registry_cli.records.toml import dump_table
from registry_cli.registry.api import Registry
from registry_cli.store.staging import Staging
from registry_cli.store.writer_name import find_owner
from registry_cli.tasks.attempt.attempt import Attempt, new_task_id
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.record import stage_file, write_stage


def describe(name: str = "baseline", **given: Any) -> Task:
    """Return a task that has not begun; `given` are its fields."""
    fields: dict[str, Any] = {
        "id": new_task_id(), "name": name, "project": "iris", "status": "draft", "attempt": 0,
        "created": datetime.now(UTC), "author": "tester", "recipe": Recipe(("python", "train.py")),
    }  # fmt: skip
    return Task(**{**fields, **given})


def draft(registry: Registry, name: str = "baseline", **given: Any) -> Task:
    """Add a draft."""
    task = describe(name, **given)
    write_stage(registry, "draft", task)
    return task


def start(registry: Registry, name: str = "baseline", *, parts: Mapping[str, bytes] | None = None,
          **given: Any) -> Attempt:  # fmt: skip
    """Begin a task; `parts` are its files by path."""
    task = describe(name, **given)
    with Staging(registry.layout) as staging:
        files = tuple(stage_file(staging, path, data) for path, data in sorted((parts or {}).items()))
        return Attempt.start(registry, Task(**{**fields_of(task), "files": files}), staging=staging)


def run(
    registry: Registry,
    name: str = "baseline",
    *,
    status: Status = "completed",
    exit_code: int | None = 0,
    console: bytes = b"",
    points: Mapping[str, list[float]] | None = None,
    diff: bytes = b"",
    lock: bytes = b"",
    problem: str | None = None,
    **given: Any,
) -> Task:
    """Run a task from its start to its end."""
    parts = {path: data for path, data in ((DIFF, diff), (LOCK, lock)) if data}
    attempt = start(registry, name, parts=parts, **given)
    tell(attempt, console, points or {})
    return attempt.end(Ending(status, exit_code, problem=problem))


def tell(attempt: Attempt, console: bytes = b"", points: Mapping[str, list[float]] | None = None) -> None:
    """Write what an attempt printed and measured, as its runner and its script do."""
    if console:
        with attempt.live.console.open("ab") as file:
            file.write(console)
    lines = [f"{name}\t{step}\t{value!r}\t1.000\n" for name, values in (points or {}).items()
             for step, value in enumerate(values)]  # fmt: skip
    if lines:
        with attempt.live.scalars("1").open("a") as table:
            table.write("".join(lines))


def hand_over(attempt: Attempt, owner: str) -> None:
    """Let another process, named as `new_name` does, be the runner of an attempt."""
    assert find_owner(owner)
    told = {"owner": owner, "started": datetime.now(UTC), "named": True}
    attempt.live.state.write_bytes(dump_table(told))


def crash(attempt: Attempt) -> None:
    """Let the runner of an attempt be dead."""
    own = find_owner(attempt.live.state.read_text().partition('"')[2].partition('"')[0])
    assert own
    hand_over(attempt, f"{own.host}-{own.boot}-999999999-1-{new_task_id()}")


def lose_live(attempt: Attempt) -> Path:
    """Take the folder of an attempt away, as in a copy of the registry; return it."""
    shutil.rmtree(attempt.live.folder)
    return attempt.live.folder


def fields_of(task: Task) -> dict[str, Any]:
    return {each.name: getattr(task, each.name) for each in fields(task)}
