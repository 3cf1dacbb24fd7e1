"""Compares a task that was run again with the original: metrics by value, outputs by their bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.read.versions import list_outputs_of_attempt, list_versions_of_task
from registry_cli.dataclass import dataclass
from registry_cli.errors import RefusedError
from registry_cli.ids import NAME_LIMIT
from registry_cli.registry.lifecycle import archive_versions
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_row, get_task
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry

TOLERANCE: Final = 1e-6
"""Largest difference of two metrics that count as equal, relative to the larger, absolute below 1."""

_SUFFIX: Final = " check"


@dataclass(frozen=True, slots=True)
class Checked:
    """A metric or an output of two runs.

    Attributes:
        old: A number, or the SHA-256 of the bytes; None if the first run has none.
        new: The same for the second run.
        difference: New minus old, for metrics that both runs have.
    """

    kind: Literal["metric", "output"]
    name: str
    old: int | float | str | None
    new: int | float | str | None
    difference: float | None
    same: bool


def need_comparable(registry: Registry, row: TaskRow) -> None:
    """Check that a task has metrics or outputs with which a second run can be compared.

    Raises:
        RefusedError: The task has neither.
    """
    if not get_task(registry, row).metrics and not _list_digests(registry, row):
        if row.status == "draft":
            raise RefusedError(
                f"task {row.name} has not run: there is nothing to compare", hint=f"reg task run {row.id}"
            )
        raise RefusedError(
            f"task {row.name} has neither metrics nor outputs: there is nothing to compare; `reg log` records "
            "them with --metrics and --output",
            hint="reg log --help",
        )


def check_runs(registry: Registry, old: TaskId, new: TaskId, tolerance: float = TOLERANCE) -> list[Checked]:
    """Return each metric and output of two tasks side by side, metrics first."""
    rows = see_tasks(registry, [old, new])
    before, after = (dict(get_task(registry, row).metrics) for row in rows)
    metrics = [_check_metric(name, before, after, tolerance) for name in dict.fromkeys((*before, *after))]
    made, remade = (_list_digests(registry, row) for row in rows)
    outputs = [
        Checked("output", name, made.get(name), remade.get(name), None, made.get(name) == remade.get(name))
        for name in dict.fromkeys((*made, *remade))
    ]
    return metrics + outputs


def set_aside(registry: Registry, task: TaskId, message: str) -> None:
    """Rename a run that was made only for comparison, and archive its outputs.

    So neither the task's name nor a model's name leads to the copy.
    """
    name = get_row(registry, task).name
    edit_task(registry, task, Edits(name=f"{name[: NAME_LIMIT - len(_SUFFIX)]}{_SUFFIX}"), message=message)
    versions = registry.read(lambda db: list_versions_of_task(db, task))
    if versions:
        archive_versions(registry, [version.id for version in versions], message=message)


def _check_metric(
    name: str, before: Mapping[str, int | float], after: Mapping[str, int | float], tolerance: float
) -> Checked:
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        return Checked("metric", name, old, new, None, same=False)
    same = old == new or (math.isnan(old) and math.isnan(new))
    if not same and math.isfinite(old) and math.isfinite(new):
        same = abs(new - old) <= tolerance * max(1.0, abs(old), abs(new))
    return Checked("metric", name, old, new, float(new - old), same)


def _list_digests(registry: Registry, row: TaskRow) -> dict[str, str]:
    """Return the digests of the outputs by name; of several with one name, that of the newest."""
    versions = registry.read(lambda db: list_outputs_of_attempt(db, row.id, row.attempt))
    named: dict[str, str] = {}
    for version in versions:
        for file in version.files:
            name = version.name if len(version.files) == 1 else f"{version.name}/{file.path}"
            named[name] = file.sha256 or file.url or ""
    return named
