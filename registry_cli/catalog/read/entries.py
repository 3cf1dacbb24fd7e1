"""The log's entries in the index: finds them by id, counts them, lists the void ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from registry_cli.catalog.connection import list_column
from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.ids import EntryId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from registry_cli.catalog.connection import Connection


class EntryRow(NamedTuple):
    """The slot, the id and the time of an entry."""

    seq: int
    id: EntryId
    time: datetime


def find_last_entry(db: Connection) -> EntryRow | None:
    """Return the entry of the last slot, or None where the log is empty."""
    found = db.execute("SELECT seq, id, time FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return EntryRow(found[0], EntryId(found[1]), from_microseconds(found[2])) if found else None


def list_by_prefix(db: Connection, prefix: str, limit: int) -> list[EntryId]:
    """Return at most `limit` entries whose ids begin with a prefix."""
    return list_column(db, "SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT ?", prefix, prefix + "~", limit)


def iter_first_changes(db: Connection) -> Iterator[tuple[EntryId, Mapping[str, Any]]]:
    """Yield the entries that have an effect, each with its first change, newest first."""
    found = db.execute(
        "SELECT e.id, c.doc FROM entries e JOIN changes c ON c.seq = e.seq AND c.position = 0 WHERE e.void IS NULL"
        " ORDER BY e.seq DESC"
    )
    return ((EntryId(entry), load_doc(doc)) for entry, doc in found)


def list_slots(db: Connection, after: int) -> list[int]:
    """Return the slots above `after`, ascending."""
    return list_column(db, "SELECT seq FROM entries WHERE seq > ? ORDER BY seq", after)


def find_columns(db: Connection, seq: int) -> tuple[Any, ...] | None:
    """Return all columns of the entry in a slot, for a comparison with another index; None where there is none."""
    found: tuple[Any, ...] | None = db.execute("SELECT * FROM entries WHERE seq = ?", (seq,)).fetchone()
    return found


def count_void(db: Connection) -> int:
    """Return the number of entries that have no effect."""
    return int(db.execute("SELECT count(*) FROM entries WHERE void IS NOT NULL").fetchone()[0])


def list_void(db: Connection) -> list[tuple[int, str]]:
    """Return the slots of the entries that have no effect, with the reasons."""
    return db.execute("SELECT seq, void FROM entries WHERE void IS NOT NULL ORDER BY seq").fetchall()
