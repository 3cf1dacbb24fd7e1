"""What has happened, read from the log in its order: each change told in words."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from registry_cli.catalog import read
from registry_cli.catalog.changes import TASK
from registry_cli.catalog.journal import iter_changes
from registry_cli.errors import NotFoundError
from registry_cli.ids import TaskId
from registry_cli.registry.history import Told, describe_change
from registry_cli.registry.task_events import address_change, describe_stage, find_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.catalog.journal import ChangeRow
    from registry_cli.registry.api import Registry

BATCH: Final = 200
"""Changes told at a time, so that a long log streams."""


def iter_events(
    registry: Registry, *, after: str | None = None, limit: int | None = None, void: bool = False
) -> Iterator[Told]:
    """Yield changes, oldest first.

    Args:
        registry: Where.
        after: Only those after this event or entry.
        limit: Only so many: the first ones after `after`, or the last ones of all.
        void: Only those of entries that have no effect.

    Raises:
        NotFoundError: There is no such event.
    """
    changes = _iter_after(registry, after) if after else iter_changes(registry.db)
    wanted = (row for row in changes if row.void is not None) if void else changes
    if limit is not None:
        wanted = islice(wanted, limit) if after else iter(deque(wanted, maxlen=limit))
    yield from tell_changes(registry, wanted)


def _iter_after(registry: Registry, event: str) -> Iterator[ChangeRow]:
    entry, _, position = event.partition("/")
    found = registry.db.execute("SELECT seq FROM entries WHERE id = ?", (entry.upper(),)).fetchone()
    if found is None or (position and not position.isdecimal()):
        raise NotFoundError(f"no event `{event}`", hint="reg events")
    (seq,) = found
    last = int(position) if position else None
    for row in iter_changes(registry.db, after=seq - 1):
        if row.seq > seq or (last is not None and int(row.event.partition("/")[2]) > last):
            yield row


def tell_changes(registry: Registry, changes: Iterable[ChangeRow]) -> Iterator[Told]:
    """Yield changes with their words, however many."""
    rows = iter(changes)
    while batch := list(islice(rows, BATCH)):
        yield from _tell_batch(registry, batch)


def _tell_batch(registry: Registry, batch: Sequence[ChangeRow]) -> Iterator[Told]:
    """Yield changes with their words; the versions and tasks that they speak of are looked up at once."""
    named = {row.version for row in batch} | {row.change.get(key) for row in batch for key in ("version", "old")}
    marks = ",".join("?" * len(named))
    found = registry.db.execute(f"SELECT row FROM versions WHERE id IN ({marks})", list(named)).fetchall()
    versions = {version.id: version for version in read.list_versions(registry.db, [row for (row,) in found])}
    tasks = find_tasks(registry, batch)
    for row in batch:
        if row.op == TASK:
            task = tasks.get(TaskId(str(row.change.get("task"))))
            yield Told(address_change(row, tasks), describe_stage(registry, row.change, task))
        else:
            yield Told(row, describe_change(row, versions))
