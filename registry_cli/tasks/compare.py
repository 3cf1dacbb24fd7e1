"""Compares tasks, or attempts at them, side by side: the command, its inputs and surroundings, and the results.

The time and author of a run, and how long it took, are shown but do not count as a difference.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.tasks import list_task_inputs
from registry_cli.catalog.read.versions import list_outputs_of_attempt, list_versions_of_task
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import UsageError
from registry_cli.records.task import BUNDLE, CELLS, DIFF, LOCK, UNTRACKED
from registry_cli.records.values import Value, flatten
from registry_cli.registry.compare import Compared, choose_groups, compare_group, present_fields
from registry_cli.tasks.find import name_attempt, read_now, see_attempt
from registry_cli.tasks.record import read_task_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.parts import FileEntry
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry

GROUPS: Final = (
    "fields", "metrics", "params", "inputs", "data", "code", "packages", "environment", "python", "host", "seeds",
    "outputs",
)  # fmt: skip
"""The groups that are compared, in the order in which they are shown."""
_AMOUNTS: Final = frozenset({"metrics", "params"})
"""Groups whose numbers are amounts, not names or codes."""
_LOCAL: Final = re.compile(r"^# (?:editable|local): ")
"""Prefix of a package that only the machine of the task has."""
_PINNED: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:==|@)\s*(?P<version>[^;\s]+)")


@dataclass(frozen=True, slots=True)
class TaskComparison:
    """Tasks side by side.

    Attributes:
        tasks: The tasks or attempts as they are now; the others are compared with the first.
        rows: Rows in the order of `GROUPS`; in each group, rows that differ come first.
    """

    tasks: tuple[TaskRow, ...]
    rows: tuple[Compared, ...]

    @property
    def differs(self) -> bool:
        """True where any row differs."""
        return not all(row.same for row in self.rows)


def compare_tasks(
    registry: Registry, refs: Sequence[str], *, only: Sequence[str] = (), attempts: Sequence[int] = ()
) -> TaskComparison:
    """Compare two or more tasks, or attempts at them.

    Args:
        registry: The registry that holds the tasks.
        refs: Addresses of the tasks, or of attempts such as `exp:2`; one may occur twice.
        only: Groups to compare; all if empty.
        attempts: Numbers of attempts: one for each task, one for all, or several of a single task; the number alone of
            a single task is compared with the attempt that stands for the task.

    Raises:
        UsageError: There are fewer than two to compare, a group does not exist, or the numbers do not fit the tasks.
        NotFoundError: An address names nothing, or a task has no such attempt.
        CorruptError: A record or lock cannot be read.
    """
    wanted = _pair([name_attempt(registry, ref) for ref in refs], attempts)
    if len(wanted) < 2:
        raise UsageError("comparing takes two tasks or more", hint="reg task compare --help")
    groups = choose_groups(GROUPS, only)
    tasks = tuple(see_attempt(registry, ref, number) for ref, number in wanted)
    alone = any(number is not None for _, number in wanted)
    tables = [_tables(registry, row, alone=alone) for row in tasks]
    rows = [row for group in groups for row in compare_group(group, [table[group] for table in tables])]
    return TaskComparison(tasks, tuple(row if row.group in _AMOUNTS else replace(row, deltas=()) for row in rows))


def _pair(named: Sequence[tuple[str, int | None]], attempts: Sequence[int]) -> list[tuple[str, int | None]]:
    """Return the attempts to compare; a number of None is that of the attempt that stands for its task."""
    refs, given = [ref for ref, _ in named], [number for _, number in named if number is not None]
    if given and attempts:
        raise UsageError("attempts are named by addresses or by --attempt, not by both", hint="reg task compare --help")
    if len(refs) == 1 and (given or attempts):
        numbers = [*(attempts or given)]
        return [(refs[0], number) for number in (numbers if len(numbers) > 1 else (*numbers, None))]
    if given:
        return list(named)
    numbers = list(attempts) if len(attempts) > 1 else [*(attempts or (None,))] * len(refs)
    if len(numbers) != len(refs):
        raise UsageError(
            f"{len(attempts)} attempts of {len(refs)} tasks: give --attempt once for each task, or once for all",
            hint="reg task compare --help",
        )
    return list(zip(refs, numbers, strict=True))


def parse_lock(text: str) -> dict[str, str]:
    """Return the packages of a requirements file: name to version, or to the URL or path it comes from."""
    found = (_PINNED.match(_LOCAL.sub("", line)) for line in text.splitlines())
    return {match["name"]: match["version"] for match in found if match}


def _tables(registry: Registry, row: TaskRow, *, alone: bool) -> dict[str, Mapping[str, Value]]:
    task = read_now(registry, row)
    lock = task.find_file(LOCK)
    return {
        "fields": _fields(task),
        "metrics": dict(sorted(task.metrics.items())),
        "params": _flat(task.params),
        "inputs": _inputs(registry, task),
        "data": {one.path: {"size": one.size, "sha256": one.sha256} for one in task.data},
        "code": _code(task),
        "packages": dict(parse_lock(read_task_file(registry, lock).decode())) if lock else {},
        "environment": {**task.environment, **task.recipe.env},
        "python": _flat(task.python),
        "host": _flat(task.host),
        "seeds": _flat(task.seeds),
        "outputs": _outputs(registry, task, alone=alone),
    }


def _fields(task: Task) -> dict[str, Value]:
    return present_fields(
        status=task.status,
        exit_code=task.exit_code,
        signal=task.signal,
        command=shlex.join(task.recipe.argv),
        cwd=task.recipe.cwd,
        project=task.project,
        tags=sorted(task.tags) or None,
    )


def _inputs(registry: Registry, task: Task) -> dict[str, Value]:
    known = {one.version: one.ref for one in registry.read(lambda db: list_task_inputs(db, task.id, task.attempt))}
    return {one.name: known.get(one.version) or one.version for one in task.inputs}


def _code(task: Task) -> dict[str, Value]:
    code = task.code
    parts = {CELLS} if code is None else {CELLS, DIFF, BUNDLE}
    stored = [file for file in task.files if file.path in parts or (code and file.path.startswith(UNTRACKED))]
    state = present_fields(commit=code.commit, branch=code.branch, remote=code.remote) if code else {}
    return {**state, **{file.path: _digest(file) for file in stored}}


def _outputs(registry: Registry, task: Task, *, alone: bool) -> dict[str, Value]:
    """Return the files of the versions that an attempt made; of a file that was made several times, the newest."""
    read = list_versions_of_task if alone else list_outputs_of_attempt
    versions = registry.read(lambda db: read(db, task.id, task.attempt))
    return {file.path: _digest(file) for version in versions for file in version.files}


def _digest(file: FileEntry) -> dict[str, Value]:
    return present_fields(size=file.size, sha256=file.sha256, url=file.url)


def _flat(table: Mapping[str, Value]) -> dict[str, Value]:
    return {name.removeprefix("."): value for name, value in sorted(flatten(table, "").items())}
