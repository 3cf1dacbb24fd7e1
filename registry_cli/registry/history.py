"""The history of a model: each change of its line in words, and one metric over its versions."""

from __future__ import annotations

import math
from itertools import groupby
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.documents import from_microseconds
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.address import get_line
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.catalog.read.models import get_line_name
from registry_cli.catalog.read.versions import list_known_rows, list_versions
from registry_cli.dataclass import dataclass
from registry_cli.errors import NotFoundError
from registry_cli.ids import RecordId, VersionId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.journal import ChangeRow
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import EntryId, ModelName
    from registry_cli.registry.api import Registry

ARROW: Final = "→"
_METRICS: Final = "metrics."


@dataclass(frozen=True, slots=True)
class DescribedChange:
    """A change with a description such as `metrics.acc 0.93 → 0.95`."""

    row: ChangeRow
    what: str


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over the versions of a model.

    Attributes:
        points: Number and value of each version that is not removed, oldest first; None where it has no such number.
    """

    metric: str
    points: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True, slots=True)
class History:
    """The history of a model.

    Attributes:
        name: The model's present name.
        changes: Its changes: the newest entry first, in an entry the newest version first, and the changes of a version
            in the order in which they took effect.
        series: The metric over its versions; None where no version has a metric.
    """

    name: ModelName
    changes: tuple[DescribedChange, ...]
    series: Series | None


def read_history(
    registry: Registry, name: str, *, metric: str | None = None, limit: int | None = None, since: str | None = None
) -> History:
    """Return the history of a model.

    Args:
        registry: The registry.
        name: The model's name, or an earlier one.
        metric: The metric to follow, `metrics.acc` or `acc`; by default the one that most versions have.
        limit: Most entries; the newest ones are returned, each whole.
        since: The time from which changes are returned, or a duration before now such as `2d`.

    Raises:
        UsageError: `since` is no time.
        NotFoundError: There is no such model, or none of its versions has the metric.
    """
    start = find_start(since) if since else None

    def read(db: Connection) -> History:
        line = get_line(db, name)
        shown = get_line_name(db, line)
        found = (row for row in iter_changes(db, line=line, newest=True) if start is None or row.time >= start)
        rows = list(_iter_entries(found, limit))
        versions = {row.id: row for row in _list_mentioned(db, rows)}
        described = tuple(DescribedChange(row, describe_change(row, versions)) for row in rows)
        return History(shown, described, _read_series(db, line, shown, metric))

    return registry.read(read)


def find_start(since: str) -> datetime:
    """Return the first moment of a time as `--since` takes it; raise `UsageError` where it is none."""
    from registry_cli.catalog.query.literals import find_span, parse_since  # few listings need them

    return from_microseconds(find_span(parse_since(since))[0])


def _iter_entries(rows: Iterable[ChangeRow], limit: int | None) -> Iterator[ChangeRow]:
    """Yield the changes of the first `limit` entries; those of one version in one entry are turned around."""
    seen: set[EntryId] = set()
    for (entry, _), same in groupby(rows, key=lambda row: (row.entry, row.version)):
        seen.add(entry)
        if limit is not None and len(seen) > limit:
            return
        yield from list(same)[::-1]


_COLLECTED: Final = {changes.CONDEMN: "announced", changes.SWEEP: "took out of use", changes.PURGE: "deleted"}


def describe_change(row: ChangeRow, versions: Mapping[VersionId, VersionRow]) -> str:
    """Return a description of a change.

    Args:
        row: The change.
        versions: Versions that it may mention, so that they are named by number.
    """
    change: Mapping[str, Any] = row.change
    before: Mapping[str, Any] = row.before or {}
    match row.op:
        case changes.ADD_VERSION:
            version = versions.get(row.version) if row.version else None
            return _describe_new(version)
        case changes.TAG:
            signs = [*(f"+{tag}" for tag in before.get("added", ())), *(f"-{tag}" for tag in before.get("removed", ()))]
            return f"tags {' '.join(signs)}" if signs else "tags as they were"
        case changes.ALIAS:
            old, new = (_number(change.get(key), versions) for key in ("old", "version"))
            return f"alias {change['alias']} {f'{old} ' if old else ''}{ARROW} {new or 'nobody'}"
        case changes.EDIT:
            return ", ".join(_iter_edits(change, before)) or "set what was set"
        case changes.REMOVE:
            aliases = before.get("aliases", ())
            return f"removed, held {', '.join(aliases)}" if aliases else "removed"
        case changes.RENAME:
            return f"renamed {before.get('name', change['model'])} {ARROW} {change['to']}"
        case changes.DIGEST:
            return f"read {change['path']}, {_bytes(change['size'])}"
        case changes.PUBLISH | changes.ARCHIVE | changes.RESTORE:
            return {changes.PUBLISH: "published", changes.ARCHIVE: "archived", changes.RESTORE: "restored"}[row.op]
        case changes.SETTING:
            return f"{'set' if 'value' in change else 'unset'} {change['key']}"
        case changes.CONDEMN | changes.SWEEP | changes.PURGE:
            count = len(change["blobs"])
            return f"{_COLLECTED[row.op]} {count:,} unused blob{'s' if count != 1 else ''}"
        case _:
            return row.op


def _describe_new(version: VersionRow | None) -> str:
    if version is None:
        return "added"
    files = f"{len(version.files):,} files" if len(version.files) != 1 else version.files[0].path
    size = f", {_bytes(version.size)}" if version.size else ""
    parents = ", ".join(
        f"{parent.role} {'' if parent.name == version.name else parent.name}:{parent.number}"
        for parent in version.parents
    )
    return f"added {files}{size}{f'; {parents}' if parents else ''}"


def _iter_edits(change: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    old = _flat(before.get("set", {}))
    new = _flat(change.get("set", {}))
    for name in sorted({*new, *change.get("unset", ())}):
        if name == "design":
            yield f"design {'unset' if name not in new else 'changed' if name in old else 'set'}"
        elif name not in new:
            yield f"unset {name}, was {_word(old.get(name))}"
        elif name not in old:
            yield f"set {name} to {_word(new[name])}"
        elif _word(old[name]) != _word(new[name]):
            yield f"{name} {_word(old[name])} {ARROW} {_word(new[name])}"


def _flat(put: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by the names that a user edits them with: tables key by key, other fields as a whole."""
    flat = {key: value for key, value in put.items() if key not in changes.TABLES}
    for group in changes.TABLES:
        flat.update({f"{group}.{key}": value for key, value in put.get(group, {}).items()})
    return flat


def _word(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if " " in value or not value else value
        case _:
            return str(value)


def _bytes(size: int) -> str:
    return f"{size:,} byte{'' if size == 1 else 's'}"


def _number(version: object, versions: Mapping[VersionId, VersionRow]) -> str:
    found = versions.get(VersionId(RecordId(str(version))))
    return f":{found.number}" if found else str(version or "")[:12]


def _list_mentioned(db: Connection, rows: Sequence[ChangeRow]) -> list[VersionRow]:
    """Return the versions that changes mention."""
    ids = {str(one) for row in rows for one in (row.version, row.change.get("old")) if one}
    return list_versions(db, list_known_rows(db, [VersionId(RecordId(one)) for one in ids]))


def _read_series(db: Connection, line: int, name: str, metric: str | None) -> Series | None:
    from registry_cli.catalog.read.metrics import list_metrics, list_points  # events need no series

    known = list_metrics(db, line)
    if metric is None and not known:
        return None
    wanted = known[0] if metric is None else _METRICS + metric.removeprefix(_METRICS)
    if wanted not in known:
        if not known:
            raise NotFoundError(
                f"no version of {name} has {wanted}: `reg model edit` sets it", hint="reg model edit --help"
            )
        others, first = ", ".join(known), f"{quote(name)} --metric {quote(known[0])}"
        raise NotFoundError(f"no version of {name} has {wanted}: there is {others}", hint=f"reg model history {first}")
    points = list_points(db, line, wanted)
    return Series(wanted, tuple((number, value if _is_finite(value) else None) for number, value in points))


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
