"""What a task put out: from an address such as `task:baseline/best.pt` to versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.task_address import SHORTEST_PREFIX, split_output
from registry_cli.errors import NotFoundError
from registry_cli.ids import line_key

if TYPE_CHECKING:
    import sqlite3

_OUTPUTS = (
    "SELECT v.row, v.line, (SELECT group_concat(path, '/') FROM files WHERE version = v.row)"
    " FROM versions v JOIN lines l ON l.id = v.line WHERE v.task {which} AND v.removed = 0"
    " AND (:path IS NULL OR substr('/' || l.key, -length(:key) - 1) = '/' || :key OR EXISTS (SELECT 1 FROM files f"
    " WHERE f.version = v.row AND substr('/' || f.path, -length(:path) - 1) = '/' || :path)) ORDER BY v.row"
)


def list_outputs(db: sqlite3.Connection, words: str) -> list[int]:
    """Return the rows of what a task put out, of the same files in one model the newest, in the order of their making.

    Args:
        db: The index.
        words: The task's address without `task:`, and after a `/` the path of a file or the end of a model's name.

    Raises:
        NotFoundError: There is no such task, or it put out no such thing.
    """
    try:
        row, path = split_output(db, words)
    except NotFoundError:
        newest = _of_unrecorded(db, words)
        if not newest:
            raise
        return newest
    task, name = db.execute("SELECT id, name FROM tasks WHERE row = ?", (row,)).fetchone()
    newest = _newest(db, "= :task", task, path)
    if not newest:
        what = f"no output `{path}`" if path else "no output"
        raise NotFoundError(f"task `{name}` has {what}", hint=f"reg task show {task}")
    return newest


def _of_unrecorded(db: sqlite3.Connection, words: str) -> list[int]:
    """Return what was added under the id of a task that is not in this registry."""
    prefix, _, path = words.partition("/")
    if len(prefix) < SHORTEST_PREFIX:
        return []
    return _newest(db, "BETWEEN :task AND :task || '~'", prefix.upper(), path or None)


def _newest(db: sqlite3.Connection, which: str, task: str, path: str | None) -> list[int]:
    bound = {"task": task, "path": path, "key": line_key(path) if path else None}
    newest: dict[tuple[int, str], int] = {}
    for row, line, paths in db.execute(_OUTPUTS.format(which=which), bound):
        newest.pop((line, paths), None)
        newest[line, paths] = row
    return list(newest.values())
