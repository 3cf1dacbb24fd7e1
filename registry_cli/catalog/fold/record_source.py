"""The source of records for the fold: reads them one by one, or many at once in a few processes for a rebuild."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.change_shapes import is_id
from registry_cli.catalog.fold.task_rows import TaskRows, load_task_rows, make_task_rows
from registry_cli.catalog.fold.version_rows import VersionRows, load_version_rows, make_version_rows
from registry_cli.errors import RegError
from registry_cli.ids import RecordId, VersionId
from registry_cli.records.entry import Entry
from registry_cli.store.blobs import get_record
from registry_cli.store.log import Head

if TYPE_CHECKING:
    from registry_cli.records.task import Task
    from registry_cli.records.version import VersionRecord
    from registry_cli.store.layout import Layout
    from registry_cli.store.workers import Workers

POOLED: Final = 4000
"""Number of versions above which a few processes read faster than one."""
CHUNK: Final = 500

Entries = Iterable[tuple[Entry, Head]]


class RecordSource:
    """The index rows of versions and tasks, read from their records."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ahead: dict[VersionId, VersionRows] = {}
        self._expected: dict[VersionId, VersionRows] = {}
        self._expected_tasks: dict[RecordId, TaskRows] = {}

    def get(self, version: VersionId) -> VersionRows:
        """Return the rows of a version.

        Raises:
            NotFoundError: Its record is missing.
            CorruptError: Its record is damaged.
        """
        ahead = self._ahead.pop(version, None)
        if ahead is not None:
            return ahead
        return self._expected.get(version) or _read(self._layout, version)

    def get_task(self, record: RecordId) -> TaskRows:
        """Return the rows of a task's record; raises the same errors as `get`."""
        return self._expected_tasks.get(record) or load_task_rows(record, get_record(self._layout, record))

    def is_readable(self, record: RecordId) -> bool:
        """Return whether a record, of a version or of a task, can be read."""
        with suppress(RegError):
            self.get(VersionId(record))
            return True
        with suppress(RegError):
            self.get_task(record)
            return True
        return False

    def expect_tasks(self, tasks: Mapping[RecordId, Task]) -> None:
        """Remember records of tasks that may not be on disk yet, in place of those of the last call."""
        self._expected_tasks = {record: make_task_rows(record, task) for record, task in tasks.items()}

    def expect(self, version: VersionId, record: VersionRecord) -> None:
        """Remember one version whose record may not be on disk yet, in place of that of the last call."""
        self._expected = {version: make_version_rows(version, record)}

    @contextmanager
    def open_pool(self) -> Iterator[Callable[[Entries], Entries]]:
        """Yield a function that passes entries on and reads their records ahead, in several processes where it pays."""
        if (os.cpu_count() or 1) < 2:
            yield lambda entries: entries
            return
        pool = _LazyPool(self._layout)
        try:
            yield partial(self._read_ahead, pool)
        finally:
            pool.close()

    def _read_ahead(self, pool: _LazyPool, entries: Entries) -> Entries:
        source = iter(entries)
        while batch := list(_take_versions(source, 4 * CHUNK)):
            self._ahead.update(pool.read(_versions_of(batch)))
            yield from batch


class _LazyPool:
    """A pool of processes that read records; it starts once enough records have been requested."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._requested = 0
        self._workers: Workers[VersionId, VersionRows] | None = None

    def read(self, versions: list[VersionId]) -> dict[VersionId, VersionRows]:
        """Return the rows of the versions that could be read; `get` raises the errors of the others."""
        self._requested += len(versions)
        if self._requested < POOLED:
            return {}
        if self._workers is None:
            from registry_cli.store.workers import Workers

            self._workers = Workers(partial(_read_many, self._layout))
        chunks = (versions[at : at + CHUNK] for at in range(0, len(versions), CHUNK))
        return {rows.id: rows for rows in self._workers.work(chunks)}

    def close(self) -> None:
        """Stop the processes."""
        if self._workers is not None:
            self._workers.close()


def _take_versions(source: Iterator[tuple[Entry, Head]], enough: int) -> Iterator[tuple[Entry, Head]]:
    """Yield entries until they hold `enough` changes, an upper bound of their new versions."""
    count = 0
    for entry, head in islice(source, None):
        yield entry, head
        count += len(entry.changes)
        if count >= enough:
            return


def _versions_of(batch: list[tuple[Entry, Head]]) -> list[VersionId]:
    return [
        VersionId(RecordId(str(change["version"])))
        for entry, _ in batch
        for change in entry.changes
        if change["op"] == changes.ADD_VERSION and is_id(change.get("version"))
    ]


def _read(layout: Layout, version: VersionId) -> VersionRows:
    return load_version_rows(version, get_record(layout, version))


def _read_many(layout: Layout, versions: list[VersionId]) -> list[VersionRows]:
    found = []
    for version in versions:
        try:
            found.append(_read(layout, version))
        except (RegError, OSError):
            continue
    return found
