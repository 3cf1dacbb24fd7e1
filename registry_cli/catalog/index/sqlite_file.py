"""SQLite as the index uses it: how a file is opened, stamped, and put away. Knows no entry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from registry_cli import process
from registry_cli.catalog.connection import execute_all, limited, look_for_signals, split_script, transaction
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
"""Bytes of the file read through the page cache itself, which is faster; more of a large one is no faster, and all that
is read of it would count as this process's memory."""
_ENOUGH: Final = 1_000_000
"""Steps in which a schema is read; ours takes some thousands."""
_WAL_HEADER: Final = 32
"""Bytes before the first frame of a journal (https://www.sqlite.org/fileformat2.html#the_write_ahead_log)."""
_OBJECTS: Final = 200
"""More objects than any schema of ours has."""
_OLDER: Final = frozenset({"stamp", "lines", "versions", "entries", "changes"})
"""Tables that the indexes of all schemas have."""


def connect(path: str) -> sqlite3.Connection:
    """Open a database file, made if missing, or `MEMORY`; transactions are the caller's.

    Nothing that a file holds is believed yet, see `check_schema`.
    """
    db = _open(path)
    if path in {MEMORY, PRIVATE}:
        _map(db)
    return db


def check_schema(db: sqlite3.Connection) -> bool:
    """Return whether a database holds an index's tables, False where it is empty, and map it from now on.

    Raises:
        sqlite3.DatabaseError: It holds anything else. No view or trigger has run.
    """
    import sqlite3

    try:
        with limited(db, _ENOUGH):
            found = db.execute(f"SELECT type, name, sql FROM sqlite_master LIMIT {_OBJECTS}").fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        raise sqlite3.DatabaseError("its schema goes on for ever") from None
    made = {sql for _, _, sql in found if sql is not None}
    automatic = all(kind == "index" and name.startswith("sqlite_autoindex_") for kind, name, sql in found if not sql)
    if found and not (automatic and made == _stored_statements() and len(made) == sum(bool(sql) for *_, sql in found)):
        raise sqlite3.DatabaseError("it has other tables than it should")
    _map(db)
    return bool(found)


def sign(db: sqlite3.Connection) -> None:
    """Say in the header of an empty database that it is an index of ours, before anything else is written."""
    with transaction(db):
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")


def list_errors() -> tuple[type[Exception], ...]:
    """Return what an index raises that is not what it was; SQLite puts parts of it into its messages."""
    import sqlite3

    return (sqlite3.Error, UnicodeDecodeError, DoubtError)


def is_passing(error: Exception) -> bool:
    """Return whether an error tells nothing against a file: it is locked, the disk is full, a signal came."""
    import sqlite3

    passing = {
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
    }  # fmt: skip
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in passing


def is_outdated(path: Path) -> bool:
    """Return whether a file is an index of another schema of ours, an earlier or a later program's."""
    header = read_header(str(path))
    return header is not None and (header[1] != SCHEMA if header[0] == APPLICATION else _is_unsigned_index(path))


def is_foreign(path: Path) -> bool:
    """Return whether a file is a database that no program of ours made."""
    header = read_header(str(path))
    return header is not None and header[0] != APPLICATION and not _is_unsigned_index(path)


def _is_unsigned_index(path: Path) -> bool:
    """Return whether a database is an index from before they said so in their headers."""
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
    """Return the statements of the schema as `sqlite_master` keeps them."""
    return frozenset(
        statement.strip().replace(" IF NOT EXISTS", "", 1) for statement in split_script(TABLES + INDEXES)
    ) - {""}


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
    live = journal.exists() and journal.stat().st_size > _WAL_HEADER
    query = "mode=ro&readonly_shm=1" if live else "mode=ro&immutable=1"
    return _open(f"file:{quote(str(path))}?{query}")


def _open(name: str) -> sqlite3.Connection:
    import sqlite3

    kind = sqlite3.Connection
    if process.guarded:
        from registry_cli.catalog.index.fork_guard import make_connection_class

        kind = make_connection_class()
    db = sqlite3.connect(
        name, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=name.startswith("file:"), factory=kind
    )
    look_for_signals(db)
    db.execute("PRAGMA trusted_schema = OFF")  # what a file defines may call none of our functions
    db.execute("PRAGMA cell_size_check = ON")
    return db


def _map(db: sqlite3.Connection) -> None:
    if not process.guarded:  # who cuts the file short ends whoever has mapped it: a command, but no training
        db.execute(f"PRAGMA mmap_size = {MAPPED}")
        db.execute("PRAGMA cell_size_check = OFF")  # a mapped page is checked at each use, which doubles a scan's time


def list_damaged(db: sqlite3.Connection) -> list[RecordId]:
    """Return the records that could not be read."""
    found = db.execute("SELECT value FROM stamp WHERE key = ?", (DAMAGED,)).fetchone()
    if found is None:
        return []
    import json

    damaged: list[RecordId] = json.loads(found[0])
    return damaged


def prefer_wal(db: sqlite3.Connection) -> None:
    """Let readers and a writer go on side by side; while another process looks at the file, leave that for later."""
    import sqlite3

    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        pass


def set_aside(path: Path) -> None:
    """Take a broken index away under a name of its own, so that whoever has it open is left alone."""
    from registry_cli.store.writer_name import new_name  # few ever need it

    aside = path.with_name(new_name())
    try:
        files.rename(path, aside)
    except FileNotFoundError:
        return
    for suffix in BESIDE:
        files.unlink(path.with_name(path.name + suffix))
    files.unlink(aside)


def make_tables(db: sqlite3.Connection, registry: str) -> None:
    """Drop all that the database holds and make the empty tables of a registry, folded up to no slot."""
    for kind, name in db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
        db.execute(f'DROP {kind} "{name}"')
    execute_all(db, TABLES)
    stamp = {"schema": str(SCHEMA), "registry": registry, "seq": "0", "digest": "", "durable": "0"}
    db.executemany("INSERT INTO stamp VALUES (?, ?)", stamp.items())
    seal_all(db)
    _seal_stamp(db)


def write_stamp(db: sqlite3.Connection, head: Head, *, durable: bool = False) -> None:
    """Say up to which slot the index is folded, and that the log has lost something should this slot not be there.

    A slot is linked only when the one before is durable; of the last one, only who wrote it knows.
    """
    known = head.seq if durable else max(head.seq - 1, 0)
    db.executemany("UPDATE stamp SET value = ? WHERE key = ?", [(str(head.seq), "seq"), (head.digest, "digest")])
    db.execute("UPDATE stamp SET value = ? WHERE key = 'durable' AND CAST(value AS INTEGER) < ?", (str(known), known))
    _seal_stamp(db)


def read_stamp(db: sqlite3.Connection) -> dict[str, str]:
    """Return what the stamp says, nothing where it is not what was written."""
    rows = dict(db.execute("SELECT key, value FROM stamp LIMIT 100").fetchall())
    own = rows.pop(SEAL, None)
    return rows if own == _seal_rows(rows.items()) else {}


def _seal_stamp(db: sqlite3.Connection) -> None:
    rows = db.execute("SELECT key, value FROM stamp WHERE key != ?", (SEAL,)).fetchall()
    db.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?)", (SEAL, _seal_rows(rows)))


def _seal_rows(rows: Iterable[tuple[str, str]]) -> str:
    return str(seal(sorted(rows, key=repr)))
