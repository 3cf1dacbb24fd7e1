"""Events: the changes of the log in their order, each with a description."""

from __future__ import annotations

from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from registry_cli.catalog.documents import microseconds
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.changes import TASK
from registry_cli.catalog.read import journal
from registry_cli.catalog.read.journal import find_slot, iter_changes
from registry_cli.catalog.read.task_address import PREFIX
from registry_cli.catalog.read.tasks import list_known_tasks, list_tasks
from registry_cli.catalog.read.versions import list_known_rows, list_versions
from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError, RegError
from registry_cli.ids import RecordId, TaskId, VersionId
from registry_cli.registry.history import DescribedChange, describe_change, find_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from registry_cli.catalog.read.journal import ChangeRow, Place
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


T = TypeVar("T", "ChangeRow", str)

BATCH: Final = 200
"""Changes described at a time, so that a long log streams."""
_LAST: Final = (1 << 63) - 1
"""The highest position that SQLite can compare with."""


def iter_events(
    registry: Registry,
    *,
    after: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    void: bool = False,
) -> Iterator[DescribedChange]:
    """Yield changes, oldest first.

    Args:
        registry: The registry.
        after: Only changes after this event or entry.
        since: Only changes from this time on; it may be a duration before now, such as `2d`.
        limit: Most entries, each whole: the first ones after `after`, or without it the last ones.
        void: Only changes of entries that have no effect.

    Raises:
        NotFoundError: There is no such event.
        UsageError: `since` is no time.
    """
    read_changes = _narrowed(iter_changes, since, void=void)
    yield from describe_changes(registry, _walk(read_changes, registry, after, limit))


def iter_event_ids(
    registry: Registry,
    *,
    after: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    void: bool = False,
) -> Iterator[str]:
    """Yield the ids of the events that `iter_events` yields, without describing them."""
    return _walk(_narrowed(journal.iter_event_ids, since, void=void), registry, after, limit)


def _narrowed(read_changes: Callable[..., Iterator[T]], since: str | None, *, void: bool) -> Callable[..., Iterator[T]]:
    start = microseconds(find_start(since)) if since else None
    return partial(read_changes, since=start, void=void)


def _walk(
    read_changes: Callable[..., Iterator[T]], registry: Registry, after: str | None, limit: int | None
) -> Iterator[T]:
    """Return changes of the log, oldest first; the last ones are found from its end."""
    if after is not None:
        place = _find_place(registry, after)
        return _take_entries(registry.read(lambda db: read_changes(db, after=place)), limit)
    if limit is None:
        return registry.read(read_changes)
    newest = registry.read(lambda db: list(_take_entries(read_changes(db, newest=True), limit)))
    return reversed(newest)


def _take_entries(found: Iterator[T], limit: int | None) -> Iterator[T]:
    """Yield the changes, or ids of changes, of the first entries."""
    for count, (_, same) in enumerate(groupby(found, _get_entry)):
        if count == limit:
            return
        yield from same


def _get_entry(found: ChangeRow | str) -> str:
    return found.partition("/")[0] if isinstance(found, str) else found.entry


def _find_place(registry: Registry, event: str) -> Place:
    entry, _, position = event.partition("/")
    seq = registry.read(lambda db: find_slot(db, entry.upper()))
    if seq is None or (position and not position.isdecimal()):
        raise NotFoundError(f"no event `{event}`", hint="reg events")
    return (seq, min(int(position), _LAST)) if position else seq


def describe_changes(registry: Registry, changes: Iterable[ChangeRow]) -> Iterator[DescribedChange]:
    """Yield changes with their descriptions, however many there are."""
    rows = iter(changes)
    while batch := list(islice(rows, BATCH)):
        yield from _describe_batch(registry, batch)


def _describe_batch(registry: Registry, batch: Sequence[ChangeRow]) -> Iterator[DescribedChange]:
    """Yield changes with their descriptions; the versions and tasks that they mention are read at once."""
    named = {row.version for row in batch} | {row.change.get(key) for row in batch for key in ("version", "old")}
    ids = [VersionId(RecordId(str(one))) for one in named if one]
    found = registry.read(lambda db: list_versions(db, list_known_rows(db, ids)))
    versions = {version.id: version for version in found}
    tasks = find_tasks(registry, batch)
    for row in batch:
        if row.op == TASK:
            task = tasks.get(TaskId(str(row.change.get("task"))))
            yield DescribedChange(address_change(row, tasks), describe_stage(registry, row.change, task))
        else:
            yield DescribedChange(row, describe_change(row, versions))


_DONE: Final = {"draft": "drafted", "edit": "edited", "archive": "archived", "restore": "restored", "remove": "removed"}


def find_tasks(registry: Registry, batch: Sequence[ChangeRow]) -> dict[TaskId, TaskRow]:
    """Return the tasks that changes mention, as far as the registry has them."""
    ids = list({TaskId(str(row.change.get("task"))) for row in batch if row.op == changes.TASK})
    return {task.id: task for task in registry.read(lambda db: list_tasks(db, list_known_tasks(db, ids)))}


def address_change(row: ChangeRow, tasks: Mapping[TaskId, TaskRow]) -> ChangeRow:
    """Return a change with the address of its task."""
    task = tasks.get(TaskId(str(row.change.get("task"))))
    return replace(row, ref=f"{PREFIX}{task.name if task else row.change.get('task')}")


def describe_stage(registry: Registry, change: Mapping[str, Any], task: TaskRow | None) -> str:
    """Return a description of a `task` change; for a run that is not the task's last, its record is read."""
    stage = str(change.get("stage"))
    subject = f"task {task.name if task else change.get('task')}"
    if stage in _DONE:
        return f"{subject} {_DONE[stage]}"
    run = _read_run(registry, change, task)
    if stage == "start":
        return f"{subject} started (attempt {run.attempt})" if run else f"{subject} started"
    if run is None:
        return f"{subject} ended"
    return f"{subject} {run.status}" + (f", exit {run.exit_code}" if run.exit_code is not None else "")


def _read_run(registry: Registry, change: Mapping[str, Any], task: TaskRow | None) -> TaskRow | Task | None:
    record = RecordId(str(change.get("record")))
    if task and not task.broken and (task.record == record or (task.attempt == 1 and change.get("stage") == "start")):
        return task
    from registry_cli.records.task_codec import load_task  # few events need a record
    from registry_cli.store.blobs import get_record

    try:
        return load_task(get_record(registry.layout, record), "it")
    except RegError:  # lost in this copy
        return None
