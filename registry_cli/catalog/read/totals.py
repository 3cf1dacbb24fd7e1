"""The totals of a catalog: counts of models and versions, and the bytes of their blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from registry_cli.ids import BlobHash

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

_BLOBS: Final = (
    "SELECT f.sha256, f.size FROM files f JOIN versions v ON v.row = f.version"
    " WHERE v.removed = 0 AND f.sha256 IS NOT NULL AND f.url IS NULL"
    " UNION SELECT f.sha256, f.size FROM task_files f JOIN attempts t ON t.row = f.task WHERE t.removed = 0"
)


class Totals(NamedTuple):
    """Counts without removed versions; `size` is the bytes of the distinct blobs that versions and tasks name."""

    models: int
    versions: int
    published: int
    archived: int
    size: int


def read_totals(db: Connection) -> Totals:
    """Return the totals of a catalog."""
    counts = db.execute(
        "SELECT count(DISTINCT line), count(*), count(publication), coalesce(sum(archived), 0) FROM versions"
        " WHERE removed = 0"
    ).fetchone()
    (size,) = db.execute(f"SELECT coalesce(sum(size), 0) FROM ({_BLOBS})").fetchone()
    return Totals(*map(int, (*counts, size)))


def read_blob_sizes(db: Connection) -> dict[BlobHash, int]:
    """Return the blobs whose bytes the totals count, with their sizes in bytes."""
    return {BlobHash(sha256): size for sha256, size in db.execute(_BLOBS) if sha256}
