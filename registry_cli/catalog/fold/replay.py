"""Reads the log and folds it: the whole log, its new entries, or one entry. The index calls it and writes the stamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.fold.fold import Fold, check_entry
from registry_cli.catalog.fold.record_source import RecordSource
from registry_cli.catalog.seals import seal_all
from registry_cli.errors import ConflictError
from registry_cli.records.codec import load_entry
from registry_cli.store.log import EMPTY, Head, Log, digest_entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from registry_cli.catalog.fold.record_source import Entries
    from registry_cli.records.entry import Entry
    from registry_cli.store.layout import Layout


class Replay:
    """Folds entries of one log.

    Attributes:
        source: The source of the rows of versions and tasks.
    """

    def __init__(self, layout: Layout, log: Log) -> None:
        self.source = RecordSource(layout)
        self._log = log

    def fold_all(self, db: sqlite3.Connection) -> Head:
        """Fold the whole log into empty tables and return its head; a few processes read the records ahead.

        Raises:
            CorruptError: An entry or a record cannot be read, or a slot is missing.
        """
        head = self.fold_entries(db, self._iter_entries(EMPTY))
        self._log.check_end(head.seq)
        return head

    def fold_entries(self, db: sqlite3.Connection, entries: Entries) -> Head:
        """Fold entries that were already read into empty tables, and return the head after the last one."""
        fold, head = Fold(db, self.source.get, self.source.get_task, fresh=True), EMPTY
        with self.source.open_pool() as prefetch:
            for entry, next_head in prefetch(entries):
                fold.apply(entry)
                head = next_head
        seal_all(db)
        return head

    def iter_new(self, db: sqlite3.Connection, head: Head) -> Iterator[Head]:
        """Fold the log's entries after `head`; yield the head after each one."""
        fold = Fold(db, self.source.get, self.source.get_task)
        for entry, next_head in self._iter_entries(head):
            fold.apply(entry)
            yield next_head

    def fold_one(self, db: sqlite3.Connection, entry: Entry) -> str | None:
        """Fold one entry and return why it is void, or None."""
        return Fold(db, self.source.get, self.source.get_task).apply(entry)

    def check_head(self, head: Head) -> None:
        """Check that the log still holds the entry that was folded last.

        Raises:
            ConflictError: The log is gone, or another one is in its place.
        """
        data = self._log.find(head.seq) if head != EMPTY else None
        if head == EMPTY or (data and digest_entry(data) == head.digest):
            return
        if data is None or self.follow(data, self._log.where(head.seq)) != head.digest:
            what = "removed" if data is None else "replaced"
            problem = f"the registry was {what} while it was open: nothing was added, and the command can run again"
            raise ConflictError(problem, hint="reg status")

    def follow(self, data: bytes, where: str) -> str:
        """Return the digest that the next entry holds of the entry whose bytes are `data`."""
        return load_entry(data, where).stands_for or digest_entry(data)

    def _iter_entries(self, head: Head) -> Iterator[tuple[Entry, Head]]:
        while (data := self._log.find(head.seq + 1)) is not None:
            where = self._log.where(head.seq + 1)
            entry = load_entry(data, where)
            check_entry(entry, head.seq + 1, head.digest, where)
            head = Head(head.seq + 1, entry.stands_for or digest_entry(data))
            yield entry, head
