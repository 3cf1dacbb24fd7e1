"""SQLite as the index uses it: how a file is opened, stamped, and put away. Knows no entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli import forks
from registry_cli.catalog.schema import DAMAGED, SCHEMA, TABLES
from registry_cli.store import files

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from registry_cli.ids import RecordId
    from registry_cli.store.log import Head

WAIT: Final = 2.0
"""Seconds to wait for another process that writes the index."""
MEMORY: Final = ":memory:"
PRIVATE: Final = ""
"""A temporary file of its own, gone with the connection (https://www.sqlite.org/inmemorydb.html)."""
MAPPED: Final = 16 << 20
"""Bytes of the file read through the page cache itself, which is faster; more of a large one is no faster, and all that
is read of it would count as this process's memory."""


def connect(path: str) -> sqlite3.Connection:
    """Open a database file, made if missing, or `MEMORY`; transactions are the caller's."""
    db = _open(path)
    if not forks.guarded:  # who cuts the file short ends whoever has mapped it: a command, but no training
        db.execute(f"PRAGMA mmap_size = {MAPPED}")
    return db


def copy_to_memory(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory of what a connection outside a transaction sees.

    Raises:
        sqlite3.Error: It cannot be read, or somebody holds it and does not let go; `backup` would try for ever.
    """
    import sqlite3

    def stop_waiting(status: int, _remaining: int, _total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:  # it has waited for `WAIT` seconds
            raise sqlite3.OperationalError("database is locked")

    copy = connect(MEMORY)
    db.backup(copy, progress=stop_waiting)
    return copy


def connect_untouched(path: Path) -> sqlite3.Connection:
    """Open a database so that nothing is written beside it (https://www.sqlite.org/wal.html#read_only_databases).

    Where a journal is in use, another process has it open and its files are there; else it lies still.
    """
    from urllib.parse import quote

    journal = path.with_name(path.name + "-wal")
    live = journal.exists() and journal.stat().st_size > 0
    query = "mode=ro&readonly_shm=1" if live else "mode=ro&immutable=1"
    return _open(f"file:{quote(str(path))}?{query}")


def _open(name: str) -> sqlite3.Connection:
    import sqlite3

    kind = sqlite3.Connection
    if forks.guarded:
        from registry_cli.catalog.guard import make_connection_class

        kind = make_connection_class()
    return sqlite3.connect(
        name, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=name.startswith("file:"), factory=kind
    )


def list_damaged(db: sqlite3.Connection) -> list[RecordId]:
    """Return the records that could not be read."""
    found = db.execute("SELECT value FROM stamp WHERE key = ?", (DAMAGED,)).fetchone()
    if found is None:
        return []
    import json

    damaged: list[RecordId] = json.loads(found[0])
    return damaged


def has_stamp(db: sqlite3.Connection) -> bool:
    """Return whether the file holds an index at all."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'stamp'").fetchone() is not None


def prefer_wal(db: sqlite3.Connection) -> None:
    """Let readers and a writer go on side by side; while another process looks at the file, leave that for later."""
    import sqlite3

    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        pass


def set_aside(path: Path) -> None:
    """Take a broken index away under a name of its own, so that whoever has it open is left alone."""
    from registry_cli.store.owner import new_name  # few ever need it

    aside = path.with_name(new_name())
    try:
        files.rename(path, aside)
    except FileNotFoundError:
        return
    for suffix in ("-wal", "-shm", "-journal"):
        files.unlink(path.with_name(path.name + suffix))
    files.unlink(aside)


def make_tables(db: sqlite3.Connection, registry: str) -> None:
    """Drop all that the database holds and make the empty tables of a registry, folded up to no slot."""
    for kind, name in db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
        db.execute(f'DROP {kind} "{name}"')
    execute_all(db, TABLES)
    stamp = {"schema": str(SCHEMA), "registry": registry, "seq": "0", "digest": "", "durable": "0"}
    db.executemany("INSERT INTO stamp VALUES (?, ?)", stamp.items())


def execute_all(db: sqlite3.Connection, script: str) -> None:
    """Run statements inside the transaction, which `executescript` would end."""
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    for statement in "\n".join(lines).split(";"):
        db.execute(statement)


def write_stamp(db: sqlite3.Connection, head: Head, *, durable: bool = False) -> None:
    """Say up to which slot the index is folded, and that the log has lost something should this slot not be there.

    A slot is linked only when the one before is durable; of the last one, only who wrote it knows.
    """
    known = head.seq if durable else max(head.seq - 1, 0)
    db.executemany("UPDATE stamp SET value = ? WHERE key = ?", [(str(head.seq), "seq"), (head.digest, "digest")])
    db.execute("UPDATE stamp SET value = ? WHERE key = 'durable' AND CAST(value AS INTEGER) < ?", (str(known), known))
