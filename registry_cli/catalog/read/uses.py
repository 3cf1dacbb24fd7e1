"""The uses of blobs: the blobs and sizes that the catalog names, and the versions and tasks that name them."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from registry_cli.catalog.connection import find_value, list_column, select_among
from registry_cli.catalog.read.rows import User
from registry_cli.ids import BlobHash, RecordId, TaskId, VersionId, Xxh3
from registry_cli.records.parts import FileEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import UserId


class LocalFile(NamedTuple):
    """A local file, with a `file:` URL and digests, and the versions that point to it."""

    file: FileEntry
    versions: tuple[VersionId, ...]


_USERS = "uses u LEFT JOIN versions v ON v.row = u.version LEFT JOIN tasks t ON t.row = u.task"
_LIVE = "coalesce(v.removed, t.removed) = 0"


def list_users(db: Connection, blob: BlobHash) -> list[User]:
    """Return the versions, then the tasks, that name a blob, including removed ones, oldest first."""
    versions = db.execute(
        "SELECT DISTINCT v.id, l.name || ':' || v.number, v.removed FROM uses u JOIN versions v ON v.row = u.version"
        " JOIN lines l ON l.id = v.line WHERE u.sha256 = ? ORDER BY v.row",
        (blob,),
    )
    tasks = db.execute(
        "SELECT DISTINCT t.id, 'task:' || t.name, t.removed FROM task_files f JOIN tasks t ON t.row = f.task"
        " WHERE f.sha256 = ? ORDER BY t.row",
        (blob,),
    )
    return [
        *(User(VersionId(RecordId(version)), ref, bool(removed)) for version, ref, removed in versions),
        *(User(TaskId(task), ref, bool(removed)) for task, ref, removed in tasks),
    ]


def read_refs(db: Connection, users: Collection[UserId]) -> dict[UserId, str]:
    """Return the addresses of some versions and tasks, in the catalog's order; this reads all versions and tasks."""
    versions = db.execute(
        "SELECT v.id, l.name || ':' || v.number FROM versions v JOIN lines l ON l.id = v.line ORDER BY v.row"
    )
    tasks = db.execute("SELECT id, 'task:' || name FROM tasks ORDER BY row")
    return {user: ref for user, ref in chain(versions, tasks) if user in users}


def iter_uses(db: Connection, blobs: Sequence[BlobHash]) -> Iterator[tuple[BlobHash, int | None]]:
    """Yield each use of some blobs: the blob, with the row of the version (removed or not) or None for a task."""
    return select_among(db, "SELECT sha256, version FROM uses WHERE sha256 IN ({marks})", blobs)


def iter_live_uses(db: Connection, blobs: Sequence[BlobHash]) -> Iterator[tuple[UserId, BlobHash]]:
    """Yield each live version or task that uses one of some blobs, with that blob."""
    query = f"SELECT coalesce(v.id, t.id), u.sha256 FROM {_USERS} WHERE u.sha256 IN ({{marks}}) AND {_LIVE}"
    return select_among(db, query, blobs)


def read_own_blobs(db: Connection, versions: Sequence[VersionId]) -> dict[BlobHash, int]:
    """Return the blobs that the live ones of some versions use, with their sizes in bytes."""
    query = f"SELECT u.sha256, u.size FROM {_USERS} WHERE v.id IN ({{marks}}) AND {_LIVE}"
    return dict(select_among(db, query, versions))


def list_live_blobs(db: Connection) -> set[BlobHash]:
    """Return the blobs that live versions and tasks name."""
    return set(list_column(db, f"SELECT u.sha256 FROM {_USERS} WHERE {_LIVE}"))


def list_needed_blobs(db: Connection) -> list[BlobHash]:
    """Return the blobs whose bytes must be here: those that live versions and tasks name, and not by a URL alone."""
    query = (
        "SELECT f.sha256 FROM files f JOIN versions v ON v.row = f.version WHERE v.removed = 0 AND f.url IS NULL"
        " UNION SELECT design FROM versions WHERE removed = 0 AND design IS NOT NULL"
        " UNION SELECT f.sha256 FROM task_files f JOIN tasks t ON t.row = f.task"
        " WHERE t.removed = 0 AND f.sha256 IS NOT NULL"
    )
    return list_column(db, query)


def list_external_blobs(db: Connection) -> list[BlobHash]:
    """Return the known blobs of files with a URL, whose bytes may or may not be here."""
    return list_column(db, "SELECT DISTINCT sha256 FROM files WHERE url IS NOT NULL AND sha256 IS NOT NULL")


def list_local_files(db: Connection) -> list[LocalFile]:
    """Return the local files that versions which are not removed point to, as far as their digests are known."""
    found = db.execute(
        "SELECT f.path, f.size, f.sha256, f.xxh3, f.media, f.url, v.id"
        " FROM files f JOIN versions v ON v.row = f.version"
        " WHERE f.url LIKE 'file:%' AND f.sha256 IS NOT NULL AND v.removed = 0 ORDER BY f.version, f.path"
    )
    versions = defaultdict[FileEntry, list[VersionId]](list)
    for *columns, version in found:
        versions[FileEntry(*columns)].append(VersionId(RecordId(version)))
    return [LocalFile(file, tuple(users)) for file, users in versions.items()]


def sum_blob_sizes(db: Connection) -> int:
    """Return the total bytes of all blobs that a version or task names, including removed ones."""
    query = "SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM uses GROUP BY sha256)"
    return int(db.execute(query).fetchone()[0])


def list_shown(db: Connection, blob: BlobHash) -> list[tuple[VersionId, str]]:
    """Return the files of versions that hold a blob, as version and path."""
    query = "SELECT v.id, f.path FROM files f JOIN versions v ON v.row = f.version WHERE f.sha256 = ?"
    return [(VersionId(RecordId(version)), path) for version, path in db.execute(query, (blob,))]


def iter_file_holders(db: Connection, blobs: Sequence[BlobHash]) -> Iterator[tuple[int, str, BlobHash]]:
    """Yield each file of a version, removed or not, that holds one of some blobs: the version's row, path and blob."""
    return select_among(db, "SELECT version, path, sha256 FROM files WHERE sha256 IN ({marks})", blobs)


def list_digests(db: Connection, prefix: str, limit: int) -> list[BlobHash]:
    """Return at most `limit` digests of files of versions that begin with a prefix."""
    query = "SELECT DISTINCT sha256 FROM files WHERE sha256 >= ? AND sha256 < ? LIMIT ?"
    return [BlobHash(sha256) for (sha256,) in db.execute(query, (prefix, prefix + "g", limit))]


def list_holders(db: Connection, blobs: Collection[BlobHash], task: TaskId) -> list[int]:
    """Return the rows of the versions that hold one of some blobs, oldest first, except removed ones and the task's."""
    query = (
        "SELECT v.row FROM files f JOIN versions v ON v.row = f.version WHERE f.sha256 IN ({marks})"
        " AND v.removed = 0 AND v.task IS NOT ?"
    )
    return sorted({row for (row,) in select_among(db, query, sorted(blobs), task)})


def is_made_by(db: Connection, blobs: Collection[BlobHash], task: TaskId) -> bool:
    """Return whether a version that a task made and that is not removed holds one of some blobs."""
    query = (
        "SELECT 1 FROM files f JOIN versions v ON v.row = f.version WHERE f.sha256 IN ({marks}) AND v.task = ?"
        " AND v.removed = 0 LIMIT 1"
    )
    return next(select_among(db, query, sorted(blobs), task), None) is not None


def read_made(db: Connection, task: TaskId) -> dict[VersionId, dict[str, tuple[int, BlobHash, Xxh3]]]:
    """Return the versions that a task made and that are not removed, newest first.

    Each has its files with known digests: size in bytes, SHA-256 and XXH3 by path.
    """
    found = db.execute(
        "SELECT v.id, f.path, f.size, f.sha256, f.xxh3 FROM versions v JOIN files f ON f.version = v.row"
        " WHERE v.task = ? AND v.removed = 0 AND f.sha256 IS NOT NULL ORDER BY v.row DESC",
        (task,),
    )
    made: dict[VersionId, dict[str, tuple[int, BlobHash, Xxh3]]] = defaultdict(dict)
    for version, path, size, sha256, xxh3 in found:
        made[VersionId(RecordId(version))][path] = size, BlobHash(sha256), Xxh3(xxh3)
    return made


def list_sizes(db: Connection) -> list[int]:
    """Return the distinct sizes in bytes of all files of versions, including removed ones, ascending."""
    return list_column(db, "SELECT DISTINCT size FROM files WHERE size IS NOT NULL ORDER BY size")


def has_size(db: Connection, size: int) -> bool:
    """Return whether any file of a version is `size` bytes long."""
    return find_value(db, "SELECT 1 FROM files WHERE size = ? LIMIT 1", size) is not None


def read_twins(db: Connection, size: int) -> set[str]:
    """Return the XXH3 digests of the known files of `size` bytes."""
    return set(list_column(db, "SELECT xxh3 FROM files WHERE size = ? AND xxh3 IS NOT NULL", size))


def list_urls(db: Connection, line: int) -> list[str]:
    """Return the URLs of the files of a line's versions."""
    query = "SELECT f.url FROM files f JOIN versions v ON v.row = f.version WHERE v.line = ? AND f.url IS NOT NULL"
    return list_column(db, query, line)


def list_rows_of_url(db: Connection, url: str) -> list[int]:
    """Return the rows of the versions that have a file with a URL and are not removed, oldest first."""
    query = (
        "SELECT DISTINCT v.row FROM files f JOIN versions v ON v.row = f.version WHERE f.url = ? AND v.removed = 0"
        " ORDER BY v.row"
    )
    return list_column(db, query, url)
