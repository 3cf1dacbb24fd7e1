"""The changes of the log as they took effect, read from the index: what history, events and undo are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry_cli.catalog.doc import from_microseconds, load_doc
from registry_cli.ids import EntryId, RecordId, VersionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of the log as it took effect.

    Attributes:
        event: `<entry id>/<position>`, the name of this change that holds in every copy of the registry.
        ref: Address of the version it is about, else the line's name, else None.
        change: The change as it is stored.
        before: What it replaced, or None.
        void: Why its entry has no effect, or None.
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
    db: sqlite3.Connection, *, line: int | None = None, entry: EntryId | None = None, after: int = 0
) -> Iterator[ChangeRow]:
    """Yield changes, oldest first: all, those of a line, or those of an entry.

    Args:
        db: The index.
        line: Only what touched this line.
        entry: Only this entry's.
        after: Only slots above this one.
    """
    where: list[str] = ["c.seq > ?"]
    bound: list[object] = [after]
    if line is not None:
        where.append("c.line = ?")
        bound.append(line)
    if entry is not None:
        where.append("e.id = ?")
        bound.append(entry)
    query = (
        "SELECT e.id, c.position, e.seq, e.time, e.author, e.tool, e.message, c.op, v.id, l.name, v.number, c.doc,"
        " c.before, e.void FROM changes c JOIN entries e ON e.seq = c.seq LEFT JOIN versions v ON v.row = c.version"
        f" LEFT JOIN lines l ON l.id = c.line WHERE {' AND '.join(where)} ORDER BY c.seq, c.position"
    )
    for row in db.execute(query, bound):
        yield _change(row)


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
