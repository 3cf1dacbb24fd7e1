"""One metric over the versions of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.catalog.connection import list_column

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection


def list_metrics(db: Connection, line: int) -> list[str]:
    """Return the metrics that a line's versions have as numbers, such as `metrics.acc`, the most frequent first."""
    query = (
        "SELECT f.field FROM versions v JOIN fields f ON f.version = v.row WHERE v.line = ? AND v.removed = 0"
        " AND f.field >= 'metrics.' AND f.field < 'metrics/' AND f.number IS NOT NULL GROUP BY f.field"
        " ORDER BY count(*) DESC, f.field"
    )
    return list_column(db, query, line)


def list_points(db: Connection, line: int, field: str) -> list[tuple[int, Any]]:
    """Return number and value of a field for each version of a line that is not removed, oldest first."""
    return db.execute(
        "SELECT v.number, f.number FROM versions v LEFT JOIN fields f ON f.version = v.row AND f.field = ?"
        " WHERE v.line = ? AND v.removed = 0 ORDER BY v.number",
        (field, line),
    ).fetchall()
