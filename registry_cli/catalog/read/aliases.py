"""The present and earlier holders of an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.connection import find_value, list_column
from registry_cli.ids import line_key

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import AliasName, VersionId


def find_spelling(db: Connection, line: int, alias: AliasName) -> AliasName:
    """Return an alias as its line spells it, since aliases that differ only by case are one, as names are.

    Entries of the log hold aliases letter by letter, so an exact match comes first; an alias that the line never had
    keeps its spelling.
    """
    query = "SELECT alias FROM moves WHERE line = ? GROUP BY alias ORDER BY max(row) DESC"
    known: list[AliasName] = list_column(db, query, line)
    same = [name for name in known if line_key(name) == line_key(alias)]
    return alias if alias in known or not same else same[0]


def find_holder(db: Connection, line: int, alias: AliasName) -> VersionId | None:
    """Return the version that holds an alias, or None."""
    query = "SELECT v.id FROM aliases a JOIN versions v ON v.row = a.version WHERE a.line = ? AND a.alias = ?"
    return find_value(db, query, line, alias)


def list_last_moves(db: Connection, line: int, alias: AliasName, limit: int) -> list[VersionId | None]:
    """Return the versions of an alias's last moves, newest first; None where the alias was removed."""
    query = (
        "SELECT v.id FROM moves m LEFT JOIN versions v ON v.row = m.version WHERE m.line = ? AND m.alias = ?"
        " ORDER BY m.row DESC LIMIT ?"
    )
    return list_column(db, query, line, alias, limit)
