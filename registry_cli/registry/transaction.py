"""Transactions: a command is one entry, planned on the newest catalog and planned again if another writer is first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from registry_cli import clock
from registry_cli._version import __version__
from registry_cli.catalog.fold.changes import ALIAS, REMOVE, Change, compute_rules
from registry_cli.catalog.index.index import OutrunError
from registry_cli.errors import RefusedError
from registry_cli.ids import EntryId, RecordId, VersionId, new_ulid
from registry_cli.records.codec import dump_entry
from registry_cli.records.entry import Entry
from registry_cli.store.file_locks import open_writer_lock
from registry_cli.store.files import SMALL
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry

Planner = Callable[[], Sequence[Change]]
"""Reads the present catalog and returns the changes to make; called again when the catalog has changed."""


def transact(
    registry: Registry, plan: Planner, *, message: str | None = None, staging: Staging | None = None
) -> Entry | None:
    """Commit the changes of `plan`, however many, as one entry, and return it; None where there are no changes.

    Args:
        registry: The registry.
        plan: Returns the changes.
        message: Reason, for the log.
        staging: Blobs and records that the changes name.

    Raises:
        RefusedError: A change breaks a rule, a gate refuses it, or the entry is too large for readers; nothing has
            been changed.
    """
    registry.check_writable()
    with ExitStack() as stack:
        staged = staging or stack.enter_context(Staging(registry.layout))
        staged.install()  # most of the bytes, before other writers have to wait for us
        stack.enter_context(open_writer_lock(registry.layout))
        while True:
            registry.index.sync()
            wanted = registry.read(lambda _db: plan())
            if not wanted:
                return None
            head = registry.index.head
            entry = make_entry(head.seq + 1, head.digest, registry.author, wanted, message)
            if _commit(registry, staged, entry):
                return entry


def _commit(registry: Registry, staging: Staging, entry: Entry) -> bool:
    """Append one entry to the log; return False where another writer has its slot."""
    try:
        void = registry.index.rehearse(entry)
    except OutrunError:
        return False
    if void:
        raise RefusedError(void, hint=_find_way(registry, entry, void))
    for gate in registry.gates:
        gate.check(registry, entry)
    data = _dump(entry)
    file = staging.write_entry(data)
    staging.install()
    if not registry.log.append(entry.seq, file, data):
        return False
    staging.restore_lost()
    registry.index.append(entry, data)
    for listener in registry.listeners:
        listener.notify(registry, entry)
    return True


def _find_way(registry: Registry, entry: Entry, void: str) -> str:
    """Return the command to try after an entry was refused: by force, or once hidden versions are restored."""
    from shlex import join

    if "--force" in void:
        removed = _list_named(registry, [change for change in entry.changes if change["op"] == REMOVE])
        return f"reg model remove {join(row.ref for row in removed)} --force -m 'why'"
    refused = _list_named(registry, [change for change in entry.changes if change["op"] == ALIAS])
    hidden = [row.ref for row in refused if row.archived or row.removed]
    return f"reg model restore {join(hidden)}" if hidden else "reg help lifecycle"


def _list_named(registry: Registry, wanted: Sequence[Change]) -> list[VersionRow]:
    """Return the versions that changes of an entry are about, as far as they exist."""
    from registry_cli.catalog.read.versions import find_row, list_versions

    named = [VersionId(RecordId(str(change["version"]))) for change in wanted if "version" in change]

    def find(db: Connection) -> list[VersionRow]:
        rows = [find_row(db, version) for version in named]
        return list_versions(db, [row for row in rows if row is not None])

    return registry.read(find)


def _dump(entry: Entry) -> bytes:
    data = dump_entry(entry)
    if len(data) > SMALL:
        raise RefusedError(
            f"{len(entry.changes):,} changes at once make an entry of {len(data):,} bytes, {SMALL:,} can be read: "
            "nothing was changed, do it in parts",
        )
    return data


def make_entry(
    seq: int, previous: str, author: str, changes: Sequence[Change], message: str | None, stands_for: str | None = None
) -> Entry:
    """Return a new entry for a slot, with the digest of the entry before it."""
    return Entry(
        seq=seq,
        previous=previous,
        id=EntryId(new_ulid()),
        time=clock.now(),
        author=author,
        tool=f"reg {__version__}",
        rules=compute_rules(changes),
        message=message,
        changes=tuple(changes),
        stands_for=stands_for,
    )
