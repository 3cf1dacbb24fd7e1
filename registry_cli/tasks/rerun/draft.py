"""Drafts: tasks that have not run, made from those that ran, and changed until they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli import clock
from registry_cli.errors import ConflictError, RefusedError
from registry_cli.ids import TaskId, new_ulid
from registry_cli.records.status import ENDED
from registry_cli.records.task import BUNDLE, CELLS, CONFIGURATION, DIFF, LOCK, UNTRACKED, Task
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import get_row, get_task, write_stage
from registry_cli.tasks.rerun.configurations import put_configurations
from registry_cli.tasks.rerun.edits import Edits, apply_edits

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.registry.api import Registry
_PARTS: Final = frozenset({DIFF, BUNDLE, LOCK, CELLS})


def clone_task(registry: Registry, ref: str, edits: Edits | None = None, *, message: str | None = None) -> Task:
    """Make a draft with the code, command and inputs of another task, and return it.

    Args:
        registry: The registry that holds the task.
        ref: Address of the other task.
        edits: Changes to apply.
        message: The reason, for the log.

    Raises:
        NotFoundError: An address names nothing.
        UsageError: A change is not possible.
        RefusedError: The task is removed, or its bytes are gone.
    """
    row = get_row(registry, ref)
    source = get_task(registry, row)
    parts = tuple(
        file for file in source.files if file.path in _PARTS or file.path.startswith((UNTRACKED, CONFIGURATION))
    )
    if row.removed or any(file.sha256 and not registry.content.has(file.sha256) for file in parts):
        raise RefusedError(f"task {row.name} was removed, and its bytes may be gone", hint=f"reg task restore {row.id}")
    draft = Task(
        id=TaskId(new_ulid()), name=source.name, project=source.project, status="draft", attempt=0,
        created=clock.now(), author=registry.author, recipe=source.recipe, source=source.id, code=source.code,
        environment=source.environment, python=source.python, seeds=source.seeds, inputs=source.inputs, files=parts,
        params=source.params, options=source.options,
    )  # fmt: skip
    edits = edits or Edits()
    with Staging(registry.layout) as staging:
        draft = put_configurations(apply_edits(registry, draft, edits), edits.config, staging)
        write_stage(registry, "draft", draft, staging=staging, message=message)
    return draft


def edit_task(registry: Registry, ref: str, edits: Edits, *, message: str | None = None) -> Task:
    """Change a draft, or the name, comment and tags of a task that ran, and return it as it is now.

    Raises:
        RefusedError: The task is running, or has run and the edits change more than these.
        ConflictError: Another process has just changed it.
        NotFoundError: An address names nothing.
        UsageError: A change is not possible.
    """
    row = get_row(registry, ref)
    task = get_task(registry, row)
    if row.status == "running":
        raise RefusedError(
            f"task {row.name} is running: wait for its end, or cancel it", hint=f"reg task cancel {row.id}"
        )
    if row.status in ENDED and not edits.tells:
        raise RefusedError(
            f"task {row.name} has run: only its name, comment and tags can be changed", hint=f"reg task clone {row.id}"
        )
    with Staging(registry.layout) as staging:
        changed = put_configurations(apply_edits(registry, task, edits), edits.config, staging)
        if changed == task:
            return task
        try:
            write_stage(registry, "edit", changed, old=row.record, staging=staging, message=message)
        except RefusedError:
            _check_unchanged(registry, row)
            raise
    return changed


def _check_unchanged(registry: Registry, row: TaskRow) -> None:
    now = get_row(registry, row.id)
    if now.record != row.record:
        raise ConflictError(f"task {row.name} was just changed by another process", hint=f"reg task show {row.id}")
