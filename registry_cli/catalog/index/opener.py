"""Opens the database of an index, folded up to a slot: the stored one where the log proves it, else a new one."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.connection import execute_all, transaction
from registry_cli.catalog.index import sqlite_file
from registry_cli.catalog.schema import INDEXES, SCHEMA
from registry_cli.errors import CorruptError
from registry_cli.store.log import EMPTY, Head, Log, digest_entry

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from registry_cli.catalog.fold.replay import Replay
    from registry_cli.catalog.index.place import Place
    from registry_cli.store.layout import Layout

LOST: Final = "reg repair"


class Opener:
    """Opens the database of one registry's index.

    Args:
        layout: The registry's paths.
        log: The slots of its log.
        registry: The registry's id.
        place: The place of the index.
    """

    def __init__(self, layout: Layout, log: Log, registry: str, place: Place) -> None:
        self._layout = layout
        self._log = log
        self._registry = registry
        self._place = place

    @cached_property
    def replay(self) -> Replay:
        """The replay of the log; loaded only where there is something to fold."""
        from registry_cli.catalog.fold.replay import Replay

        return Replay(self._layout, self._log)

    def open(self) -> tuple[sqlite3.Connection, Head]:
        """Return the index and the slot up to which it is folded; in memory where it cannot be stored."""
        for _ in range(2):
            if self._place.path is None:
                break
            try:
                if sqlite_file.is_outdated(self._place.path):
                    sqlite_file.set_aside(self._place.path)
                return self._open_file(self._place.path)
            except OSError:
                break
            except sqlite_file.list_errors() as error:
                if sqlite_file.is_passing(error):
                    break
                sqlite_file.set_aside(self._place.path)  # no database, foreign tables, or a broken one
        return self.open_private()

    def open_private(self) -> tuple[sqlite3.Connection, Head]:
        """Return an index in memory, with the whole log folded."""
        db = sqlite_file.connect(sqlite_file.MEMORY)
        with transaction(db):
            return db, self._fill(db)

    def set_aside(self) -> None:
        """Remove the stored index, because its contents cannot be right."""
        if self._place.path is not None:
            with suppress(OSError):
                sqlite_file.set_aside(self._place.path)

    def read_stamp(self, db: sqlite3.Connection) -> Head | None:
        """Return the slot up to which an index is folded, or None where it is not ours."""
        rows = sqlite_file.read_stamp(db)
        if rows.get("schema") != str(SCHEMA) or rows.get("registry") != self._registry:
            return None
        try:
            return Head(int(rows["seq"]), rows["digest"])
        except (KeyError, ValueError):
            return None

    def _open_file(self, path: Path) -> tuple[sqlite3.Connection, Head]:
        db = sqlite_file.connect(str(path))
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            made = sqlite_file.check_schema(db)
            if not made:
                sqlite_file.sign(db)
            if self._place.local:
                sqlite_file.prefer_wal(db)  # before a rebuild too: its checksums reveal what a power loss damaged
            head = self._trusted(db) if made else None
            return db, head or self._rebuild(db)
        except BaseException:
            db.close()
            raise

    def _trusted(self, db: sqlite3.Connection) -> Head | None:
        """Return the slot up to which the index is folded, if it is ours and the log still holds that entry."""
        head = self.read_stamp(db)
        if head is None or head == EMPTY:
            return head
        if self._is_mended(db):
            return None
        data = self._log.find(head.seq)
        if data is not None and digest_entry(data) == head.digest:
            return head
        if self._place.path == self._layout.index:  # elsewhere, it may be of another copy of the registry
            self._check_end(db, head, data)
        return None

    def _check_end(self, db: sqlite3.Connection, head: Head, data: bytes | None) -> None:
        """Check that the log still has the entries that the index knows to be durable.

        Raises:
            CorruptError: An entry is missing or replaced.
        """
        where = self._log.where(head.seq)
        if data is not None and self.replay.follow(data, where) == head.digest:  # it stands for a lost entry
            return
        (durable,) = db.execute("SELECT value FROM stamp WHERE key = 'durable'").fetchone()
        if data is not None and head.seq <= int(durable):
            raise CorruptError(f"{where} is not the entry that was written", hint=LOST)
        if int(durable) and not self._log.exists(int(durable)):
            raise CorruptError(f"{self._log.where(int(durable))} is missing", hint=LOST)

    def _is_mended(self, db: sqlite3.Connection) -> bool:
        """Return whether a record that could not be read can be read now."""
        return any(self.replay.source.is_readable(record) for record in sqlite_file.list_damaged(db))

    def _rebuild(self, db: sqlite3.Connection) -> Head:
        """Rebuild the index in place; of many processes that try, one does it and the others find it done."""
        with transaction(db, "EXCLUSIVE"):
            head = self._trusted(db) if sqlite_file.check_schema(db) else None
            return head or self._fill(db)

    def _fill(self, db: sqlite3.Connection) -> Head:
        """Fold the whole log into emptied tables, inside the caller's transaction."""
        sqlite_file.make_tables(db, self._registry)
        head = self.replay.fold_all(db)
        sqlite_file.write_stamp(db, head)
        execute_all(db, INDEXES)
        return head
