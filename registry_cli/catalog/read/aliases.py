"""The present and earlier holders of an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.ids import RecordId, VersionId

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import AliasName


def find_holder(db: Connection, line: int, alias: AliasName) -> VersionId | None:
    """Return the version that holds an alias, or None."""
    found = db.execute(
        "SELECT v.id FROM aliases a JOIN versions v ON v.row = a.version WHERE a.line = ? AND a.alias = ?",
        (line, alias),
    ).fetchone()
    return VersionId(RecordId(found[0])) if found else None


def list_last_moves(db: Connection, line: int, alias: AliasName, limit: int) -> list[VersionId | None]:
    """Return the versions of an alias's last moves, newest first; None where the alias was removed."""
    found = db.execute(
        "SELECT v.id FROM moves m LEFT JOIN versions v ON v.row = m.version WHERE m.line = ? AND m.alias = ?"
        " ORDER BY m.row DESC LIMIT ?",
        (line, alias, limit),
    )
    return [VersionId(RecordId(version)) if version else None for (version,) in found]
