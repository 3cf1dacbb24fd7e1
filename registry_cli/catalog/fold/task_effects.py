"""The effect of a `task` change on the index: one task from its draft to the end of its last attempt.

A record holds all that is known of an attempt, so a change with a record replaces the rows of the newest attempt, and
the start of an attempt adds rows beside those of the attempts before. Of two ends of one attempt the first counts: that
of the runner, or that of a process that found the runner dead. An attempt that did not complete does not stand for the
task where an earlier one completed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.connection import execute_all
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.blob_effects import spare_task
from registry_cli.catalog.fold.effect_parts import Effect, State, VoidError, note_damaged
from registry_cli.catalog.fold.task_rows import COLUMNS, TaskRows, broken_task
from registry_cli.catalog.schema import OUTPUTS
from registry_cli.catalog.seals import TASK
from registry_cli.errors import RegError
from registry_cli.ids import RecordId, TaskId
from registry_cli.records.status import ENDED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from registry_cli.records.status import Status

_FLAGS: Final = {"archive": ("archived", 0, 1), "remove": ("removed", 0, 1)}
"""The column of each stage, the value it must have, and its new value."""
_OF_TASK: Final = ("name", "key", "project", "project_key", "comment")
"""The columns that are a task's and not an attempt's, as an edit changes them; its tags are too."""
_ROWS: Final = ("task_fields", "task_tags", "task_inputs", "task_data", "task_files")


def apply_task(state: State, change: Mapping[str, Any]) -> Effect:
    """Move a task to a stage.

    Raises:
        VoidError: The stage cannot follow the present state of the task.
    """
    task, stage = TaskId(change["task"]), change["stage"]
    held = state.db.execute(
        "SELECT row, status, attempt, record, archived, removed FROM attempts WHERE id = ? AND newest = 1", (task,)
    ).fetchone()
    for (row,) in state.db.execute("SELECT row FROM attempts WHERE id = ?", (task,)).fetchall():
        state.seals.renew(TASK, row)
    if held is not None and held[5] and stage != "restore":
        raise VoidError(f"task {task} is removed")
    if stage in changes.RECORDED:
        if "record" not in change:
            raise VoidError(f"`{stage}` of task {task} brings no record")
        rows = _rows(state, task, stage, RecordId(change["record"]), held)
        _check_stage(task, stage, rows, held, change.get("old"))
        row = _make_row(state.db, rows, held)
        state.seals.renew(TASK, row, new=True)
        _write(state.db, rows, row)
        _share(state.db, rows, row)
        return Effect(None, None, {"record": held[3]} if held else None)
    if held is None:
        raise VoidError(f"task {task} is not in the registry")
    return Effect(None, None, {"ended": _flag(state.db, task, stage, archived=held[4], removed=held[5])})


def hand_down(db: sqlite3.Connection, task: TaskId) -> None:
    """Give the versions of a task's newest attempt its parameters as searchable fields, except those of their own.

    So do versions that were added before the task was in the log.
    """
    db.execute(
        "INSERT OR IGNORE INTO fields SELECT v.row, f.field, f.number, f.text FROM attempts t"
        " CROSS JOIN versions v INDEXED BY versions_task ON v.task = t.id AND v.task IS NOT NULL"
        " AND coalesce(v.attempt, t.attempt) = t.attempt"
        " CROSS JOIN task_fields f ON f.task = t.row AND f.field >= 'params.' AND f.field < 'params/'"
        " WHERE t.id = ? AND t.newest = 1",
        (task,),
    )


def inherit(db: sqlite3.Connection, version: int, task: object) -> None:
    """Give a new version the parameters of its task's newest attempt as searchable fields, except those of its own."""
    db.execute(
        "INSERT OR IGNORE INTO fields SELECT ?, f.field, f.number, f.text FROM attempts t CROSS JOIN task_fields f"
        " ON f.task = t.row AND f.field >= 'params.' AND f.field < 'params/' WHERE t.id = ? AND t.newest = 1",
        (version, task),
    )


def _check_stage(task: TaskId, stage: str, rows: TaskRows, held: tuple[Any, ...] | None, old: str | None) -> None:
    status, attempt = (held[1], held[2]) if held else (None, 0)
    if rows.id != task:
        raise VoidError(f"the record that is to tell of task {task} is about {rows.id}")
    if stage == "draft":
        legal = held is None and rows.status == "draft" and rows.attempt == 0
    elif stage == "edit":
        legal = held is not None and old == held[3] and (rows.status, rows.attempt) == (status, attempt)
    elif stage == "start":
        is_cancelled = (status, attempt) == ("cancelled", 0)
        legal = rows.status == "running" and rows.attempt == attempt + 1 and not is_cancelled
    else:
        legal = status in {"running", "draft"} and rows.status in ENDED and rows.attempt == attempt
    if not legal:
        now = f"{status}, attempt {attempt}" if held else "not in the registry"
        raise VoidError(f"task {task} is {now}: `{stage}` of attempt {rows.attempt} came too late or too early")


def _rows(state: State, task: TaskId, stage: str, record: RecordId, held: tuple[Any, ...] | None) -> TaskRows:
    """Return a record's rows; a damaged record gives rows derived from its stage, so that all else stays readable.

    `_write` then leaves the values of the record before it in place.
    """
    try:
        return state.task_rows(record)
    except RegError as error:
        note_damaged(state, record)
        now: Status = held[1] if held else "draft"
        attempt = held[2] if held else 0
        after: dict[str, tuple[Status, int]] = {"start": ("running", attempt + 1), "end": ("crashed", attempt)}
        status, attempt = after.get(stage, (now, attempt))
        return broken_task(task, status, attempt, record, state.entry, error.message)


def _make_row(db: sqlite3.Connection, rows: TaskRows, held: tuple[Any, ...] | None) -> int:
    """Return the row that holds an attempt: that of the newest one or of the draft, or a new one beside it.

    A new one begins as a copy of the row before it, for a record that cannot be read.
    """
    if held is None:
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        made = db.execute(f"INSERT INTO attempts (id, {', '.join(COLUMNS)}) VALUES ({marks})", (rows.id, *rows.columns))
    elif not held[2] or held[2] == rows.attempt:
        return int(held[0])
    else:
        without_end = "status = CASE status WHEN 'running' THEN 'crashed' ELSE status END"
        db.execute(f"UPDATE attempts SET newest = 0, {without_end} WHERE row = ?", (held[0],))
        same = [column for column in COLUMNS if column != "attempt"]
        made = db.execute(
            f"INSERT INTO attempts (id, attempt, archived, removed, {', '.join(same)})"
            f" SELECT id, ?, archived, removed, {', '.join(same)} FROM attempts WHERE row = ?",
            (rows.attempt, held[0]),
        )
        db.execute("INSERT INTO task_tags SELECT ?, tag FROM task_tags WHERE task = ?", (made.lastrowid, held[0]))
    assert made.lastrowid is not None
    return made.lastrowid


def _write(db: sqlite3.Connection, rows: TaskRows, row: int) -> None:
    """Write the rows of an attempt in place of those it has at `row`; a damaged record leaves most as they are."""
    if rows.broken:
        db.execute(
            "UPDATE attempts SET status = ?, attempt = ?, record = ?, broken = ? WHERE row = ?",
            (rows.status, rows.attempt, rows.record, rows.broken, row),
        )
        return
    put = ", ".join(f"{column} = ?" for column in COLUMNS)
    db.execute(f"UPDATE attempts SET {put} WHERE row = ?", (*rows.columns, row))
    for table in _ROWS:
        db.execute(f"DELETE FROM {table} WHERE task = ?", (row,))
    db.executemany("INSERT INTO task_fields VALUES (?, ?, ?, ?)", [(row, *field) for field in rows.fields])
    db.executemany("INSERT INTO task_tags VALUES (?, ?)", [(row, tag) for tag in rows.tags])
    inputs = [(row, at, *one) for at, one in enumerate(rows.inputs)]
    db.executemany("INSERT INTO task_inputs VALUES (?, ?, ?, ?)", inputs)
    data = [(row, at, *one) for at, one in enumerate(rows.data)]
    db.executemany("INSERT INTO task_data VALUES (?, ?, ?, ?, ?)", data)
    db.executemany("INSERT INTO task_files VALUES (?, ?, ?, ?, ?, ?)", [(row, *file) for file in rows.files])
    spare_task(db, row)
    execute_all(db, OUTPUTS)
    hand_down(db, rows.id)


def _share(db: sqlite3.Connection, rows: TaskRows, row: int) -> None:
    """Give the other attempts what is the task's, not an attempt's, and choose the one that stands for the task."""
    if rows.attempt < 2:
        return
    columns = ", ".join(_OF_TASK)
    of_others = "(SELECT row FROM attempts WHERE id = ?1 AND newest = 0)"
    db.execute(
        f"UPDATE attempts SET ({columns}) = (SELECT {columns} FROM attempts WHERE row = ?2) WHERE row IN {of_others}",
        (rows.id, row),
    )
    db.execute(f"DELETE FROM task_tags WHERE task IN {of_others}", (rows.id,))
    db.execute(
        f"INSERT INTO task_tags SELECT a.row, g.tag FROM attempts a JOIN task_tags g ON g.task = ?2"
        f" WHERE a.row IN {of_others}",
        (rows.id, row),
    )
    db.execute(
        "UPDATE attempts SET shown = (attempt = (SELECT coalesce(max(CASE WHEN status = 'completed'"
        " OR (newest = 1 AND status = 'running') THEN attempt END), max(attempt)) FROM attempts WHERE id = ?1))"
        " WHERE id = ?1",
        (rows.id,),
    )


def _flag(db: sqlite3.Connection, task: TaskId, stage: str, *, archived: int, removed: int) -> str:
    ended = "removed" if removed else "archived"
    column, before, after = (ended, 1, 0) if stage == "restore" else _FLAGS[stage]
    if {"archived": archived, "removed": removed}[column] != before:
        raise VoidError(f"task {task} is {'not ' if before else ''}{column}")
    db.execute(f"UPDATE attempts SET {column} = ? WHERE id = ?", (after, task))
    if stage == "restore":
        for (row,) in db.execute("SELECT row FROM attempts WHERE id = ?", (task,)).fetchall():
            spare_task(db, row)
    return column
