"""Reads tasks and their attempts from the index into the dataclasses of `rows.py`. Changes nothing, decides nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from registry_cli.catalog.connection import find_value, iter_batches, list_column, marks, select_among
from registry_cli.catalog.documents import OWN, from_microseconds
from registry_cli.catalog.read.params import read_value
from registry_cli.catalog.read.rows import InputRow, TaskRow
from registry_cli.catalog.seals import TASK, check
from registry_cli.ids import TagName, TaskId, VersionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from registry_cli.records.parts import FileEntry
    from registry_cli.records.task import Data

_GROUPS: Final = ("metrics", OWN, "params")
"""The groups that are read; they are neighbours in the order of fields, so one range holds all; `/` follows `.`."""
_BOUNDS: Final = (".min", ".max", ".last")
_FIELDS: Final = (
    "id", "name", "project", "status", "attempt", "author", "created", "started", "ended", "exit_code", "source",
    "comment", "commit", "command", "record", "archived", "removed", "broken", "newest",
)  # fmt: skip
"""The fields of a `TaskRow` that are columns of its table, in the order in which `_read_batch` selects them."""


class Running(NamedTuple):
    """An attempt that is running according to the log: its start in seconds since 1970 UTC, and its host."""

    task: TaskId
    attempt: int
    started: float
    host: str | None


def list_tasks(db: sqlite3.Connection, rows: Sequence[int]) -> list[TaskRow]:
    """Return the tasks of the given rows, in their order."""
    found: dict[int, TaskRow] = {}
    for some in iter_batches(rows):
        found.update(_read_batch(db, some))
    return [found[row] for row in rows]


def list_task_ids(db: sqlite3.Connection, rows: Sequence[int]) -> list[TaskId]:
    """Return the ids of the tasks of the given rows, in their order; nothing else of them is read."""
    found: dict[int, TaskId] = dict(select_among(db, "SELECT row, id FROM attempts WHERE row IN ({marks})", rows))
    return [found[row] for row in rows]


def list_attempt_addresses(db: sqlite3.Connection, rows: Sequence[int]) -> list[str]:
    """Return the addresses `ID:ATTEMPT` of the given rows, in their order; nothing else of them is read."""
    query = "SELECT row, id || ':' || attempt FROM attempts WHERE row IN ({marks})"
    found: dict[int, str] = dict(select_among(db, query, rows))
    return [found[row] for row in rows]


def get_task_row(db: sqlite3.Connection, row: int) -> TaskRow:
    """Return the task of one row."""
    return list_tasks(db, [row])[0]


def find_task(db: sqlite3.Connection, task: TaskId) -> int | None:
    """Return the row of the attempt that stands for a task, or None where the registry does not hold it."""
    return find_value(db, "SELECT row FROM tasks WHERE id = ?", task)


def find_attempt(db: sqlite3.Connection, task: TaskId, number: int | None = None) -> TaskRow | None:
    """Return an attempt at a task, the newest without a number, or None where the registry does not hold it."""
    query = "SELECT row FROM attempts WHERE id = ?1 AND iif(?2 IS NULL, newest, attempt = ?2)"
    row = find_value(db, query, task, number)
    return get_task_row(db, row) if row is not None else None


def list_attempts(db: sqlite3.Connection, task: TaskId) -> list[TaskRow]:
    """Return the attempts at a task, oldest first; a draft is none."""
    query = "SELECT row FROM attempts WHERE id = ? AND attempt > 0 ORDER BY attempt"
    return list_tasks(db, list_column(db, query, task))


def find_task_row(db: sqlite3.Connection, task: TaskId) -> TaskRow | None:
    """Return a task, or None where the registry does not hold it."""
    row = find_task(db, task)
    return get_task_row(db, row) if row is not None else None


def list_known_tasks(db: sqlite3.Connection, tasks: Sequence[TaskId]) -> list[int]:
    """Return the rows of the newest attempts at those of the given tasks that the registry holds, in no order."""
    query = "SELECT row FROM attempts WHERE id IN ({marks}) AND newest = 1"
    return [row for (row,) in select_among(db, query, tasks)]


def has_running(db: sqlite3.Connection) -> bool:
    """Return whether any task is running according to the log."""
    return find_value(db, "SELECT 1 FROM tasks WHERE status = 'running' AND removed = 0") is not None


def list_running(db: sqlite3.Connection) -> list[Running]:
    """Return the attempts that are running according to the log."""
    found = db.execute(
        "SELECT t.id, t.attempt, t.started, f.text FROM tasks t LEFT JOIN task_fields f"
        " ON f.task = t.row AND f.field = 'host.hostname' WHERE t.status = 'running' AND t.removed = 0"
    )
    return [Running(TaskId(task), attempt, (started or 0) / 1e6, host) for task, attempt, started, host in found]


def list_task_inputs(db: sqlite3.Connection, task: TaskId, attempt: int | None = None) -> list[InputRow]:
    """Return the inputs of a task, or of one attempt at it, in their order; none where it is not in the registry."""
    found = db.execute(
        "SELECT i.name, i.version, l.name || ':' || v.number FROM task_inputs i"
        " LEFT JOIN versions v ON v.id = i.version LEFT JOIN lines l ON l.id = v.line"
        " WHERE i.task = (SELECT row FROM attempts WHERE id = ?1 AND iif(?2 IS NULL, shown, attempt = ?2))"
        " ORDER BY i.position",
        (task, attempt),
    )
    return [InputRow(*one) for one in found]


def list_task_data(db: sqlite3.Connection, task: TaskId, attempt: int | None = None) -> list[Data]:
    """Return the files that a task, or one attempt at it, read, in their order."""
    from registry_cli.records.task import Data  # a listing does not need it

    found = db.execute(
        "SELECT path, size, sha256 FROM task_data"
        " WHERE task = (SELECT row FROM attempts WHERE id = ?1 AND iif(?2 IS NULL, shown, attempt = ?2))"
        " ORDER BY position",
        (task, attempt),
    )
    return [Data(*one) for one in found]


def list_task_files(db: sqlite3.Connection, task: TaskId) -> list[FileEntry]:
    """Return the blobs of all attempts at a task, such as their console logs, the oldest attempt's first."""
    from registry_cli.records.parts import FileEntry

    found = db.execute(
        "SELECT f.path, f.size, f.sha256, f.xxh3, f.media FROM attempts a JOIN task_files f ON f.task = a.row"
        " WHERE a.id = ? ORDER BY a.attempt, f.path",
        (task,),
    )
    return [FileEntry(*file) for file in found]


def list_files_of_commit(db: sqlite3.Connection, commit: str, path: str) -> list[FileEntry]:
    """Return the blobs named `path` of the newest tasks that ran from a commit, newest first, five at most."""
    from registry_cli.records.parts import FileEntry

    found = db.execute(
        "SELECT f.path, f.size, f.sha256, f.xxh3, f.media FROM attempts t JOIN task_files f ON f.task = t.row"
        " WHERE t.commit_id = ? AND t.removed = 0 AND f.path = ? ORDER BY t.row DESC LIMIT 5",
        (commit, path),
    )
    return [FileEntry(*file) for file in found]


def list_users_of_input(db: sqlite3.Connection, version: VersionId) -> list[TaskRow]:
    """Return the tasks that have a version as an input of any attempt and are not removed, oldest first."""
    query = (
        "SELECT row FROM tasks WHERE removed = 0 AND id IN"
        " (SELECT a.id FROM task_inputs i JOIN attempts a ON a.row = i.task WHERE i.version = ?) ORDER BY created, id"
    )
    return list_tasks(db, list_column(db, query, version))


def _read_batch(db: sqlite3.Connection, rows: Sequence[int]) -> dict[int, TaskRow]:
    check(db, TASK, rows)
    tags: dict[int, list[TagName]] = defaultdict(list)
    for row, tag in db.execute(f"SELECT task, tag FROM task_tags WHERE task IN ({marks(rows)}) ORDER BY tag", rows):
        tags[row].append(TagName(tag))
    tables: dict[tuple[int, str], dict[str, Any]] = defaultdict(dict)
    fields = db.execute(
        "SELECT task, field, number, text FROM task_fields"
        f" WHERE task IN ({marks(rows)}) AND field > 'metrics' AND field < 'params/' ORDER BY task, field",
        rows,
    )
    for row, field, number, text in fields:
        group, _, name = field.partition(".")
        if group in _GROUPS:
            tables[row, group][name] = _value(group, number, text)
    found = db.execute(
        "SELECT row, id, name, project, status, attempt, author, created, started, ended, exit_code, source, comment,"
        f" commit_id, command, record, archived, removed, broken, newest FROM attempts WHERE row IN ({marks(rows)})",
        rows,
    )
    return {
        row: _task(
            columns,
            tags=tuple(tags[row]),
            **_split_bounds(tables[row, "metrics"], tables[row, OWN]),
            params=tables[row, "params"],
        )
        for row, *columns in found
    }


def _task(columns: Sequence[Any], **joined: Any) -> TaskRow:
    fields = dict(zip(_FIELDS, columns, strict=True))
    for time in ("created", "started", "ended"):
        fields[time] = None if fields[time] is None else from_microseconds(fields[time])
    return TaskRow(**fields | {flag: bool(fields[flag]) for flag in ("archived", "removed", "newest")}, **joined)


def _split_bounds(fields: dict[str, Any], own: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return metrics apart from the bounds of their curves: `loss.min` of `loss`, unless it is in `own`."""
    bounds = {
        name: value
        for name, value in fields.items()
        if name.endswith(_BOUNDS) and name.rpartition(".")[0] in fields and name not in own
    }
    return {"metrics": {name: value for name, value in fields.items() if name not in bounds}, "bounds": bounds}


def _value(group: str, number: int | float | None, text: str | None) -> str | int | float | bool | None:
    """Return a value from the columns that searching uses; a metric is never text, so the text `nan` is a NaN."""
    return float("nan") if group == "metrics" and text == "nan" else read_value(number, text)
