"""Pruning: removes the versions that a query or a task names and no retention rule keeps.

Never removed: what is published, holds an alias, carries the tag `keep`, or is a parent of a version that stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.address import get_line
from registry_cli.ids import KEEP_TAG
from registry_cli.registry.query import find_versions
from registry_cli.registry.retention import Rule, find_keepers
from registry_cli.registry.transaction import transact
from registry_cli.store.disk_reserve import with_room

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator, Sequence

    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a version; `kept` says why it stays and is None where it goes."""

    version: VersionRow
    kept: str | None


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a pruning does.

    Attributes:
        verdicts: One for each version that the query names, by model, newest first.
        freed: Bytes of the blobs that only the removed versions hold.
    """

    verdicts: tuple[Verdict, ...]
    freed: int

    @property
    def removed(self) -> list[VersionRow]:
        """The versions that go."""
        return [verdict.version for verdict in self.verdicts if verdict.kept is None]

    @property
    def kept(self) -> list[VersionRow]:
        """The versions that stay."""
        return [verdict.version for verdict in self.verdicts if verdict.kept is not None]


def plan_prune(registry: Registry, expr: str, rules: Sequence[Rule]) -> Pruning:
    """Return what pruning would remove.

    Rules count over all versions of a model that are live, or that the query names: with `last 5` the five newest
    stay, whichever of them the query names.

    Args:
        registry: Where.
        expr: Which versions may go; all live ones where empty.
        rules: Which of them stay.

    Raises:
        UsageError: The query cannot be read.
    """
    verdicts = _judge(registry, find_versions(registry, expr), rules)
    gone = [verdict.version for verdict in verdicts if verdict.kept is None]
    return Pruning(tuple(verdicts), _count_own_bytes(registry.db, gone))


def prune_versions(
    registry: Registry, expr: str, rules: Sequence[Rule], *, only: Collection[VersionId], message: str | None = None
) -> list[VersionRow]:
    """Remove versions in one entry and return them.

    Args:
        registry: Where.
        expr: Which versions may go.
        rules: Which of them stay.
        only: What the user saw and agreed to; nothing else goes, though the registry has changed since.
        message: Why, for the log.
    """
    return _remove(
        registry,
        message,
        lambda: _judge(registry, [row for row in find_versions(registry, expr) if row.id in only], rules),
    )


def prune_among(
    registry: Registry, ids: Collection[VersionId], rules: Sequence[Rule], *, message: str | None = None
) -> list[VersionRow]:
    """Remove those of some versions that no rule keeps, in one entry, and return them.

    Args:
        registry: Where.
        ids: Versions that may go; rules count over these alone, per model. What is removed or unknown is left out.
        rules: Which of them stay.
        message: Why, for the log.
    """
    return _remove(registry, message, lambda: _judge(registry, _list_live(registry.db, ids), rules, among=True))


def _remove(registry: Registry, message: str | None, judge: Callable[[], list[Verdict]]) -> list[VersionRow]:
    """Remove in one entry what goes by the verdicts, asked for again where another writer was first."""
    gone: list[VersionRow] = []

    def plan() -> list[Change]:
        gone[:] = [verdict.version for verdict in judge() if verdict.kept is None]
        return [changes.remove(row.id) for row in _children_first(registry.db, gone)]

    with_room(registry.layout, lambda: transact(registry, plan, message=message))
    return gone


def _list_live(db: sqlite3.Connection, ids: Collection[VersionId]) -> list[VersionRow]:
    rows = [row for version in ids if (row := versions.find_row(db, version)) is not None]
    return [version for version in versions.list_versions(db, rows) if not version.removed]


def _judge(
    registry: Registry, named: Sequence[VersionRow], rules: Sequence[Rule], *, among: bool = False
) -> list[Verdict]:
    """Return what becomes of `named`; the rules count over the rest of each line too, unless `among` them alone."""
    lines: dict[str, list[VersionRow]] = {}
    for row in named:
        lines.setdefault(row.name, []).append(row)
    kept: dict[VersionId, str] = {}
    for name, rows in lines.items():
        kept.update(find_keepers(rules, rows if among else _with_line(registry.db, name, rows)))
    reasons = _add_always(registry.db, named, kept)
    order = sorted(named, key=lambda row: (row.name.casefold(), -row.number))
    return [Verdict(row, reasons.get(row.id)) for row in order]


def _with_line(db: sqlite3.Connection, name: str, named: Sequence[VersionRow]) -> list[VersionRow]:
    """Return the versions of a line that are live or named, oldest first; what is known is not read again."""
    ids = {row.id for row in named}
    found = db.execute(
        "SELECT row, id FROM versions WHERE line = ? AND NOT removed AND NOT archived", (get_line(db, name),)
    )
    others = versions.list_versions(db, [row for row, version in found if version not in ids])
    return sorted([*named, *others], key=lambda row: row.number)


def _add_always(
    db: sqlite3.Connection, named: Sequence[VersionRow], kept: dict[VersionId, str]
) -> dict[VersionId, str]:
    """Return why each version stays, those that no rule may give up added."""
    reasons: dict[VersionId, str] = {}
    gone: set[VersionId] = set()
    for row in _children_first(db, named):
        reason = kept.get(row.id) or _held_by(row)
        if reason is None:
            reason = next((f"parent of {_ref(db, child)}" for _, child in versions.list_children(db, row.id)
                           if child not in gone), None)  # fmt: skip
        if reason is None:
            gone.add(row.id)
        else:
            reasons[row.id] = reason
    return reasons


def _held_by(row: VersionRow) -> str | None:
    if row.published:
        return "published"
    if row.aliases:
        return f"alias {row.aliases[0]}"
    return f"tag {KEEP_TAG}" if KEEP_TAG in row.tags else None


def _children_first(db: sqlite3.Connection, rows: Sequence[VersionRow]) -> list[VersionRow]:
    """Return versions newest first by their place in the index: a parent is always older than its child."""
    return sorted(rows, key=lambda row: versions.find_row(db, row.id) or 0, reverse=True)


def _ref(db: sqlite3.Connection, version: VersionId) -> str:
    row = versions.find_row(db, version)
    return versions.get_version(db, row).ref if row is not None else version[:12]


def _count_own_bytes(db: sqlite3.Connection, gone: Sequence[VersionRow]) -> int:
    """Return the bytes of the blobs that no task, and no version but these, holds; one used twice counts once."""
    ids = {row.id for row in gone}
    sizes = {sha256: size for _, sha256, size in _iter_uses(db, "v.id", list(ids))}
    shared = {sha256 for user, sha256, _ in _iter_uses(db, "u.sha256", list(sizes)) if user not in ids}
    return sum(size for sha256, size in sizes.items() if sha256 not in shared)


def _iter_uses(db: sqlite3.Connection, column: str, values: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield user, digest and size of what live versions and tasks use, where `column` is one of `values`."""
    for at in range(0, len(values), versions.BATCH):
        batch = values[at : at + versions.BATCH]
        yield from db.execute(
            "SELECT coalesce(v.id, t.id), u.sha256, u.size FROM uses u LEFT JOIN versions v ON v.row = u.version"
            f" LEFT JOIN tasks t ON t.row = u.task WHERE {column} IN ({','.join('?' * len(batch))})"
            " AND coalesce(v.removed, t.removed) = 0",
            batch,
        )
