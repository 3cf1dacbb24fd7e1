"""Computes SHA-256 of files and caches it by their `stat`: a file that has not changed is not read again.

The cache can be deleted at any time, and may be missing, broken or not writable.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.catalog.index import sqlite_file
from registry_cli.ids import BlobHash
from registry_cli.store.hashing import sha256_of_file

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

T = TypeVar("T")

_TABLE: Final = """CREATE TABLE IF NOT EXISTS digests (
    path BLOB PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER, modified INTEGER, changed INTEGER,
    sha256 TEXT CHECK (length(sha256) = 64)
) WITHOUT ROWID"""
_FIND: Final = "SELECT sha256 FROM digests WHERE (path, device, inode, size, modified, changed) = (?, ?, ?, ?, ?, ?)"
_RACY: Final = 2_000_000_000
"""Nanoseconds in which a file may change twice and look the same (https://git-scm.com/docs/racy-git)."""
_READERS: Final = 4
_TRIES: Final = 3
"""Number of times that a file is read if it changes meanwhile."""

_Stamp = tuple[bytes, int, int, int, int, int]


def digest_files(paths: Sequence[Path], cache: Path) -> list[tuple[int, BlobHash] | OSError]:
    """Return size in bytes and SHA-256 of each file, or the error of reading it, in the order given.

    Args:
        paths: Absolute paths.
        cache: Path of the cache's file, in a folder that exists.
    """
    stamps = [stamp for path in paths if not isinstance(stamp := _try(_stamp, path), OSError)]
    known = dict(zip(stamps, _recall(cache, stamps), strict=True))
    found = {os.fsdecode(stamp[0]): (stamp[3], digest) for stamp, digest in known.items() if digest}
    missing = [path for path in dict.fromkeys(paths) if str(path) not in found]
    started = time.time_ns()
    read = dict(zip(missing, _read_all(missing), strict=True))
    good = [one for one in read.values() if not isinstance(one, OSError)]
    _remember(cache, [(*stamp, digest) for stamp, digest in good if max(stamp[4:]) < started - _RACY])
    return [found.get(str(path)) or _sized(read[path]) for path in paths]


def _sized(one: tuple[_Stamp, BlobHash] | OSError) -> tuple[int, BlobHash] | OSError:
    return one if isinstance(one, OSError) else (one[0][3], one[1])


def _try(action: Callable[[Path], T], path: Path) -> T | OSError:
    try:
        return action(path)
    except OSError as error:
        return error


def _read_all(paths: Sequence[Path]) -> list[tuple[_Stamp, BlobHash] | OSError]:
    if len(paths) <= 1:
        return [_try(_read, path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_READERS, os.cpu_count() or 1, len(paths))) as pool:
        return list(pool.map(lambda path: _try(_read, path), paths))


def _read(path: Path) -> tuple[_Stamp, BlobHash]:
    """Return stamp and digest of a file; retry a few times until the stamp is the same before and after reading."""
    before = _stamp(path)
    for _ in range(_TRIES):
        digest = sha256_of_file(path)
        after = _stamp(path)
        if after == before:
            break
        before = after
    return before, digest


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return (
        os.fsencode(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
    )  # fmt: skip


def _recall(cache: Path, stamps: Sequence[_Stamp]) -> list[BlobHash | None]:
    def find(db: sqlite3.Connection) -> list[BlobHash | None]:
        rows = [db.execute(_FIND, stamp).fetchone() for stamp in stamps]
        return [BlobHash(row[0]) if row else None for row in rows]

    return _use_memory(cache, find) or [None] * len(stamps)


def _remember(cache: Path, rows: Sequence[tuple[object, ...]]) -> None:
    def put(db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        db.execute("COMMIT")

    if rows:
        _use_memory(cache, put)


def _use_memory(cache: Path, action: Callable[[sqlite3.Connection], T]) -> T | None:
    """Return the result of `action` on the cache; None if the cache cannot be used."""
    import sqlite3

    try:
        with closing(sqlite_file.connect(str(cache))) as db:
            sqlite_file.prefer_wal(db)
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(_TABLE)
            return action(db)
    except sqlite3.OperationalError:
        return None  # locked, read-only or full
    except sqlite3.DatabaseError:
        _set_aside(cache)
        return None


def _set_aside(cache: Path) -> None:
    try:
        sqlite_file.set_aside(cache)
    except OSError:
        pass
