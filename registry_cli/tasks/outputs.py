"""What a task puts out, as versions: named after the task, made from its inputs, with its scalars so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from registry_cli.ids import NAME_LIMIT, ModelName, model_segment, parse_model_name
from registry_cli.registry.add import Added, Mode, add_files
from registry_cli.tasks.scalars.read import last_at, read_points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft
    from registry_cli.tasks.live import Live

INPUT: str = "input"
"""Role of the parents that a version has because its task was given them."""


def name_output(task: Task, path: Path) -> ModelName:
    """Return the model to which an output of a task belongs: the recipe's, else `<project>/<task>/<file stem>`."""
    if task.recipe.model:
        return parse_model_name(task.recipe.model)
    stem = path.name.lstrip(".").partition(".")[0] or path.name
    parts = [*filter(None, task.project.split("/")), task.name, stem]
    return parse_model_name("/".join(map(model_segment, parts))[:NAME_LIMIT].rstrip("/ "))


def add_output(
    registry: Registry,
    task: Task,
    live: Live,
    draft: Draft,
    paths: Sequence[Path],
    *,
    mode: Mode = "copy",
    message: str | None = None,
    allow_same: bool = False,
) -> Added:
    """Add an output of a running task: it knows its task, its inputs as parents, and the scalars at its step.

    Args:
        registry: Where.
        task: As it is known by now.
        live: Its folder.
        draft: What is said of the version; what it says itself is not replaced.
        paths: Files and folders.
        mode: What becomes of them.
        message: Why, for the log.
        allow_same: Make a version although the newest one is the same.

    Raises:
        RegError: As `add_files`.
    """
    return add_files(registry, complete(task, live, draft), paths, mode=mode, message=message, allow_same=allow_same)


def complete(task: Task, live: Live, draft: Draft) -> Draft:
    """Return a draft with what its task knows."""
    own = {ref for _, ref in draft.parents}
    inputs = tuple((INPUT, one.version) for one in task.inputs if one.version not in own)
    scalars = last_at(read_points(live.list_scalars()), draft.step)
    return replace(draft, task=task.id, parents=(*draft.parents, *inputs), metrics={**scalars, **draft.metrics})
