"""The changes of the log as they took effect, read from the index: the source of history, events and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from registry_cli.catalog.connection import find_value
from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.dataclass import dataclass
from registry_cli.ids import EntryId, RecordId, VersionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime

Place: TypeAlias = int | tuple[int, int]
"""A slot; or a slot and a position in it."""
_FROM: Final = " FROM changes c CROSS JOIN entries e ON e.seq = c.seq"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of the log as it took effect.

    Attributes:
        event: `<entry id>/<position>`, the name of this change in every copy of the registry.
        ref: Address of the version it is about, else the line's name, else None.
        change: The change as it is stored.
        before: The values it replaced, or None.
        void: The reason why its entry has no effect, or None.
    """

    event: str
    entry: EntryId
    seq: int
    time: datetime
    author: str
    tool: str
    message: str | None
    op: str
    version: VersionId | None
    ref: str | None
    change: Mapping[str, object]
    before: Mapping[str, object] | None
    void: str | None


def iter_changes(
    db: sqlite3.Connection, *, line: int | None = None, entry: EntryId | None = None, after: Place = 0,
    since: int | None = None, void: bool = False, newest: bool = False,
) -> Iterator[ChangeRow]:  # fmt: skip
    """Yield changes, oldest first: all, those of a line, or those of an entry.

    Args:
        db: The index.
        line: Only changes that touched this line.
        entry: Only changes of this entry.
        after: Only slots above this one, or changes after a slot and a position in it.
        since: Only entries that are not older, in microseconds since 1970 UTC.
        void: Only changes without effect.
        newest: Yield the newest first.
    """
    only = _conditions(after, since, void=void)
    if line is not None:
        only.append(("c.line = ?", (line,)))
    if entry is not None:
        only.append(("c.seq = (SELECT seq FROM entries WHERE id = ?)", (entry,)))
    columns = (
        "e.id, c.position, e.seq, e.time, e.author, e.tool, e.message, c.op, v.id, l.name, v.number, c.doc, c.before,"
        " e.void"
    )
    joins = " LEFT JOIN versions v ON v.row = c.version LEFT JOIN lines l ON l.id = c.line"
    return map(_change, _select(db, columns + _FROM + joins, only, newest=newest))


def find_slot(db: sqlite3.Connection, entry: str) -> int | None:
    """Return the slot of an entry, or None."""
    return find_value(db, "SELECT seq FROM entries WHERE id = ?", entry)


def iter_event_ids(
    db: sqlite3.Connection, *, after: Place = 0, since: int | None = None, void: bool = False, newest: bool = False
) -> Iterator[str]:
    """Yield the `event` of each change that `iter_changes` would yield, and read no more of it."""
    found = _select(db, "e.id, c.position" + _FROM, _conditions(after, since, void=void), newest=newest)
    return (f"{entry}/{position}" for entry, position in found)


def _conditions(after: Place, since: int | None, *, void: bool) -> list[tuple[str, tuple[object, ...]]]:
    only: list[tuple[str, tuple[object, ...]]] = [("e.void IS NOT NULL", ())] if void else []
    only += [("e.time >= ?", (since,))] if since is not None else []
    if isinstance(after, tuple):
        return [*only, ("(c.seq, c.position) > (?, ?)", after)]
    return [*only, ("c.seq > ?", (after,))]


def _select(
    db: sqlite3.Connection, what: str, only: list[tuple[str, tuple[object, ...]]], *, newest: bool
) -> Iterator[tuple[Any, ...]]:
    """Yield columns of changes in the order in which they are stored, so that the walk ends where the reader stops."""
    way = "DESC" if newest else "ASC"
    bound = [value for _, values in only for value in values]
    query = f"SELECT {what} WHERE {' AND '.join(text for text, _ in only)} ORDER BY c.seq {way}, c.position {way}"
    return db.execute(query, bound)


def _change(row: tuple[Any, ...]) -> ChangeRow:
    entry, position, seq, time, author, tool, message, op, version, name, number, doc, before, void = row
    return ChangeRow(
        event=f"{entry}/{position}",
        entry=EntryId(entry),
        seq=seq,
        time=from_microseconds(time),
        author=author,
        tool=tool,
        message=message,
        op=op,
        version=VersionId(RecordId(version)) if version else None,
        ref=f"{name}:{number}" if number is not None else name,
        change=load_doc(doc),
        before=load_doc(before) if before else None,
        void=void,
    )
