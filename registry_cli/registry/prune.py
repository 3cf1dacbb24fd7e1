"""Pruning: removes the versions that a query or a task names and no retention rule keeps.

It never removes a version that is published, holds an alias, has the tag `keep`, or is a parent of one that stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.address import get_line
from registry_cli.catalog.read.uses import iter_live_uses, read_own_blobs
from registry_cli.catalog.read.versions import find_row, find_version, list_children, list_live, list_versions
from registry_cli.dataclass import dataclass
from registry_cli.ids import KEEP_TAG
from registry_cli.registry.query import find_versions
from registry_cli.registry.retention import Rule, find_keepers
from registry_cli.registry.transaction import transact
from registry_cli.store.disk_reserve import with_room

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a version; `kept` is the reason why it stays, None where it is removed."""

    version: VersionRow
    kept: str | None


@dataclass(frozen=True, slots=True)
class Pruning:
    """The plan of a pruning.

    Attributes:
        verdicts: One for each version that the query names, by model, newest first.
        freed: Bytes of the blobs that only the removed versions hold.
    """

    verdicts: tuple[Verdict, ...]
    freed: int

    @property
    def removed(self) -> list[VersionRow]:
        """The versions that are removed."""
        return [verdict.version for verdict in self.verdicts if verdict.kept is None]

    @property
    def kept(self) -> list[VersionRow]:
        """The versions that stay."""
        return [verdict.version for verdict in self.verdicts if verdict.kept is not None]


def plan_prune(registry: Registry, expr: str, rules: Sequence[Rule]) -> Pruning:
    """Return the plan of a pruning, without removing anything.

    Rules count over all versions of a model that are live, or that the query names: with `last 5` the five newest
    stay, whichever of them the query names.

    Args:
        registry: The registry.
        expr: Query for the versions that may be removed; all live ones where empty.
        rules: Rules for those that stay.

    Raises:
        UsageError: The query cannot be parsed.
    """
    verdicts = _judge(registry, find_versions(registry, expr), rules)
    gone = [verdict.version for verdict in verdicts if verdict.kept is None]
    return Pruning(tuple(verdicts), registry.read(lambda db: _count_own_bytes(db, gone)))


def prune_versions(
    registry: Registry, expr: str, rules: Sequence[Rule], *, only: Collection[VersionId], message: str | None = None
) -> list[VersionRow]:
    """Remove versions in one entry and return them.

    Args:
        registry: The registry.
        expr: Query for the versions that may be removed.
        rules: Rules for those that stay.
        only: Versions that the user saw and agreed to; no other is removed, even if the registry has changed since.
        message: Reason, for the log.
    """
    return _remove(
        registry,
        message,
        lambda: _judge(registry, [row for row in find_versions(registry, expr) if row.id in only], rules),
    )


def prune_among(
    registry: Registry, ids: Collection[VersionId], rules: Sequence[Rule], *, message: str | None = None
) -> list[VersionRow]:
    """Remove those of the given versions that no rule keeps, in one entry, and return them.

    Args:
        registry: The registry.
        ids: Versions that may be removed; rules count over these alone, per model. Removed and unknown ones are
            skipped.
        rules: Rules for those that stay.
        message: Reason, for the log.
    """

    def judge() -> list[Verdict]:
        return _judge(registry, registry.read(lambda db: _list_live(db, ids)), rules, among=True)

    return _remove(registry, message, judge)


def _remove(registry: Registry, message: str | None, judge: Callable[[], list[Verdict]]) -> list[VersionRow]:
    """Remove the versions that no verdict keeps in one entry; `judge` runs again where another writer was first."""
    gone: list[VersionRow] = []

    def plan() -> list[Change]:
        gone[:] = [verdict.version for verdict in judge() if verdict.kept is None]
        return [changes.remove(row.id) for row in registry.read(lambda db: _children_first(db, gone))]

    with_room(registry.layout, lambda: transact(registry, plan, message=message))
    return gone


def _list_live(db: Connection, ids: Collection[VersionId]) -> list[VersionRow]:
    rows = [row for version in ids if (row := find_row(db, version)) is not None]
    return [version for version in list_versions(db, rows) if not version.removed]


def _judge(
    registry: Registry, named: Sequence[VersionRow], rules: Sequence[Rule], *, among: bool = False
) -> list[Verdict]:
    """Return the verdicts on `named`; the rules count over other versions of each line too unless `among` is true."""
    lines: dict[str, list[VersionRow]] = {}
    for row in named:
        lines.setdefault(row.name, []).append(row)

    def read(db: Connection) -> dict[VersionId, str]:
        kept: dict[VersionId, str] = {}
        for name, rows in lines.items():
            kept.update(find_keepers(rules, rows if among else _with_line(db, name, rows)))
        return _add_always(db, named, kept)

    reasons = registry.read(read)
    order = sorted(named, key=lambda row: (row.name.casefold(), -row.number))
    return [Verdict(row, reasons.get(row.id)) for row in order]


def _with_line(db: Connection, name: str, named: Sequence[VersionRow]) -> list[VersionRow]:
    """Return the versions of a line that are live or named, oldest first; the named ones are not read again."""
    ids = {row.id for row in named}
    found = list_live(db, get_line(db, name))
    others = list_versions(db, [row for row, version in found if version not in ids])
    return sorted([*named, *others], key=lambda row: row.number)


def _add_always(db: Connection, named: Sequence[VersionRow], kept: dict[VersionId, str]) -> dict[VersionId, str]:
    """Return the reason why each version stays, with those added that are never removed."""
    reasons: dict[VersionId, str] = {}
    gone: set[VersionId] = set()
    for row in _children_first(db, named):
        reason = kept.get(row.id) or _held_by(row)
        if reason is None:
            reason = next((f"parent of {_ref(db, child)}" for _, child in list_children(db, row.id)
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


def _children_first(db: Connection, rows: Sequence[VersionRow]) -> list[VersionRow]:
    """Return versions newest first by their place in the index: a parent is always older than its child."""
    return sorted(rows, key=lambda row: find_row(db, row.id) or 0, reverse=True)


def _ref(db: Connection, version: VersionId) -> str:
    row = find_version(db, version)
    return row.ref if row is not None else version[:12]


def _count_own_bytes(db: Connection, gone: Sequence[VersionRow]) -> int:
    """Return the bytes of the blobs that only these versions use, and no task; a blob used twice counts once."""
    ids = {row.id for row in gone}
    sizes = read_own_blobs(db, list(ids))
    shared = {blob for user, blob in iter_live_uses(db, list(sizes)) if user not in ids}
    return sum(size for blob, size in sizes.items() if blob not in shared)
