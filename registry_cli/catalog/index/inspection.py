"""The index file as it is on disk, opened without a trace: to compare it with the log, or to find lost entries in it.

An index is a cache and may be wrong in any way, so all results are hints. Nothing is written to the file or its folder.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext, suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from registry_cli.catalog.connection import limited
from registry_cli.catalog.index.sqlite_file import check_schema, connect_untouched, list_errors
from registry_cli.catalog.read.entries import find_columns
from registry_cli.catalog.schema import SCHEMA
from registry_cli.ids import RecordId, TaskId, VersionId
from registry_cli.store.log import Head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.index.scratch import Fresh
    from registry_cli.catalog.read.rows import UserId


class End(NamedTuple):
    """The progress of an index: the `head` up to which it is folded, and the last slot that it knows to be durable."""

    head: Head
    durable: int


class IndexFile:
    """An index opened by `open_untouched`; unless a method says otherwise, it raises the errors of `list_errors`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def is_empty(self) -> bool:
        """Return whether it has no tables yet; another program's tables are an error."""
        return not check_schema(self._db)

    def is_sound(self, *, quick: bool) -> bool:
        """Return whether SQLite's own check finds no error."""
        (found,) = self._db.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()
        return bool(found == "ok")

    def read_stamp(self) -> dict[str, str]:
        """Return its stamp, unchecked."""
        return dict(self._db.execute("SELECT key, value FROM stamp LIMIT 100").fetchall())

    def read_end(self, registry: str) -> End | None:
        """Return its progress, or None where it is of another schema or registry.

        Raises:
            ValueError: Its stamp cannot be read.
        """
        stamp = self.read_stamp()
        if stamp.get("schema") != str(SCHEMA) or stamp.get("registry") != registry:
            return None
        try:
            return End(Head(int(stamp["seq"]), stamp["digest"]), int(stamp["durable"]))
        except KeyError as error:
            raise ValueError(str(error)) from None

    def read_refs(self, seq: int) -> dict[UserId, str]:
        """Return the addresses of the versions and tasks that a slot's entry changed; empty if it cannot be read."""
        try:
            found = self._db.execute(
                "SELECT v.id, l.name, v.number FROM changes c JOIN versions v ON v.row = c.version"
                " JOIN lines l ON l.id = v.line WHERE c.seq = ? ORDER BY c.position",
                (seq,),
            ).fetchall()
            tasks = self._db.execute(
                "SELECT t.id, t.name FROM changes c JOIN tasks t ON t.id = c.task WHERE c.seq = ? ORDER BY c.position",
                (seq,),
            ).fetchall()
        except list_errors():
            return {}
        refs: dict[UserId, str] = {VersionId(RecordId(version)): f"{name}:{at}" for version, name, at in found}
        return refs | {TaskId(task): f"task:{name}" for task, name in tasks}

    def find_columns(self, seq: int) -> tuple[Any, ...] | None:
        """Return all columns of the entry in a slot; None where there is none or it cannot be read."""
        with suppress(*list_errors()):
            return find_columns(self._db, seq)
        return None

    def read_entry(self, seq: int) -> tuple[tuple[Any, ...], list[str]]:
        """Return id, time, author, tool and message of an entry, and its changes as documents, in their order.

        Raises:
            KeyError: It does not hold the entry.
        """
        found = self._db.execute("SELECT id, time, author, tool, message FROM entries WHERE seq = ?", (seq,)).fetchone()
        if found is None:
            raise KeyError(seq)
        docs = self._db.execute("SELECT doc FROM changes WHERE seq = ? ORDER BY position", (seq,))
        return found, [doc for (doc,) in docs]

    def find_difference(self, fresh: Fresh) -> str | None:
        """Return the first table that differs from a fresh fold of the log, or None."""
        names = fresh.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return next((name for (name,) in names if not _is_same(name, self._db, fresh.db)), None)


@contextmanager
def open_untouched(path: Path, *, steps: int | None = None) -> Iterator[IndexFile]:
    """Open an index of any schema for reading, without trusting any of its contents.

    Args:
        path: Path of the index.
        steps: Steps of SQLite's virtual machine after which each statement is interrupted, whatever the file defines.
    """
    with closing(connect_untouched(path)) as db, limited(db, steps) if steps else nullcontext():
        yield IndexFile(db)


def is_blocked(error: Exception) -> bool:
    """Return whether an error means no damage: the file is locked or we may not open it.

    See https://www.sqlite.org/rescode.html.
    """
    import sqlite3

    codes = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in codes


def _is_same(table: str, one: Connection, other: Connection) -> bool:
    keys = [column for _, column, *_, place in one.execute(f"PRAGMA table_info({table})") if place]
    where = "WHERE key NOT IN ('durable', 'seal')" if table == "stamp" else ""  # only a writer knows these
    query = f"SELECT * FROM {table} {where} ORDER BY {', '.join(keys)}"
    return all(mine == theirs for mine, theirs in zip_longest(one.execute(query), other.execute(query)))
