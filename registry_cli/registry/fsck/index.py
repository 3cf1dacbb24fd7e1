"""The index that lies in the registry, opened without a trace: read, compared with the log, and taken as a hint."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.index.place import find_strange, is_private
from registry_cli.catalog.index.sqlite_file import check_schema, connect_untouched, is_outdated, list_errors
from registry_cli.catalog.schema import SCHEMA
from registry_cli.ids import RecordId, TaskId, VersionId
from registry_cli.registry.fsck.report import Damage
from registry_cli.store import files
from registry_cli.store.log import Head

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.registry.fsck.context import Survey

_TRIES: Final = 3
"""How often an index is looked at that others write meanwhile."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An index of this registry.

    Attributes:
        head: The slot up to which it is folded.
        durable: The last slot that it knows to have been written for good.
    """

    db: sqlite3.Connection
    head: Head
    durable: int

    def read_refs(self, seq: int) -> dict[UserId, str]:
        """Return what those are called that the entry of a slot changed; nothing where that cannot be read."""
        import sqlite3

        try:
            found = self.db.execute(
                "SELECT v.id, l.name, v.number FROM changes c JOIN versions v ON v.row = c.version"
                " JOIN lines l ON l.id = v.line WHERE c.seq = ? ORDER BY c.position",
                (seq,),
            ).fetchall()
            tasks = self.db.execute(
                "SELECT t.id, t.name FROM changes c JOIN tasks t ON t.id = c.task WHERE c.seq = ? ORDER BY c.position",
                (seq,),
            ).fetchall()
        except sqlite3.Error:
            return {}
        refs: dict[UserId, str] = {VersionId(RecordId(version)): f"{name}:{at}" for version, name, at in found}
        return refs | {TaskId(task): f"task:{name}" for task, name in tasks}

    def read_entry(self, seq: int) -> tuple[Any, ...] | None:
        """Return the row of an entry, or None."""
        import sqlite3

        try:
            found: tuple[Any, ...] | None = self.db.execute("SELECT * FROM entries WHERE seq = ?", (seq,)).fetchone()
        except sqlite3.Error:
            return None
        return found


@contextmanager
def open_kept(survey: Survey) -> Iterator[Kept | None]:
    """Open the index for reading, or give None where there is none of this registry or it cannot be read."""
    import sqlite3

    path = survey.layout.index
    if find_strange(path) or not os.access(path, os.R_OK) or is_outdated(path) or _is_unfinished(path):
        yield None
        return
    db = connect_untouched(path)
    try:
        try:
            kept = _read_kept(db, survey.registry.id) if check_schema(db) else None
        except (sqlite3.Error, ValueError):
            kept = None
        yield kept
    finally:
        db.close()


def check_index(survey: Survey) -> None:
    """Check that the index holds what the log says; one that is behind, or another program's, is made anew anyhow."""
    path = survey.layout.index
    for _ in range(_TRIES):
        before = _status(path)
        if before is None:
            if survey.fresh.head.seq:
                survey.notes.append("there is no index in the registry: it is made when it is needed")
            return
        problem, note = _judge(survey)
        if problem is None or before == _status(path):
            break
    else:
        problem, note = None, "the index is being written: it was not compared with the log"
    if problem is not None:
        survey.damages.append(Damage("index", path, problem))
    if note is not None:
        survey.notes.append(note)


def _judge(survey: Survey) -> tuple[str | None, str | None]:
    """Return what is wrong with the index, and what is worth a note."""
    path = survey.layout.index
    if files.get_status(path).st_uid != os.geteuid():
        return None, "the index is another user's: it was not compared with the log"
    strange = find_strange(path)
    if strange is not None:
        return strange.removeprefix(f"{path} "), None
    if survey.layout.shared or not is_private(survey.layout):
        return None, "others can write in the registry: the index there is not used"
    if _is_unfinished(path):
        return None, "the index waits for a writer to end, or for the next to clean up: it was not compared"
    if is_outdated(path):
        return None, "the index is of another program or registry: it will be made anew"
    db = connect_untouched(path)
    try:
        if not check_schema(db):
            return None, "the index holds nothing yet: it is made when it is needed"
        kept = _read_kept(db, survey.registry.id)
        if kept is None:
            return None, "the index is of another program or registry: it will be made anew"
        (found,) = db.execute(f"PRAGMA {'quick' if survey.level == 'fast' else 'integrity'}_check(1)").fetchone()
        if found != "ok":
            return "is damaged inside", None
        return _compare(survey, kept)
    except ValueError:
        return "has no readable stamp", None
    except list_errors() as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _cannot():
            return None, f"the index could not be read: {error}"
        own = not hasattr(error, "sqlite_errorcode")  # our own finding about its schema
        return str(error).removeprefix("it ") if own else f"cannot be read: {error}", None
    finally:
        db.close()


def _compare(survey: Survey, kept: Kept) -> tuple[str | None, str | None]:
    fresh = survey.fresh
    if survey.lost or any(damage.kind == "record" for damage in survey.damages):
        return None, "the index was not compared with the log, which is damaged"
    if kept.head.seq > fresh.head.seq:
        survey.catch_up()
    if kept.head.seq != fresh.head.seq:
        return None, None
    if kept.head.digest != fresh.head.digest:
        return "its stamp names another entry than the log holds", None
    for (name,) in fresh.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        if not _is_same(name, kept.db, fresh.db):
            return f"its table `{name}` is not what the log says", None
    return None, None


def _is_same(table: str, one: sqlite3.Connection, other: sqlite3.Connection) -> bool:
    keys = [column for _, column, *_, place in one.execute(f"PRAGMA table_info({table})") if place]
    where = "WHERE key NOT IN ('durable', 'seal')" if table == "stamp" else ""  # that is what only a writer knows
    query = f"SELECT * FROM {table} {where} ORDER BY {', '.join(keys)}"
    return all(mine == theirs for mine, theirs in zip_longest(one.execute(query), other.execute(query)))


def _read_kept(db: sqlite3.Connection, registry: str) -> Kept | None:
    """Return the index, or None where it is another program's or registry's.

    Raises:
        ValueError: Its stamp cannot be read.
    """
    stamp = dict(db.execute("SELECT key, value FROM stamp LIMIT 100").fetchall())
    if stamp.get("schema") != str(SCHEMA) or stamp.get("registry") != registry:
        return None
    try:
        return Kept(db, Head(int(stamp["seq"]), stamp["digest"]), int(stamp["durable"]))
    except KeyError as error:
        raise ValueError(str(error)) from None


def _is_unfinished(path: Path) -> bool:
    """Return whether a transaction has to be rolled back first (https://www.sqlite.org/lockingv3.html#hot_journals)."""
    journal = files.find_status(path.with_name(path.name + "-journal"))
    return journal is not None and journal.st_size > 0


def _status(path: Path) -> list[tuple[int, int, int]] | None:
    """Return what tells whether an index was written in between, or None where there is none."""
    index, *beside = (files.find_status(path.with_name(path.name + suffix)) for suffix in ("", "-wal", "-journal"))
    return [_mark(status) for status in (index, *beside) if status] if index else None


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _cannot() -> frozenset[int]:
    """Return the codes of what is no damage (https://www.sqlite.org/rescode.html)."""
    import sqlite3

    return frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
