"""The names of the fields that versions have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

_MOST: Final = 2000
"""Most names that are read, each by one step into the index."""
_NAMES: Final = """WITH RECURSIVE names (field) AS (
    SELECT min(field) FROM fields
    UNION ALL SELECT (SELECT min(f.field) FROM fields f WHERE f.field > n.field) FROM names n WHERE n.field IS NOT NULL
) SELECT field FROM names WHERE field IS NOT NULL LIMIT ?"""


def list_fields(db: Connection) -> list[str]:
    """Return the fields that any version has, such as `metrics.acc`, in their order."""
    return [field for (field,) in db.execute(_NAMES, (_MOST,))]
