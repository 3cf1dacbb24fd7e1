"""The index rows of a task's record, ready to insert and computed without the index."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.documents import OWN, microseconds
from registry_cli.catalog.fold.version_rows import FieldRow, check_storable, searchable
from registry_cli.dataclass import asdict, dataclass
from registry_cli.errors import CorruptError
from registry_cli.ids import line_key
from registry_cli.records.task_codec import load_task
from registry_cli.records.values import flatten

if TYPE_CHECKING:
    from registry_cli.ids import RecordId, TaskId
    from registry_cli.records.entry import Entry
    from registry_cli.records.status import Status
    from registry_cli.records.task import Task

COLUMNS: Final = (
    "name", "key", "project", "project_key", "status", "attempt", "author", "created", "started", "ended", "exit_code",
    "source", "comment", "commit_id", "command", "record", "broken",
)  # fmt: skip
"""Columns of `tasks` that a record fills."""
COMMAND: Final = 2000
"""Most characters of a command that are searched and listed."""


@dataclass(frozen=True, slots=True)
class TaskRows:
    """The rows of one record of a task, without their row id; `columns` are those of `COLUMNS`."""

    id: TaskId
    status: Status
    attempt: int
    columns: tuple[object, ...]
    fields: tuple[FieldRow, ...] = ()
    tags: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[object, ...], ...] = ()
    files: tuple[tuple[object, ...], ...] = ()

    @property
    def record(self) -> object:
        """Id of the record."""
        return self.columns[COLUMNS.index("record")]

    @property
    def broken(self) -> object:
        """The reason why the record cannot be read, or None."""
        return self.columns[COLUMNS.index("broken")]


def load_task_rows(record: RecordId, data: bytes) -> TaskRows:
    """Return the rows of the task record whose bytes are `data`.

    Raises:
        CorruptError: The bytes are not a task record.
    """
    where = f"record {record[:12]}"
    task = load_task(data, where)
    try:
        made = make_task_rows(record, task)
        rows = [made.columns, made.tags, *made.fields, *made.inputs, *made.data, *made.files]
        check_storable(value for row in rows for value in row)
        return made
    except (TypeError, ValueError, AttributeError) as error:
        raise CorruptError(f"{where} is no task record: {error!r}") from None


def make_task_rows(record: RecordId, task: Task) -> TaskRows:
    """Return the rows of a task."""
    times = [None if time is None else microseconds(time) for time in (task.created, task.started, task.ended)]
    columns = (
        task.name, line_key(task.name), task.project, line_key(task.project), task.status, task.attempt, task.author,
        *times, task.exit_code, task.source, task.comment, task.code.commit if task.code else None,
        shlex.join(task.recipe.argv)[:COMMAND], record, None,
    )  # fmt: skip
    return TaskRows(
        id=task.id,
        status=task.status,
        attempt=task.attempt,
        columns=columns,
        fields=tuple(_fields(task)),
        tags=tuple(sorted(set(task.tags))),
        inputs=tuple((one.name, one.version) for one in task.inputs),
        data=tuple((one.path, one.size, one.sha256) for one in task.data),
        files=tuple((f.path, f.size, f.sha256, f.xxh3, f.media) for f in task.files),
    )


def broken_task(task: TaskId, status: Status, attempt: int, record: RecordId, entry: Entry,
                problem: str) -> TaskRows:  # fmt: skip
    """Return the rows of a task whose record cannot be read: the facts of the entry that names it, and the problem."""
    time = microseconds(entry.time)
    columns = (task, line_key(task), "", "", status, attempt, entry.author, time, None, None, None, None, None, None,
               "", record, problem)  # fmt: skip
    return TaskRows(task, status, attempt, columns)


def _fields(task: Task) -> list[FieldRow]:
    environment = {**task.environment, **task.recipe.env}
    tables: dict[str, Any] = {"params": task.params, "metrics": task.metrics, "env": environment, "host": task.host,
                              "python": task.python, "seeds": task.seeds}  # fmt: skip
    flat = {field: value for group, table in tables.items() for field, value in flatten(table, group).items()}
    for name, curve in task.curves.items():
        bounds = asdict(curve)
        for bound in (f"{name}.{end}" for end in ("min", "max", "last")):
            if bound in task.metrics:  # what the script reported is found by its name, not what follows from a curve
                flat[f"{OWN}.{bound}"] = True
            else:
                flat[f"metrics.{bound}"] = bounds[bound.rpartition(".")[2]]
    return [(field, *searchable(value)) for field, value in flat.items()]
