"""Versions, models, changes and settings as plain dicts, each of which feeds tables, JSON, CSV and ids alike.

Keys may be added and are never renamed. Knows no command, no terminal and no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from registry_cli.errors import UsageError
from registry_cli.ids import is_hex
from registry_cli.views.text import lookup, pick

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.catalog.read.journal import ChangeRow
    from registry_cli.catalog.read.models import ModelRow
    from registry_cli.catalog.read.rows import User, VersionRow
    from registry_cli.records.parts import Design
    from registry_cli.registry.configure import Configured
    from registry_cli.registry.du import Area, Share
    from registry_cli.registry.history import DescribedChange
    from registry_cli.registry.status import Status
    from registry_cli.registry.trust import Trusted
    from registry_cli.store.trash import Trashed

View = dict[str, object]

_VERSION: Final = (
    "id", "name", "project", "number", "framework", "author", "created", "message", "step", "task", "size", "tags",
    "aliases", "metadata", "metrics", "params", "labels", "published", "archived",
)  # fmt: skip
_FILE: Final = ("path", "size", "xxh3", "sha256", "media", "url")
_PARENT: Final = ("id", "role", "name", "number")


def view_versions(rows: Iterable[VersionRow]) -> list[View]:
    """Return versions as plain dicts, each as `view_version` returns it."""
    return [view_version(row) for row in rows]


def view_version(row: VersionRow) -> View:
    """Return a version in the form that all JSON output has; `url` is None unless it has exactly one external file."""
    urls = [file.url for file in row.files if file.url]
    return {
        **pick(row, _VERSION),
        "tags": list(row.tags),
        "aliases": list(row.aliases),
        "files": [pick(file, _FILE) for file in row.files],
        "parents": [pick(parent, _PARENT) for parent in row.parents],
        "url": urls[0] if len(urls) == 1 else None,
        "design": _view_design(row.design),
        "number_provisional": False,
        **pick(row, ("publication", "comment", "removed", "interface", "ref", "attempt")),
    }


def view_trashed(trashed: Trashed, period: float, users: Sequence[User]) -> View:
    """Return a file of the trash; `versions` are those that name its bytes.

    `until` is the time from which a collection may delete it; None for a damaged file, which waits for intact bytes.
    """
    until = datetime.fromtimestamp(trashed.since + period, UTC) if trashed.reason == "swept" else None
    return {
        "id": trashed.blob or name_file(trashed.home),
        "size": trashed.size,
        "reason": trashed.reason,
        "since": datetime.fromtimestamp(trashed.since, UTC),
        "until": until,
        "versions": [user.ref for user in users],
        "path": str(trashed.path),
    }


def name_file(path: Path) -> str:
    """Return the short name of a file of a registry: the id of a blob or record, the slot of an entry."""
    area = path.parents[1].name if is_hex(path.parent.name) else None
    if area in {"blobs", "records"}:
        return path.parent.name + path.name.partition(".")[0]
    return path.name.partition(".")[0] if area == "log" else path.name


def view_restored(trashed: Trashed, users: Sequence[User]) -> View:
    """Return a blob that was brought back from the trash; `versions` are those that name its bytes."""
    return {
        "ref": str(trashed.home),
        "id": trashed.blob,
        "size": trashed.size,
        "versions": [user.ref for user in users],
    }


def view_model(row: ModelRow) -> View:
    """Return a model; `aliases` maps each alias to the number of the version that holds it."""
    fields = pick(row, ("name", "versions", "latest", "aliases", "published", "size", "updated"))
    return {**fields, "aliases": dict(row.aliases)}


def view_change(described: DescribedChange) -> View:
    """Return a change of the log; `what` describes its effect in words."""
    return {
        **pick(described.row, ("event", "entry", "seq", "time", "author", "tool", "op", "version", "ref")),
        "what": described.what,
        **pick(described.row, ("message", "change", "before", "void")),
    }


def view_setting(found: Configured) -> View:
    """Return a setting; `origin` names the source of its value."""
    return pick(found, ("key", "value", "origin", "summary"))


def view_trusted(trusted: Trusted) -> View:
    """Return a registry that the user trusts; `state` says whether it is still there."""
    return pick(trusted, ("path", "id", "state"))


def view_status(status: Status) -> View:
    """Return the state of a registry; sizes in bytes."""
    return {
        "path": str(status.path),
        **pick(status, ("id", "models", "versions", "published", "archived", "size")),
        **({} if status.here is None else {"here": status.here}),
        "head": {"seq": status.seq, "entry": status.entry, "time": status.time},
        "void": status.void,
        "lost": status.lost,
        "index": str(status.index) if status.index else None,
        "writable": status.refusal is None,
        "refusal": status.refusal,
        "author": status.author,
    }


def view_area(area: Area) -> View:
    """Return an area of a registry's folder; `bytes` is the length of its files, `disk` the size of their blocks."""
    return {"area": area.name, **pick(area, ("files", "bytes", "disk", "summary"))}


def view_share(share: Share) -> View:
    """Return the disk usage of a model, project or task; sizes in bytes."""
    return pick(share, ("name", "versions", "size", "own", "shared"))


def view_moves(moves: Sequence[ChangeRow], versions: Sequence[VersionRow]) -> list[View]:
    """Return the moves of aliases, those that are still in force first.

    Args:
        moves: Moves of aliases, newest first.
        versions: Every version that a move names.
    """
    known = {row.id: row for row in versions}
    newest = {str(move.change["alias"]): move.event for move in reversed(moves)}
    rows: list[View] = []
    for move in moves:
        alias = str(move.change["alias"])
        to, old = (known.get(move.change.get(key)) for key in ("version", "old"))  # type: ignore[call-overload]  # ids
        current = newest[alias] == move.event and to is not None and alias in to.aliases
        rows.append({
            "alias": alias, "current": current, "to": to and to.ref, "from": old and old.ref,
            "time": move.time, "author": move.author, "message": move.message, "event": move.event,
        })  # fmt: skip
    return sorted(rows, key=lambda row: not row["current"])


def sort_rows(rows: Sequence[View], sort: str | None) -> list[View]:
    """Return rows sorted by comma-separated fields, descending after a `-`; rows without a field come last.

    Raises:
        UsageError: Rows have no such field.
    """
    ordered = list(rows)
    for word in reversed((sort or "").split(",") if sort and rows else []):
        field = word.strip().removeprefix("-")
        if field not in rows[0]:
            from registry_cli.near import did_you_mean, list_near  # only a mistake needs it

            known = did_you_mean(list_near(field, rows[0])) or f": fields are {', '.join(rows[0])}"
            raise UsageError(f"no field `{field}` to sort by{known}")
        having = [row for row in ordered if lookup(row, field) is not None]
        having.sort(key=lambda row: _sort_key(lookup(row, field)), reverse=word.strip().startswith("-"))
        ordered = having + [row for row in ordered if lookup(row, field) is None]
    return ordered


def _sort_key(value: object) -> Any:
    return str(value).casefold() if isinstance(value, (str, Mapping)) else value


def _view_design(design: Design | None) -> View | None:
    if design is None:
        return None
    size = len(design.text.encode()) if design.text is not None else design.size
    return {"media": design.media, "size": size, "text": design.text, "sha256": design.sha256}
