"""The SQLite file of an index: opens, checks, stamps and removes it. Knows no entry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from registry_cli import process
from registry_cli.catalog.connection import (
    execute_all,
    find_value,
    limited,
    look_for_signals,
    split_script,
    transaction,
)
from registry_cli.catalog.index.admission import APPLICATION, BESIDE, read_header
from registry_cli.catalog.schema import DAMAGED, INDEXES, SCHEMA, SEAL, TABLES
from registry_cli.catalog.seals import DoubtError, seal, seal_all
from registry_cli.store import files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from registry_cli.ids import RecordId
    from registry_cli.store.log import Head

WAIT: Final = 2.0
"""Seconds to wait for another process that writes the index."""
MEMORY: Final = ":memory:"
PRIVATE: Final = ""
"""A temporary file of its own, gone with the connection (https://www.sqlite.org/inmemorydb.html)."""
MAPPED: Final = 16 << 20
"""Bytes of the file that are memory-mapped, which is faster; mapping more of a large file is no faster, and all mapped
pages that are read would count as this process's memory."""
_ENOUGH: Final = 1_000_000
"""Most steps for reading a schema; ours takes some thousands."""
_WAL_HEADER: Final = 32
"""Bytes before the first frame of a journal (https://www.sqlite.org/fileformat2.html#the_write_ahead_log)."""
_OBJECTS: Final = 200
"""Most objects that are read of a schema, more than any schema of ours has."""
_OLDER: Final = frozenset({"stamp", "lines", "versions", "entries", "changes"})
"""Tables that the indexes of all schemas have."""


def connect(path: str) -> sqlite3.Connection:
    """Open a database file, which is created if missing, or `MEMORY`; the caller controls transactions.

    None of the file's contents is trusted before `check_schema`.
    """
    db = _open(path)
    if path in {MEMORY, PRIVATE}:
        _map(db)
    return db


def check_schema(db: sqlite3.Connection) -> bool:
    """Return whether a database holds an index's tables, False where it is empty; then map it into memory.

    Raises:
        sqlite3.DatabaseError: The database holds anything else. No view or trigger has run.
    """
    import sqlite3

    try:
        with limited(db, _ENOUGH):
            found = db.execute(f"SELECT type, name, sql FROM sqlite_master LIMIT {_OBJECTS}").fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        raise sqlite3.DatabaseError("its schema takes too long to read") from None
    made = {sql for _, _, sql in found if sql is not None}
    automatic = all(kind == "index" and name.startswith("sqlite_autoindex_") for kind, name, sql in found if not sql)
    if found and not (automatic and made == _stored_statements() and len(made) == sum(bool(sql) for *_, sql in found)):
        raise sqlite3.DatabaseError("it has unexpected tables")
    _map(db)
    return bool(found)


def sign(db: sqlite3.Connection) -> None:
    """Mark an empty database as an index of ours in its header, before anything else is written."""
    with transaction(db):
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")


def list_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that a damaged index raises; SQLite may quote bytes that do not decode in its messages."""
    import sqlite3

    return (sqlite3.Error, UnicodeDecodeError, DoubtError)


def is_passing(error: Exception) -> bool:
    """Return whether an error does not mean a bad file: it is locked, the disk is full, a signal arrived."""
    import sqlite3

    passing = {
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
    }  # fmt: skip
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in passing


def is_outdated(path: Path) -> bool:
    """Return whether a file is an index with another schema of ours, from an earlier or later program."""
    header = read_header(str(path))
    return header is not None and (header[1] != SCHEMA if header[0] == APPLICATION else _is_unsigned_index(path))


def is_foreign(path: Path) -> bool:
    """Return whether a file is another program's database."""
    header = read_header(str(path))
    return header is not None and header[0] != APPLICATION and not _is_unsigned_index(path)


def _is_unsigned_index(path: Path) -> bool:
    """Return whether a database is one of the old indexes that have no mark in their header."""
    import sqlite3

    if read_header(str(path)) != (0, 0):
        return False
    db = connect_untouched(path)
    try:
        with limited(db, _ENOUGH):
            found = db.execute(f"SELECT name, sql FROM sqlite_master LIMIT {_OBJECTS}").fetchall()
    except sqlite3.Error:
        return False
    finally:
        db.close()
    stamp = next(sql for sql in _stored_statements() if sql.startswith("CREATE TABLE stamp "))
    return ("stamp", stamp) in found and {name for name, _ in found} >= _OLDER


@cache
def _stored_statements() -> frozenset[str]:
    """Return the statements of the schema as `sqlite_master` stores them."""
    return frozenset(
        statement.strip().replace(" IF NOT EXISTS", "", 1) for statement in split_script(TABLES + INDEXES)
    ) - {""}


def copy_to_memory(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory of what a connection outside a transaction sees.

    Raises:
        sqlite3.Error: It cannot be read, or another process keeps its lock; `backup` itself would retry for ever.
    """
    import sqlite3

    def stop_waiting(status: int, _remaining: int, _total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:  # it has waited for `WAIT` seconds
            raise sqlite3.OperationalError("database is locked")

    copy = connect(MEMORY)
    db.backup(copy, progress=stop_waiting)
    return copy


def connect_untouched(path: Path) -> sqlite3.Connection:
    """Open a database without writing any file next to it (https://www.sqlite.org/wal.html#read_only_databases).

    Where a journal is in use, another process has the database open and its files exist; else the database is at rest.
    """
    from urllib.parse import quote

    journal = path.with_name(path.name + "-wal")
    live = journal.exists() and journal.stat().st_size > _WAL_HEADER
    query = "mode=ro&readonly_shm=1" if live else "mode=ro&immutable=1"
    return _open(f"file:{quote(str(path))}?{query}")


def _open(name: str) -> sqlite3.Connection:
    import sqlite3

    db = sqlite3.connect(
        name, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=name.startswith("file:")
    )
    look_for_signals(db)
    db.execute("PRAGMA trusted_schema = OFF")  # definitions in a file may not call our functions
    db.execute("PRAGMA cell_size_check = ON")
    return db


def _map(db: sqlite3.Connection) -> None:
    if (
        process.is_command
    ):  # truncating a mapped file kills the processes that map it: a command may die, a training not
        db.execute(f"PRAGMA mmap_size = {MAPPED}")
        db.execute("PRAGMA cell_size_check = OFF")  # a mapped page is checked at each use, which doubles a scan's time


def list_damaged(db: sqlite3.Connection) -> list[RecordId]:
    """Return the records that could not be read."""
    found = find_value(db, "SELECT value FROM stamp WHERE key = ?", DAMAGED)
    if found is None:
        return []
    import json

    damaged: list[RecordId] = json.loads(found)
    return damaged


def prefer_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL, so that readers and a writer do not block each other; skip it while another process reads."""
    import sqlite3

    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        pass


def set_aside(path: Path) -> None:
    """Rename a broken index and remove it, so that processes that have it open are not disturbed."""
    from registry_cli.store.writer_name import new_name  # rarely needed

    aside = path.with_name(new_name())
    try:
        files.rename(path, aside)
    except FileNotFoundError:
        return
    for suffix in BESIDE:
        files.unlink(path.with_name(path.name + suffix))
    files.unlink(aside)


def make_tables(db: sqlite3.Connection, registry: str) -> None:
    """Drop all tables and views of the database and create the empty tables of a registry, folded up to no slot."""
    for kind, name in db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
        db.execute(f'DROP {kind} "{name}"')
    execute_all(db, TABLES)
    stamp = {"schema": str(SCHEMA), "registry": registry, "seq": "0", "digest": "", "durable": "0"}
    db.executemany("INSERT INTO stamp VALUES (?, ?)", stamp.items())
    seal_all(db)
    _seal_stamp(db)


def write_stamp(db: sqlite3.Connection, head: Head, *, durable: bool = False) -> None:
    """Write the slot up to which the index is folded, and the last durable one: if that is missing, the log lost it.

    A slot is linked only after the one before it is durable; only its writer knows whether the last slot is durable.
    """
    known = head.seq if durable else max(head.seq - 1, 0)
    db.executemany("UPDATE stamp SET value = ? WHERE key = ?", [(str(head.seq), "seq"), (head.digest, "digest")])
    db.execute("UPDATE stamp SET value = ? WHERE key = 'durable' AND CAST(value AS INTEGER) < ?", (str(known), known))
    _seal_stamp(db)


def read_stamp(db: sqlite3.Connection) -> dict[str, str]:
    """Return the stamp, or nothing where its seal does not match."""
    rows = dict(db.execute("SELECT key, value FROM stamp LIMIT 100").fetchall())
    own = rows.pop(SEAL, None)
    return rows if own == _seal_rows(rows.items()) else {}


def _seal_stamp(db: sqlite3.Connection) -> None:
    rows = db.execute("SELECT key, value FROM stamp WHERE key != ?", (SEAL,)).fetchall()
    db.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?)", (SEAL, _seal_rows(rows)))


def _seal_rows(rows: Iterable[tuple[str, str]]) -> str:
    return str(seal(sorted(rows, key=repr)))
