"""The ancestors and descendants of versions, found level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from registry_cli.catalog.connection import select_among

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import VersionId

Direction = Literal["up", "down"]
"""`up` to the versions that a version was made from, `down` to those made from it."""

_NEXT: Final[dict[Direction, str]] = {
    "up": "SELECT v.id, p.parent FROM versions v JOIN parents p ON p.child = v.row WHERE v.id IN ({marks})",
    "down": "SELECT p.parent, v.id FROM parents p JOIN versions v ON v.row = p.child WHERE p.parent IN ({marks})",
}
"""Statements that return each of some versions with its next ones."""


class Relatives(NamedTuple):
    """A version with its ancestors or descendants.

    Attributes:
        versions: All of them, nearest first.
        cut: Those that have further ones, which the most steps leave out.
    """

    versions: list[VersionId]
    cut: frozenset[VersionId]


def list_relatives(db: Connection, start: VersionId, direction: Direction, depth: int | None) -> Relatives:
    """Return a version and all its ancestors or all its descendants.

    Args:
        db: The index.
        start: The version.
        direction: `up` for ancestors, `down` for descendants.
        depth: Most steps; no limit where None.
    """
    seen = {start: None}
    level = [start]
    steps = 0
    while True:
        onward = [pair for pair in select_among(db, _NEXT[direction], level) if pair[1] not in seen]
        if not onward or steps == depth:
            return Relatives(list(seen), frozenset(here for here, _ in onward))
        level = list(dict.fromkeys(there for _, there in onward))
        seen.update(dict.fromkeys(level))
        steps += 1
