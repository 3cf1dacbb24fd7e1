"""Brings tasks to their next stage: writes their records and blobs, and one entry with their changes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.task_address import resolve_task
from registry_cli.catalog.read.tasks import find_attempt, get_task_row
from registry_cli.errors import CorruptError, NotFoundError
from registry_cli.ids import RecordId
from registry_cli.records.parts import FileEntry
from registry_cli.records.task_codec import dump_task, load_task
from registry_cli.registry.hold_bytes import hold_blob
from registry_cli.registry.transaction import transact
from registry_cli.store.blobs import get_record
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.ids import BlobHash
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry


def write_stage(
    registry: Registry,
    stage: changes.Stage,
    task: Task,
    *,
    old: RecordId | None = None,
    staging: Staging | None = None,
    message: str | None = None,
) -> RecordId:
    """Commit a stage of a task and return its record.

    Args:
        registry: The registry that holds the task.
        stage: A stage that has a record.
        task: The task as it is from now on.
        old: The record that an edit started from.
        staging: Holds the blobs that the task names and the registry may not have.
        message: The reason, for the log.

    Raises:
        RefusedError: The task is in a state from which it cannot reach the stage.
    """
    (record,) = write_stages(registry, stage, [(task, old)], staging=staging, message=message)
    return record


def write_stages(
    registry: Registry,
    stage: changes.Stage,
    tasks: Sequence[tuple[Task, RecordId | None]],
    *,
    staging: Staging | None = None,
    message: str | None = None,
) -> list[RecordId]:
    """Commit a stage of many tasks as one entry, each with the record that its edit started from; as `write_stage`."""
    if not tasks:
        return []
    written = [dump_task(task) for task, _ in tasks]
    records = [RecordId(digest_bytes(data).sha256) for data in written]
    registry.check_writable()
    registry.index.expect_tasks({record: task for record, (task, _) in zip(records, tasks, strict=True)})
    with ExitStack() as stack:
        staged = staging or stack.enter_context(Staging(registry.layout))

        def plan() -> list[changes.Change]:
            for data, (task, _) in zip(written, tasks, strict=True):
                staged.add_record(data)
                for file in task.files:
                    if file.sha256:
                        hold_blob(registry, staged, file.sha256)
            return [
                changes.task(task.id, stage, record=record, old=old)
                for record, (task, old) in zip(records, tasks, strict=True)
            ]

        transact(registry, plan, staging=staged, message=message)
    return records


def write_attempt(registry: Registry, begun: Task, ended: Task, staging: Staging) -> None:
    """Commit an attempt from its start to its end in one entry.

    Raises:
        RefusedError: The task is not in a state in which an attempt can begin.
    """
    registry.check_writable()
    records = [staging.add_record(dump_task(task)) for task in (begun, ended)]  # on disk before the entry is rehearsed

    def plan() -> list[changes.Change]:
        for file in (*begun.files, *ended.files):
            if file.sha256:
                hold_blob(registry, staging, file.sha256)
        start, end = records
        return [changes.task(begun.id, "start", record=start), changes.task(begun.id, "end", record=end)]

    transact(registry, plan, staging=staging)


def stage_file(staging: Staging, path: str, source: bytes | Path, media: str | None = None) -> FileEntry:
    """Stage one of a task's blobs, from memory or as a copy of a file, and return its entry."""
    digests = staging.add_bytes(source) if isinstance(source, bytes) else staging.add_file(source)
    return FileEntry(path, digests.size, digests.sha256, digests.xxh3, media)


def get_row(registry: Registry, ref: str, attempt: int | None = None) -> TaskRow:
    """Return an attempt at the task that an address names, the newest without a number.

    Raises:
        NotFoundError: The address names nothing, or the task has no such attempt.
        AmbiguousError: The address is the beginning of several ids.
    """

    def find(db: Connection) -> tuple[TaskRow, TaskRow | None]:
        task = get_task_row(db, resolve_task(db, ref))
        return task, find_attempt(db, task.id, attempt)

    task, found = registry.read(find)
    if found is None:
        raise NotFoundError(f"task {task.name} has no attempt {attempt}", hint=f"reg task show {task.id}")
    return found


def get_task(registry: Registry, row: TaskRow) -> Task:
    """Return the last record of an attempt at a task.

    Raises:
        CorruptError: The record cannot be read.
    """
    return load_task(get_record(registry.layout, row.record), f"the record of task {row.id}")


@contextmanager
def open_task_file(registry: Registry, file: FileEntry) -> Iterator[BinaryIO]:
    """Open a task's file for reading after verifying its bytes.

    Raises:
        CorruptError: The blob is lost or differs from what was stored.
    """
    with registry.content.open(_verify(registry, file)) as source:
        yield source


def read_task_file(registry: Registry, file: FileEntry) -> bytes:
    """Return the bytes of a task's file; raises as `open_task_file`."""
    with open_task_file(registry, file) as source:
        return source.read()


def get_task_file_path(registry: Registry, file: FileEntry) -> Path:
    """Return a path by which another program reads a task's file; raises as `open_task_file`."""
    return registry.content.get_path(_verify(registry, file))


def _verify(registry: Registry, file: FileEntry) -> BlobHash:
    assert file.sha256
    if not registry.content.has(file.sha256):
        raise CorruptError(f"the bytes of {file.path} are lost", hint="reg repair")
    registry.content.verify(file.sha256, file.xxh3, file.size)
    return file.sha256
