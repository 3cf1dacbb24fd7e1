"""The names of the fields and the tags that versions or tasks have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from registry_cli.catalog.connection import list_column

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

FieldTable: TypeAlias = Literal["fields", "task_fields"]
TagTable: TypeAlias = Literal["tags", "task_tags"]

_MOST: Final = 2000
"""Most names that are read; those of versions each by one step into the index."""
_NAMES: Final = """WITH RECURSIVE names (field) AS (
    SELECT min(field) FROM fields
    UNION ALL SELECT (SELECT min(f.field) FROM fields f WHERE f.field > n.field) FROM names n WHERE n.field IS NOT NULL
) SELECT field FROM names WHERE field IS NOT NULL LIMIT ?"""
_NAMES_OF_TASKS: Final = "SELECT DISTINCT field FROM task_fields ORDER BY field LIMIT ?"


def list_fields(db: Connection, table: FieldTable = "fields") -> list[str]:
    """Return the fields that any version or task has, such as `metrics.acc`, in their order."""
    return list_column(db, _NAMES if table == "fields" else _NAMES_OF_TASKS, _MOST)


def list_tags(db: Connection, table: TagTable = "tags") -> list[str]:
    """Return the tags that any version or task carries, in their order."""
    return list_column(db, f"SELECT DISTINCT tag FROM {table} ORDER BY tag LIMIT ?", _MOST)
