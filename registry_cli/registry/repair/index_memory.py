"""What an index still knows of a log that is damaged: enough to write its entries again, byte for byte.

An index is a cache and may be wrong in any way, so nothing it says is taken unless digests agree. Reads it as it lies:
a damaged log opens no index.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.catalog.fold.changes import compute_rules
from registry_cli.catalog.index.inspection import open_untouched
from registry_cli.catalog.index.place import find_strange
from registry_cli.catalog.index.sqlite_file import list_errors
from registry_cli.errors import RegError
from registry_cli.ids import EntryId
from registry_cli.records.codec import dump_entry
from registry_cli.records.entry import Entry
from registry_cli.store import files
from registry_cli.store.log import EMPTY, Head, digest_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.catalog.index.inspection import IndexFile

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
        with _opened(self.path) as file:
            for seq in slots:
                built.append(dump_entry(_read_entry(file, seq, previous)))
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
        with _opened(path) as file:
            stamp = file.read_stamp()
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
        with _opened(path) as file:
            found = file.read_stamp().get("registry")
    except _errors():
        return None
    return str(found) if found is not None else None


@contextmanager
def _opened(path: Path) -> Iterator[IndexFile]:
    """Open an index of any schema; each statement ends after a while, whatever the file defines.

    Raises:
        FileNotFoundError: It is missing, or not ours to open.
    """
    if not files.exists(path) or find_strange(path) is not None:
        raise FileNotFoundError(path)
    with open_untouched(path, steps=_ENOUGH) as file:
        yield file


def _errors() -> tuple[type[Exception], ...]:
    return (*list_errors(), RegError, OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError)


def _read_entry(file: IndexFile, seq: int, previous: str) -> Entry:
    (entry, time, author, tool, message), docs = file.read_entry(seq)
    changes = tuple(map(load_doc, docs))
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
