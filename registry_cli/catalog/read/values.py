"""The values that fields of versions or tasks have, and names by a pattern: advice on a query compares with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from registry_cli.catalog.connection import find_value, list_column
from registry_cli.ids import line_key

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection

Rows: TypeAlias = Literal["versions", "tasks"]

_VALUES: Final = {
    ("versions", "framework"): "SELECT DISTINCT framework FROM versions WHERE framework IS NOT NULL LIMIT ?",
    ("versions", "author"): "SELECT DISTINCT author FROM versions LIMIT ?",
    ("versions", "task"): "SELECT DISTINCT task FROM versions WHERE task IS NOT NULL LIMIT ?",
    ("versions", "alias"): "SELECT DISTINCT alias FROM aliases LIMIT ?",
    ("versions", "project"): "SELECT name FROM lines LIMIT ?",
    ("tasks", "author"): "SELECT DISTINCT author FROM tasks WHERE removed = 0 LIMIT ?",
    ("tasks", "project"): "SELECT DISTINCT project FROM tasks WHERE removed = 0 AND project <> '' LIMIT ?",
}
_MOST: Final = 100_000
"""Most values that are read."""
_NAMES: Final = {
    "versions": "SELECT DISTINCT name FROM lines WHERE key GLOB ? ORDER BY key LIMIT ?",
    "tasks": "SELECT DISTINCT name FROM tasks WHERE key GLOB ? AND removed = 0 ORDER BY key LIMIT ?",
}


def list_values(db: Connection, rows: Rows, field: str) -> list[str]:
    """Return the values that any version or task has in a field; for a project, those above it too.

    Args:
        db: The index.
        rows: The kind of row.
        field: `framework`, `author`, `task`, `project`, or `alias` for the aliases that versions hold.
    """
    values = list_column(db, _VALUES[rows, field], _MOST)
    if field != "project":
        return values
    paths = (value.split("/")[: -1 if rows == "versions" else None] for value in values)
    return list(dict.fromkeys("/".join(path[:end]) for path in paths for end in range(1, len(path) + 1)))


def has_name_like(db: Connection, rows: Rows, glob: str) -> bool:
    """Return whether a model or task has a name that matches a glob, in upper or lower case."""
    return find_value(db, _NAMES[rows], line_key(glob), 1) is not None


def list_names_like(db: Connection, rows: Rows, glob: str) -> list[str]:
    """Return the names of models or tasks that match a glob, in their order."""
    return list_column(db, _NAMES[rows], line_key(glob), _MOST)
