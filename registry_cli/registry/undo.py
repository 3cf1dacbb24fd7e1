"""Undoes an entry: appends the inverse of each of its changes. Nothing is removed from the log."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

from registry_cli.catalog.connection import iter_batches
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.entries import iter_first_changes, list_by_prefix
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.catalog.read.versions import find_row, get_version
from registry_cli.dataclass import dataclass
from registry_cli.errors import NotFoundError, RefusedError
from registry_cli.ids import AliasName, ModelName, RecordId, TaskId, VersionId
from registry_cli.records.task_codec import load_task
from registry_cli.registry.hold_bytes import need_blob, need_files, need_version
from registry_cli.registry.task_lifecycle import need_task
from registry_cli.registry.transaction import transact
from registry_cli.store.blobs import get_record
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.journal import ChangeRow
    from registry_cli.ids import EntryId
    from registry_cli.registry.api import Registry

UNDOES = "undoes"
"""Key in an inverse change: the entry that it undoes."""


@dataclass(frozen=True, slots=True)
class Passed:
    """An entry that was passed over, since it cannot be undone: the version or task it is about, and the reason."""

    entry: EntryId
    ref: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Undone:
    """The changes of the entry that was undone, and the newer entries that were passed over, newest first."""

    changes: list[ChangeRow]
    passed: list[Passed]


def undo_entry(registry: Registry, entry: str | None = None, *, message: str | None = None) -> Undone:
    """Undo an entry.

    Args:
        registry: The registry.
        entry: Id of the entry, or a unique prefix; by default the newest that had an effect, can be undone, is no undo
            itself and is not undone yet.
        message: Reason, for the log.

    Raises:
        NotFoundError: There is no such entry, or nothing to undo.
        RefusedError: The entry cannot be undone, or its results are in use by now.
    """
    undone = Undone([], [])

    def plan() -> list[Change]:
        undone.passed.clear()
        found = _get_entry(registry, entry) if entry else registry.read(lambda db: _get_newest(db, undone.passed))
        undone.changes[:] = registry.read(lambda db: list(iter_changes(db, entry=found)))
        wanted: list[Change] = [{**inverse, UNDOES: found} for inverse in _list_inverses(undone.changes)]
        _need_versions(
            registry, staging, [_id(change["version"]) for change in wanted if change["op"] == changes.RESTORE]
        )
        for change in wanted:
            _need_bytes(registry, staging, change)
        return wanted

    with Staging(registry.layout) as staging:
        transact(registry, plan, message=message, staging=staging)
    return undone


def _need_versions(registry: Registry, staging: Staging, versions: Sequence[VersionId]) -> None:
    """Hold the bytes of versions that are to be restored, looked up in batches."""
    for some in iter_batches(versions):
        for row in registry.list_rows(some):
            need_version(registry, staging, row)


def _need_bytes(registry: Registry, staging: Staging, change: Mapping[str, Any]) -> None:
    """Hold the bytes of a task or a design that a change brings into use again."""
    if change["op"] == changes.TASK and change["stage"] == "restore":
        need_task(registry, staging, change["task"])
    if change["op"] == changes.TASK and change["stage"] == "edit":
        task = load_task(get_record(registry.layout, change["record"]), f"the record of task {change['task']}")
        need_files(registry, staging, task.files, f"task {task.name}")
    design = change.get("set", {}).get("design", {})
    if "sha256" in design:
        need_blob(registry, staging, design["sha256"], "the design that was replaced")


def _get_entry(registry: Registry, prefix: str) -> EntryId:
    wanted = prefix.partition("/")[0].upper()
    found = registry.read(lambda db: list_by_prefix(db, wanted, 2))
    if len(found) != 1:
        raise NotFoundError(f"{'no' if not found else 'more than one'} entry starts with `{prefix}`", hint="reg events")
    return found[0]


def _get_newest(db: Connection, passed: list[Passed]) -> EntryId:
    """Return the newest entry that can be undone and is not undone yet; add the newer others to `passed`."""
    undone: set[object] = set()
    for entry, change in iter_first_changes(db):
        if UNDOES in change:
            undone.add(change[UNDOES])
        elif entry not in undone and change["op"] not in changes.COLLECTION:  # a collection is housekeeping
            rows = list(iter_changes(db, entry=entry))
            try:
                _list_inverses(rows)
                _check_drafts(db, rows)
            except RefusedError as error:
                passed.append(Passed(entry, rows[0].ref, error.message))
            else:
                return entry
    number = len(passed)
    others = f": {number:,} {'entry' if number == 1 else 'entries'} cannot be undone" if passed else ""
    raise NotFoundError(f"nothing to undo{others}", hint="reg events")


def _check_drafts(db: Connection, rows: Sequence[ChangeRow]) -> None:
    """Check that no version that an entry added is published by now: undoing the entry would remove it.

    Raises:
        RefusedError: One is published.
    """
    for row in rows:
        at = find_row(db, row.version) if row.op == changes.ADD_VERSION and row.version else None
        if at is not None and get_version(db, at).published:
            raise RefusedError(f"{row.ref} is published")


def _list_inverses(rows: Sequence[ChangeRow]) -> list[Change]:
    """Return the changes that undo those of an entry, the last one first.

    Raises:
        RefusedError: One of them cannot be undone.
    """
    return [inverse for row in reversed(rows) for inverse in _inverses(row)]


def _inverses(row: ChangeRow) -> list[Change]:
    before: Mapping[str, Any] = row.before or {}
    version = row.version
    if row.void is not None:
        raise RefusedError(f"entry {row.entry} had no effect: {row.void}", hint="reg events")
    if row.op == changes.SETTING:
        return [changes.setting(str(row.change["key"]), before.get("value"))]
    if row.op == changes.RENAME:
        return [changes.rename(ModelName(str(row.change["to"])), ModelName(before["name"]))]
    if row.op == changes.ALIAS:
        held = row.change.get("version")
        return [
            changes.alias(
                AliasName(str(row.change["alias"])), version=before.get("old"), old=_id(held) if held else None
            )
        ]
    if row.op == changes.TASK:
        return [_task_inverse(row.change, before)]
    if version is None or row.op in {changes.PUBLISH, changes.DIGEST}:
        if row.op == changes.PUBLISH:
            derive = f"reg model derive {quote(str(row.ref))}"
            raise RefusedError("`publish` cannot be undone: a new draft can continue from it", hint=derive)
        raise RefusedError(f"`{row.op}` cannot be undone", hint="reg events")
    return _version_inverses(row, version, before)


def _version_inverses(row: ChangeRow, version: VersionId, before: Mapping[str, Any]) -> list[Change]:
    if row.op == changes.ADD_VERSION:
        return [changes.remove(version)]
    if row.op == changes.TAG:
        return [changes.tag(version, add=before["removed"], remove=before["added"])]
    if row.op == changes.EDIT:
        return [changes.edit(version, put=before["set"], unset=before["unset"])]
    if row.op == changes.ARCHIVE:
        return [changes.restore(version)]
    if row.op == changes.RESTORE:
        return [changes.remove(version) if before["ended"] == "removed" else changes.archive(version)]
    if row.op == changes.REMOVE:
        held = [changes.alias(AliasName(name), version=version, old=None) for name in before["aliases"]]
        return [changes.restore(version), *held]
    raise RefusedError(f"`{row.op}` cannot be undone")


def _task_inverse(change: Mapping[str, Any], before: Mapping[str, Any]) -> Change:
    task, stage = TaskId(change["task"]), change["stage"]
    if stage in {"start", "end"}:
        raise RefusedError("what has run cannot be undone", hint=f"reg task remove {task}")
    if stage == "edit":
        return changes.task(task, "edit", record=RecordId(before["record"]), old=RecordId(change["record"]))
    if stage == "draft" or (stage == "restore" and before["ended"] == "removed"):
        return changes.task(task, "remove")
    return changes.task(task, "archive" if stage == "restore" else "restore")


def _id(text: object) -> VersionId:
    return VersionId(RecordId(str(text)))
