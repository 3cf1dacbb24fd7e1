"""What an index still knows of a log that is damaged: enough to write its entries again, byte for byte.

An index is a cache and may be wrong in any way, so nothing it says is taken unless digests agree. Reads it as it lies:
a damaged log opens no index.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.catalog.fold.changes import compute_rules
from registry_cli.catalog.index.place import find_strange
from registry_cli.catalog.index.sqlite_file import connect_untouched, limited
from registry_cli.errors import RegError
from registry_cli.ids import EntryId
from registry_cli.records.codec import dump_entry
from registry_cli.records.entry import Entry
from registry_cli.store import files
from registry_cli.store.log import EMPTY, Head, digest_entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_ENOUGH: Final = 10_000_000
"""Steps of SQLite's machine in which one entry is read; one of 5,000 changes takes some ten thousands."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An index that may know lost entries.

    Attributes:
        path: Where it lies.
        head: The slot up to which it is folded, with the digest of that.
        durable: The slot up to which the log is known to have been on disk; 0 where the index may be another copy's.
    """

    path: Path
    head: Head
    durable: int

    def find_anchor(self, seq: int) -> str | None:
        """Return the digest that a slot is known to have had, or None."""
        return self.head.digest if seq == self.head.seq <= self.durable else None

    def rebuild(self, first: int, last: int, previous: str, wanted: str) -> list[bytes]:
        """Return the entries of slots `first` to `last` as they were written; nothing where that cannot be proved.

        Args:
            first: A slot.
            last: The last of them; nothing is returned where it lies before `first`.
            previous: Digest of the slot before.
            wanted: Digest of the last of them, from one who knows.
        """
        if last < first:  # the index has not come so far
            return []
        try:
            built = self._build(range(first, last + 1), previous)
        except _errors():
            return []
        return built if digest_entry(built[-1]) == wanted else []

    def _build(self, slots: range, previous: str) -> list[bytes]:
        built: list[bytes] = []
        with _opened(self.path) as db:
            for seq in slots:
                built.append(dump_entry(_read_entry(db, seq, previous)))
                previous = digest_entry(built[-1])
        return built


def open_memory(path: Path | None, registry: str, *, ours: bool) -> Memory | None:
    """Return what the index at `path` knows of a registry's log, or None.

    Args:
        path: Where it lies, if anywhere.
        registry: The registry's id.
        ours: Whether it lies in the registry, and so is not of another copy.
    """
    if path is None:
        return None
    try:
        with _opened(path) as db:
            stamp = dict(db.execute("SELECT key, value FROM stamp").fetchall())
        head = Head(int(stamp["seq"]), stamp["digest"])
        durable = int(stamp["durable"])
    except _errors():
        return None
    if stamp.get("registry") != registry or head == EMPTY:
        return None
    return Memory(path, head, durable if ours else 0)


def read_registry_id(path: Path) -> str | None:
    """Return which registry an index is of, or None where it cannot be read."""
    try:
        with _opened(path) as db:
            found = db.execute("SELECT value FROM stamp WHERE key = 'registry'").fetchone()
    except _errors():
        return None
    return str(found[0]) if found else None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an index of any schema; each statement ends after a while, whatever the file defines.

    Raises:
        FileNotFoundError: It is missing, or not ours to open.
    """
    if not files.exists(path) or find_strange(path) is not None:
        raise FileNotFoundError(path)
    with closing(connect_untouched(path)) as db, limited(db, _ENOUGH):
        yield db


def _errors() -> tuple[type[Exception], ...]:
    import sqlite3

    return (RegError, sqlite3.Error, OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError)


def _read_entry(db: sqlite3.Connection, seq: int, previous: str) -> Entry:
    entry, time, author, tool, message = db.execute(
        "SELECT id, time, author, tool, message FROM entries WHERE seq = ?", (seq,)
    ).fetchone()
    docs = db.execute("SELECT doc FROM changes WHERE seq = ? ORDER BY position", (seq,)).fetchall()
    changes = tuple(load_doc(doc) for (doc,) in docs)
    return Entry(
        seq=seq,
        previous=previous,
        id=EntryId(entry),
        time=from_microseconds(time),
        author=author,
        tool=tool,
        rules=compute_rules(changes),
        message=message,
        changes=changes,
    )
