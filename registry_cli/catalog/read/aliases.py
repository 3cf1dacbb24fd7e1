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


def list_steps(db: Connection, line: int, alias: AliasName) -> list[VersionId | None]:
    """Return the holders that undoing an alias's moves leads back through, oldest first, the present one last.

    A move that undid others ends them, so their holders are left out. None stands for no holder, as before the first
    move; the list is empty where the alias was never moved.
    """
    found = db.execute(
        "SELECT v.id, EXISTS (SELECT 1 FROM changes c WHERE c.seq = m.seq AND c.line = m.line"
        "   AND json_extract(c.doc, '$.alias') = m.alias"
        "   AND (json_extract(c.doc, '$.back') OR json_extract(c.doc, '$.undoes') IS NOT NULL))"
        " FROM moves m LEFT JOIN versions v ON v.row = m.version WHERE m.line = ? AND m.alias = ? ORDER BY m.row",
        (line, alias),
    )
    steps: list[VersionId | None] = []
    for holder, is_back in found:
        steps = steps or [None]
        if is_back and holder in steps[:-1]:
            del steps[len(steps) - 1 - steps[-2::-1].index(holder) :]
        else:
            steps.append(holder)
    return steps
