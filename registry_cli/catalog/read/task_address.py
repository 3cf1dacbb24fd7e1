"""Addresses of tasks: resolves what a user types to one task, or to its outputs.

`01JD…` is a unique prefix of a ULID, `baseline` or `iris/baseline` the newest task of that name, `@last` the newest of
all; each with or without `task:` before it. With a path after it, as in `task:baseline/best.pt`, it is an output; with
a number, as in `baseline:2`, an attempt at the task.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.connection import find_value, list_column
from registry_cli.errors import AmbiguousError, NotFoundError, UsageError
from registry_cli.ids import line_key

if TYPE_CHECKING:
    import sqlite3


PREFIX: Final = "task:"
LAST: Final = "@last"
SHORTEST_PREFIX: Final = 4
"""Fewest letters of a ULID by which a task can be named."""
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{3,25}", re.IGNORECASE)
_START: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{0,25}", re.IGNORECASE)
_ATTEMPT: Final = re.compile(r"(?P<task>.+):(?P<number>\d{1,9})", re.DOTALL)
_NEAR: Final = 3


def resolve_task(db: sqlite3.Connection, text: str, *, removed: bool = False) -> int:
    """Return the row in `tasks` that an address names.

    Args:
        db: The index.
        text: The address.
        removed: Search removed tasks too, for a name that no other task has; an id always finds its task.

    Raises:
        UsageError: The address is empty, or names an attempt.
        NotFoundError: It names nothing; the message lists similar names.
        AmbiguousError: It is the beginning of several ids.
    """
    words = text.removeprefix(PREFIX)
    if not words:
        raise UsageError("an empty address names no task: give a name, an id or @last", hint="reg task list")
    row = _find(db, words)
    if row is None and words != LAST:
        gone = _find_named(db, words, removed=1)
        if gone is not None and not removed:
            problem = f"no task `{words}`: the one of that name was removed"
            raise NotFoundError(problem, hint=f"reg task restore {shlex.quote(words)}")
        row = gone
    if row is None and (attempt := _split_attempt(db, words)[1]):
        problem = f"`{words}` is attempt {attempt}, and the whole task is wanted: name it without the number"
        raise UsageError(problem, hint="reg help tasks")
    if row is None:
        from registry_cli.near import did_you_mean

        raise NotFoundError(
            f"no task `{words}`{did_you_mean(list_near_tasks(db, words, removed=removed))}", hint="reg task list"
        )
    return row


def find_start(db: sqlite3.Connection, text: str) -> str:
    """Return the id of the task that an address names, or the start of an id itself: it may name several tasks.

    A version may have a task that this registry does not hold. Raises the same errors as `resolve_task`.
    """
    if _START.fullmatch(text) and _find_named(db, text, removed=0) is None:
        return text
    row = resolve_task(db, text)
    return str(find_value(db, "SELECT id FROM tasks WHERE row = ?", row))


def split_attempt(db: sqlite3.Connection, text: str) -> tuple[str, int | None]:
    """Return the address of a task, and the number of the attempt that the address ends in or None.

    Raises the same errors as `resolve_task`, but none where nothing has the address.
    """
    return _split_attempt(db, text.removeprefix(PREFIX))


def split_output(db: sqlite3.Connection, text: str) -> tuple[int, int | None, str | None]:
    """Return the row of the task that an output's address names, with the attempt and the path that it has or None.

    Names may hold `/`: the longest part that names a task is the task. Raises the same errors as `resolve_task`.
    """
    words = text.removeprefix(PREFIX)
    parts = words.split("/")
    for length in range(len(parts), 0, -1):
        task, attempt = _split_attempt(db, "/".join(parts[:length]))
        row = _find(db, task)
        if row is not None:
            return row, attempt, "/".join(parts[length:]) or None
    return resolve_task(db, words), None, None


def _split_attempt(db: sqlite3.Connection, words: str) -> tuple[str, int | None]:
    """Split an address before a number; a task's own name may end like this, and a number follows a task alone."""
    found = _ATTEMPT.fullmatch(words)
    if found is None or _find(db, words) is not None or _find(db, found["task"]) is None:
        return words, None
    return found["task"], int(found["number"])


def _find(db: sqlite3.Connection, words: str) -> int | None:
    if words == LAST:
        return _one(db, "1", ())
    if _ULID.fullmatch(words):
        found = db.execute(
            "SELECT row, id, name FROM tasks WHERE id BETWEEN ?1 AND ?1 || '~' LIMIT 4", (words.upper(),)
        ).fetchall()
        if len(found) > 1:
            shown = ", ".join(f"{task} ({name})" for _, task, name in found[:_NEAR])
            raise AmbiguousError(
                f"`{words}` is the beginning of several tasks: {shown}", hint=f"reg task show {found[0][1]}"
            )
        if found:
            return int(found[0][0])
    return _find_named(db, words, removed=0)


def _find_named(db: sqlite3.Connection, words: str, *, removed: int) -> int | None:
    if not words.isprintable():  # no task has such a name, and the index takes only text
        return None
    row = _one(db, "key = ?", (line_key(words),), removed)
    if row is None and "/" in words:
        at = "project_key || '/' || key = ?"
        row = _one(db, f"key = ? AND {at}", (line_key(words.rpartition("/")[2]), line_key(words)), removed)
        row = row or _one(db, at, (line_key(words),), removed)
    return row


def _one(db: sqlite3.Connection, condition: str, bound: tuple[str, ...], removed: int = 0) -> int | None:
    query = f"SELECT row FROM tasks WHERE {condition} AND removed = ? ORDER BY created DESC, id DESC LIMIT 1"
    return find_value(db, query, *bound, removed)


def find_named(db: sqlite3.Connection, name: str) -> int | None:
    """Return the row of the newest task of a name, or None."""
    return _find_named(db, name, removed=0)


def list_near_tasks(db: sqlite3.Connection, words: str, *, removed: bool = False) -> list[str]:
    """Return names of tasks that are near to a name; with `removed`, also those of removed tasks."""
    from registry_cli.near import cut_name, list_near  # only a mistake needs it

    names = list_column(db, "SELECT DISTINCT name FROM tasks WHERE removed <= ? LIMIT 5000", int(removed))
    return list_near(words, names, cut_name)


_OUTPUTS = (
    "SELECT v.row, v.line, (SELECT group_concat(path, '/') FROM files WHERE version = v.row)"
    " FROM versions v JOIN lines l ON l.id = v.line WHERE v.task {which} AND v.removed = 0"
    " AND (:attempt IS NULL OR v.attempt = :attempt)"
    " AND (:path IS NULL OR substr('/' || l.key, -length(:key) - 1) = '/' || :key OR EXISTS (SELECT 1 FROM files f"
    " WHERE f.version = v.row AND substr('/' || f.path, -length(:path) - 1) = '/' || :path)) ORDER BY v.row"
)


def list_outputs(db: sqlite3.Connection, words: str) -> list[int]:
    """Return the rows of a task's outputs, oldest first; of versions of one model with the same files, the newest only.

    They are of one attempt: the one that the address names, else the one that stands for the task, or where that one
    has no such output, the last one that has it, completed ones first.

    Args:
        db: The index.
        words: The task's address without `task:`, and after a `/` the path of a file or the end of a model's name.

    Raises:
        NotFoundError: There is no such task or attempt, or it has no such output.
    """
    try:
        row, attempt, path = split_output(db, words)
    except NotFoundError:
        newest = _of_unrecorded(db, words)
        if not newest:
            raise
        return newest
    task, name = db.execute("SELECT id, name FROM tasks WHERE row = ?", (row,)).fetchone()
    # versions that were added before their task have no attempt: they are found last
    attempts = [*_list_attempts(db, task), None] if attempt is None else [attempt]
    for one in attempts:
        newest = _newest(db, "= :task", task, path, one)
        if newest:
            return newest
    if attempt is not None and attempt not in _list_attempts(db, task):
        raise NotFoundError(f"task {name} has no attempt {attempt}", hint=f"reg task show {task}")
    what = f"no output `{path}`" if path else "no output"
    where = f"attempt {attempt} of task `{name}`" if attempt is not None else f"task `{name}`"
    raise NotFoundError(f"{where} has {what}", hint=f"reg task show {task}")


def _list_attempts(db: sqlite3.Connection, task: str) -> list[int]:
    """Return the attempts at a task: the one that stands for it, then the last ones, completed ones first."""
    query = "SELECT attempt FROM attempts WHERE id = ? ORDER BY shown DESC, status = 'completed' DESC, attempt DESC"
    return list_column(db, query, task)


def _of_unrecorded(db: sqlite3.Connection, words: str) -> list[int]:
    """Return the rows of versions that were added under the id of a task that this registry does not hold."""
    prefix, _, path = words.partition("/")
    if len(prefix) < SHORTEST_PREFIX:
        return []
    return _newest(db, "BETWEEN :task AND :task || '~'", prefix.upper(), path or None, None)


def _newest(db: sqlite3.Connection, which: str, task: str, path: str | None, attempt: int | None) -> list[int]:
    bound = {"task": task, "path": path, "key": line_key(path) if path else None, "attempt": attempt}
    newest: dict[tuple[int, str], int] = {}
    for row, line, paths in db.execute(_OUTPUTS.format(which=which), bound):
        newest.pop((line, paths), None)
        newest[line, paths] = row
    return list(newest.values())
