"""The totals of a catalog: counts of models and versions, and the bytes of their blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection


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
    (size,) = db.execute(
        "SELECT coalesce(sum(size), 0) FROM (SELECT f.sha256, f.size FROM files f JOIN versions v"
        " ON v.row = f.version WHERE v.removed = 0 AND f.sha256 IS NOT NULL AND f.url IS NULL"
        " UNION SELECT f.sha256, f.size FROM task_files f JOIN attempts t ON t.row = f.task WHERE t.removed = 0)"
    ).fetchone()
    return Totals(*map(int, (*counts, size)))
