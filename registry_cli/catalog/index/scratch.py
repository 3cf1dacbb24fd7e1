"""The catalog folded from scratch into a database of its own, for callers that must not trust the index.

The database is a temporary file that only this process sees, so memory stays flat; closing it removes the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.connection import execute_all, transaction
from registry_cli.catalog.fold.replay import Replay
from registry_cli.catalog.index import sqlite_file
from registry_cli.catalog.schema import INDEXES

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.fold.record_source import Entries
    from registry_cli.store.layout import Layout
    from registry_cli.store.log import Head, Log

T = TypeVar("T")


class Fresh:
    """A catalog that is independent of the index, with the whole log folded; close it, or use it as a context manager.

    Args:
        layout: The registry's paths.
        log: The slots of its log.
        registry: The registry's id.
        entries: Entries to fold instead of the log, for a caller that has read as much of it as can be read.

    Attributes:
        db: A database with the same tables as the index.
        head: The slot up to which it is folded.

    Raises:
        CorruptError: An entry cannot be read, or a slot is missing.
    """

    def __init__(self, layout: Layout, log: Log, registry: str, entries: Entries | None = None) -> None:
        self._log = log
        self._replay = Replay(layout, log)
        self.db = sqlite_file.connect(sqlite_file.PRIVATE)
        try:
            with transaction(self.db):
                self.head = self._fill(registry, entries)
        except BaseException:
            self.db.close()
            raise

    def read(self, action: Callable[[Connection], T]) -> T:
        """Return what `action` reads; no other process writes here."""
        return action(self.db)

    def sync(self) -> Head:
        """Fold the log's entries after `head`, and return the new head.

        Raises:
            CorruptError: An entry cannot be read, or does not follow; the tables stay as they were.
        """
        if self._log.exists(self.head.seq + 1):
            with transaction(self.db):
                heads = [self.head, *self._replay.iter_new(self.db, self.head)]
                sqlite_file.write_stamp(self.db, heads[-1])
            self.head = heads[-1]
        return self.head

    def close(self) -> None:
        """Close the database, which removes its file."""
        self.db.close()

    def __enter__(self) -> Fresh:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self, registry: str, entries: Entries | None) -> Head:
        sqlite_file.make_tables(self.db, registry)
        replay = self._replay
        head = replay.fold_all(self.db) if entries is None else replay.fold_entries(self.db, entries)
        sqlite_file.write_stamp(self.db, head)
        execute_all(self.db, INDEXES)
        return head
