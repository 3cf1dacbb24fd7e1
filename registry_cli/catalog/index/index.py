"""The index: the catalog's SQLite copy. Opens it, brings it up to the log's head, rebuilds it on any doubt.

It is a cache. If anything is wrong with it (damage, another schema, another user's file, a stamp with an entry that the
log does not hold), it is rebuilt from the log; where it cannot be stored, it is in memory for this process alone. If
another writer holds the lock, we wait a moment, then work around it. The process does not fork during a write, because
the child would inherit the lock of its parent.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.connection import find_value, open_snapshot, transaction
from registry_cli.catalog.index import sqlite_file
from registry_cli.catalog.index.opener import LOST, Opener
from registry_cli.catalog.schema import UNKNOWN
from registry_cli.catalog.seals import DoubtError
from registry_cli.errors import CorruptError, RefusedError
from registry_cli.store.log import EMPTY, Head, Log, digest_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.index.place import Place
    from registry_cli.ids import RecordId, VersionId
    from registry_cli.records.entry import Entry
    from registry_cli.records.task import Task
    from registry_cli.records.version import VersionRecord
    from registry_cli.store.layout import Layout


T = TypeVar("T")


class OutrunError(Exception):
    """Raised when another process has folded an entry that we have not seen: our entry can no longer take its slot."""


class Index:
    """An open index, folded up to `head`.

    Args:
        layout: The registry's paths.
        log: The slots of its log.
        registry: The registry's id.
        place: The place of the index.
    """

    def __init__(self, layout: Layout, log: Log, registry: str, place: Place) -> None:
        self._layout = layout
        self._log = log
        self._opener = Opener(layout, log, registry, place)
        self.db, self.head = self._opener.open()
        self.sync()

    def find_path(self) -> Path | None:
        """Return the path of the open index, or None for memory."""
        query = "SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE name = 'main'"  # its folder may be no UTF-8
        place = find_value(self.db, query)
        return Path(os.fsdecode(place)) if place else None

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def sync(self) -> Head:
        """Fold the log's entries after `head`, and return the new head.

        Raises:
            RuntimeError: It is called inside `read`, whose state must stay.
        """
        if self.db.in_transaction:  # asked also where nothing is new, so that every such call shows itself
            raise RuntimeError("the index cannot follow the log inside a snapshot")
        if not self._log.exists(self.head.seq + 1):
            return self.head
        self._work(self._sync)
        return self.head

    def recover(self, error: Exception) -> None:
        """Recover from an error: with a copy in memory where the file is only unavailable, else with a new index."""
        if sqlite_file.is_passing(error):
            self._go_private()
        else:
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the index from the log, because its contents cannot be right."""
        self._opener.set_aside()
        self.db, self.head = self._opener.open()  # the old connection stays open for readers that still use it
        self.sync()

    def read(self, action: Callable[[Connection], T]) -> T:
        """Return what `action` reads, all in the state of one moment, whatever other processes write.

        An index that cannot be right is rebuilt, and `action` runs again. Calls may be nested.

        Raises:
            CorruptError: The rebuilt index cannot be read either.
        """
        db = self.db
        if db.in_transaction:  # the outer call handles the errors
            return action(db)
        try:
            with open_snapshot(db):
                return action(db)
        except sqlite_file.list_errors() as error:
            self.recover(error)
        try:
            with open_snapshot(self.db):
                return action(self.db)
        except sqlite_file.list_errors() as error:
            raise CorruptError(f"the index cannot be read: {error}", hint="reg fsck") from None

    def append(self, entry: Entry, data: bytes) -> str | None:
        """Fold the entry that was just written to the slot after `head`; return why it is void, or None."""
        self._work(lambda: self._append(entry, data))
        return self.read(lambda db: find_value(db, "SELECT void FROM entries WHERE id = ?", entry.id))

    def rehearse(self, entry: Entry) -> str | None:
        """Return why an entry would be void after `head`, or None; the index stays as it is.

        Raises:
            OutrunError: The log has grown; plan again.
            ConflictError: The log was replaced or removed.
        """
        return self._work(lambda: self._rehearse(entry))

    def check_writable(self) -> None:
        """Check that this program understands every entry, and that the log still holds the entries it has read.

        Raises:
            RefusedError: It does not understand one, so it must not add others.
            ConflictError: The registry was replaced or removed.
        """
        if not self._log.holds(self.head):
            self._opener.replay.check_head(self.head)
        unknown = self.read(lambda db: find_value(db, "SELECT value FROM stamp WHERE key = ?", UNKNOWN))
        if unknown:
            raise RefusedError(
                f"this registry is read-only for this program: {unknown}; a newer one can change it",
                hint="reg --version",
            )

    def check_undamaged(self) -> None:
        """Check that every record could be read: the contents of an unread one may decide what the next entry means.

        A record that is known to be lost does not count.

        Raises:
            CorruptError: A record could not be read.
        """
        if not self.read(sqlite_file.list_damaged):
            return
        from registry_cli.catalog.read.records import list_broken
        from registry_cli.store.known_losses import read_partial

        known = read_partial(self._layout).records
        for broken in self.read(list_broken):
            if broken.id not in known:
                problem = f"nothing can be added while {broken.ref} is damaged: {broken.problem}"
                raise CorruptError(problem, hint=LOST)

    def expect(self, version: VersionId, record: VersionRecord) -> None:
        """Make a version's record known to `rehearse` before it is on disk."""
        self._opener.replay.source.expect(version, record)

    def expect_tasks(self, tasks: Mapping[RecordId, Task]) -> None:
        """Make records of tasks known to `rehearse` before they are on disk."""
        self._opener.replay.source.expect_tasks(tasks)

    def _work(self, step: Callable[[], T]) -> T:
        """Return the result of a step; retry it after recovery where the index is not right."""
        try:
            return step()
        except sqlite_file.list_errors() as error:
            self.recover(error)
        try:
            return step()
        except sqlite_file.list_errors():  # the disk is full, or another process locks the new one
            self._go_private()
        return step()

    def _sync(self) -> None:
        with self._writing():
            self.head = self._read_stamp() or EMPTY  # another process may have folded meanwhile
            self._fold_new()

    def _append(self, entry: Entry, data: bytes) -> None:
        with self._writing():
            self.head = self._read_stamp() or EMPTY
            if self.head.seq == entry.seq - 1:  # no other process was faster, and our entry need not be read back
                self._fold_one(entry, digest_entry(data))
            else:
                self._fold_new()

    def _rehearse(self, entry: Entry) -> str | None:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            if self.head.seq != entry.seq - 1 or (self._read_stamp() != self.head and self._log.exists(entry.seq)):
                raise OutrunError
            self._opener.replay.check_head(self.head)
            if self._read_stamp() != self.head:  # a newer program has rebuilt the index with its own schema
                raise DoubtError("it is not ours any more")
            return self._opener.replay.fold_one(self.db, entry)
        finally:
            self.db.execute("ROLLBACK")

    def _go_private(self) -> None:
        """Continue with a copy in memory: another process keeps the file locked, or the file broke while open."""
        try:
            private = sqlite_file.copy_to_memory(self.db)
            head = self._opener.read_stamp(private)
            if head is None:
                raise DoubtError("no stamp")
        except sqlite_file.list_errors():
            private, head = self._opener.open_private()
        self.db, self.head = private, head

    def _read_stamp(self) -> Head | None:
        return self._opener.read_stamp(self.db)

    def _fold_new(self) -> None:
        for head in self._opener.replay.iter_new(self.db, self.head):
            self.head = head
        sqlite_file.write_stamp(self.db, self.head)

    def _fold_one(self, entry: Entry, digest: str) -> None:
        self._opener.replay.fold_one(self.db, entry)
        self.head = Head(entry.seq, digest)
        sqlite_file.write_stamp(self.db, self.head, durable=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        before = self.head
        try:
            with transaction(self.db):  # without WAL, a reader that stays in its snapshot blocks every commit
                yield
        except BaseException:
            self.head = before
            raise
