"""The ancestors and descendants of versions, found level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.connection import select_among

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import VersionId

Direction = Literal["up", "down"]
"""`up` to the versions that a version was made from, `down` to those made from it."""

_NEXT: Final[dict[Direction, str]] = {
    "up": "SELECT p.parent FROM versions v JOIN parents p ON p.child = v.row WHERE v.id IN ({marks})",
    "down": "SELECT v.id FROM parents p JOIN versions v ON v.row = p.child WHERE p.parent IN ({marks})",
}


def list_relatives(db: Connection, start: VersionId, direction: Direction, depth: int | None) -> list[VersionId]:
    """Return a version and all its ancestors or all its descendants, nearest first.

    Args:
        db: The index.
        start: The version.
        direction: `up` for ancestors, `down` for descendants.
        depth: Most steps; no limit where None.
    """
    seen = {start: None}
    level = [start]
    steps = 0
    while level and (depth is None or steps < depth):
        found = dict.fromkeys(one for (one,) in select_among(db, _NEXT[direction], level))
        level = [one for one in found if one not in seen]
        seen.update(dict.fromkeys(level))
        steps += 1
    return list(seen)
