"""The changes that a log entry may hold, as they are stored: one constructor each, and no other code builds one.

The fold decides what a change does; `rules.py` decides when it is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from registry_cli.ids import AliasName, BlobHash, ModelName, RecordId, TagName, TaskId, VersionId
    from registry_cli.records.values import Value

Change: TypeAlias = Mapping[str, object]

ADD_VERSION: Final = "add-version"
TAG: Final = "tag"
ALIAS: Final = "alias"
EDIT: Final = "edit"
PUBLISH: Final = "publish"
ARCHIVE: Final = "archive"
RESTORE: Final = "restore"
REMOVE: Final = "remove"
RENAME: Final = "rename"
DIGEST: Final = "digest"
SETTING: Final = "setting"
CONDEMN: Final = "condemn"
SWEEP: Final = "sweep"
PURGE: Final = "purge"
TASK: Final = "task"

Stage = Literal["draft", "edit", "start", "end", "archive", "restore", "remove"]
"""The stages of a `task` change: a draft is made; its record is replaced; an attempt starts, ends; the task is hidden,
shown again, removed."""
RECORDED: Final[tuple[Stage, ...]] = ("draft", "edit", "start", "end")
"""The stages that carry a record."""

COLLECTION: Final = (CONDEMN, SWEEP, PURGE)
"""The operations of a collector, in their order: blobs are announced, moved to the trash, deleted there."""
OPS: Final = dict.fromkeys(
    (ADD_VERSION, TAG, ALIAS, EDIT, PUBLISH, ARCHIVE, RESTORE, REMOVE, RENAME, DIGEST, SETTING, TASK, *COLLECTION), 1
)
"""The operations, each with the version of the rules that a reader must know to apply it. A new operation gets the next
number; so does one whose meaning changes."""
RULES: Final = max(OPS.values())
"""The newest version of the rules; an entry with a greater one makes the registry read-only for this program."""

SEALED: Final = ("framework", "labels", "design")
"""The fields that `edit` may change in a draft only."""
OPEN: Final = ("comment", "metadata", "metrics")
"""The fields that `edit` may always change."""
TABLES: Final = ("labels", "metadata", "metrics")
"""The fields that `edit` sets key by key."""


def add_version(version: VersionId, model: ModelName) -> Change:
    """Give a version the next number of the line `model`."""
    return {"op": ADD_VERSION, "version": version, "model": model}


def tag(version: VersionId, *, add: Iterable[TagName] = (), remove: Iterable[TagName] = ()) -> Change:
    """Add and remove tags."""
    return _present({"op": TAG, "version": version, "add": sorted(set(add)), "remove": sorted(set(remove))})


def alias(name: AliasName, *, version: VersionId | None, old: VersionId | None, back: bool = False) -> Change:
    """Move an alias from `old` to `version`, both of one line; None means that no version holds it.

    `back` says that the move undoes the one before it: the next undo goes further back.
    """
    return _present({"op": ALIAS, "alias": name, "version": version, "old": old, "back": back or None})


def edit(version: VersionId, *, put: Mapping[str, object], unset: Iterable[str] = ()) -> Change:
    """Set and unset fields.

    Args:
        version: The version.
        put: New values: `framework`, `comment` and `design` as a whole; `labels`, `metadata` and `metrics` as tables of
            the keys that are set.
        unset: Names such as `comment` or `metadata.owner`.
    """
    return _present({"op": EDIT, "version": version, "set": dict(put), "unset": sorted(set(unset))})


def publish(version: VersionId, publication: RecordId) -> Change:
    """Seal a version by its publication."""
    return {"op": PUBLISH, "version": version, "publication": publication}


def archive(version: VersionId) -> Change:
    """Hide a version."""
    return {"op": ARCHIVE, "version": version}


def restore(version: VersionId) -> Change:
    """Show an archived or removed version again."""
    return {"op": RESTORE, "version": version}


def remove(version: VersionId, *, force: bool = False) -> Change:
    """Remove a version; `force` is needed where it is published, aliased or a parent."""
    return {"op": REMOVE, "version": version, **({"force": True} if force else {})}


def rename(model: ModelName, to: ModelName) -> Change:
    """Give a line another name; the old name still resolves to it for ever."""
    return {"op": RENAME, "model": model, "to": to}


def digest(version: VersionId, path: str, *, size: int, sha256: str, xxh3: str) -> Change:
    """Record the digests of an external file when it was first read; `size` in bytes."""
    return {"op": DIGEST, "version": version, "path": path, "size": size, "sha256": sha256, "xxh3": xxh3}


def setting(key: str, value: Value | None) -> Change:
    """Set a setting of the registry, or unset it."""
    return {"op": SETTING, "key": key, **({} if value is None else {"value": value})}


def collect(stage: str, blobs: Iterable[BlobHash]) -> Change:
    """Move unused blobs to a stage of `COLLECTION`."""
    return {"op": stage, "blobs": sorted(set(blobs))}


def task(task: TaskId, stage: Stage, *, record: RecordId | None = None, old: RecordId | None = None) -> Change:
    """Move a task to a stage.

    Args:
        task: The task.
        stage: The stage.
        record: The task's new record, for the stages in `RECORDED`; it replaces the one before.
        old: The record that an edit is based on.
    """
    return _present({"op": TASK, "task": task, "stage": stage, "record": record, "old": old})


def compute_rules(changes: Iterable[Change]) -> int:
    """Return the lowest version of the rules that a reader must know to apply all of `changes`.

    An entry carries this version and not the newest: an upgraded colleague makes the registry read-only for the others
    only by a change that their programs cannot apply.
    """
    return max((OPS[str(change["op"])] for change in changes), default=1)


def _present(change: dict[str, object]) -> Change:
    return {key: value for key, value in change.items() if value is not None and value not in ([], {})}
