"""The memory of an index: rebuilds entries of a damaged log from the index, byte for byte.

An index is a cache and may be wrong in any way, so its contents are used only if digests agree. The file is read as it
is on disk, because no index can be opened over a damaged log.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.catalog.fold.changes import compute_rules
from registry_cli.catalog.index.inspection import open_untouched
from registry_cli.catalog.index.place import find_strange
from registry_cli.catalog.index.sqlite_file import list_errors
from registry_cli.dataclass import dataclass
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
"""Most steps of SQLite's virtual machine for reading one entry; one of 5,000 changes takes some ten thousands."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An index that may know lost entries.

    Attributes:
        path: Path of its file.
        head: The slot up to which it is folded, with that slot's digest.
        durable: The last slot that is known to have been on disk; 0 where the index may be of another copy.
    """

    path: Path
    head: Head
    durable: int

    def find_anchor(self, seq: int) -> str | None:
        """Return the digest that a slot is known to have had, or None."""
        return self.head.digest if seq == self.head.seq <= self.durable else None

    def rebuild(self, first: int, last: int, previous: str, wanted: str) -> list[bytes]:
        """Return the entries of slots `first` to `last` as they were written; none where that cannot be proved.

        Args:
            first: The first slot.
            last: The last slot; no entries are returned where it is before `first`.
            previous: Digest of the slot before `first`.
            wanted: Digest of the last slot, from a trusted source.
        """
        if last < first:  # the index is not folded so far
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
    """Return the memory of the index at `path`, or None where it is missing, unreadable or of another registry.

    Args:
        path: Path of the index, or None.
        registry: The registry's id.
        ours: True where the index is inside the registry, and so is not of another copy.
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
    """Return the id of the registry that an index belongs to, or None where it cannot be read."""
    try:
        with _opened(path) as file:
            found = file.read_stamp().get("registry")
    except _errors():
        return None
    return str(found) if found is not None else None


@contextmanager
def _opened(path: Path) -> Iterator[IndexFile]:
    """Open an index of any schema; each statement is limited to `_ENOUGH` steps, whatever the file defines.

    Raises:
        FileNotFoundError: The file is missing, or we must not open it.
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
