"""Which blobs, records and sizes the catalog names, and who names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def list_sizes(db: sqlite3.Connection) -> list[int]:
    """Return each size in bytes that a file of a version has, removed versions' among them, ascending."""
    rows = db.execute("SELECT DISTINCT size FROM files WHERE size IS NOT NULL ORDER BY size")
    return [size for (size,) in rows]
