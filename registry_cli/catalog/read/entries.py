"""The entries of the log as the index keeps them: found by id, counted, and which of them are void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.ids import EntryId, RecordId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import TaskId


class EntryRow(NamedTuple):
    """An entry's slot, its id, and when it was written."""

    seq: int
    id: EntryId
    time: datetime


def find_last_entry(db: Connection) -> EntryRow | None:
    """Return the entry of the last slot, or None where the log is empty."""
    found = db.execute("SELECT seq, id, time FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return EntryRow(found[0], EntryId(found[1]), from_microseconds(found[2])) if found else None


def list_by_prefix(db: Connection, prefix: str, limit: int) -> list[EntryId]:
    """Return entries whose ids begin with some letters."""
    found = db.execute("SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT ?", (prefix, prefix + "~", limit))
    return [EntryId(entry) for (entry,) in found]


def iter_first_changes(db: Connection) -> Iterator[tuple[EntryId, Mapping[str, Any]]]:
    """Yield the entries that have an effect, each with its first change, newest first."""
    found = db.execute(
        "SELECT e.id, c.doc FROM entries e JOIN changes c ON c.seq = e.seq AND c.position = 0 WHERE e.void IS NULL"
        " ORDER BY e.seq DESC"
    )
    return ((EntryId(entry), load_doc(doc)) for entry, doc in found)


def list_slots(db: Connection, after: int) -> list[int]:
    """Return the slots above one, ascending."""
    return [seq for (seq,) in db.execute("SELECT seq FROM entries WHERE seq > ? ORDER BY seq", (after,))]


def find_columns(db: Connection, seq: int) -> tuple[Any, ...] | None:
    """Return all that an index holds of the entry in a slot, to be compared with another's; None where it has none."""
    found: tuple[Any, ...] | None = db.execute("SELECT * FROM entries WHERE seq = ?", (seq,)).fetchone()
    return found


def count_void(db: Connection) -> int:
    """Return how many entries have no effect."""
    return int(db.execute("SELECT count(*) FROM entries WHERE void IS NOT NULL").fetchone()[0])


def list_void(db: Connection) -> list[tuple[int, str]]:
    """Return the slots of the entries that have no effect, and why."""
    return db.execute("SELECT seq, void FROM entries WHERE void IS NOT NULL ORDER BY seq").fetchall()


def list_end_records(db: Connection, task: TaskId) -> list[RecordId]:
    """Return the records with which attempts of a task ended, oldest first."""
    found = db.execute(
        "SELECT c.record FROM changes c JOIN entries e ON e.seq = c.seq WHERE c.task = ?"
        " AND e.void IS NULL AND json_extract(c.doc, '$.stage') = 'end'"
        " ORDER BY c.seq, c.position",
        (task,),
    )
    return [RecordId(record) for (record,) in found]
