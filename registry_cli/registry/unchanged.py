"""Finds unchanged versions: the same files and fields as the newest version of a line make no new version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read import versions
from registry_cli.catalog.read.models import find_line
from registry_cli.catalog.read.tasks import find_attempt
from registry_cli.ids import line_key
from registry_cli.registry.draft import Draft, given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import ModelName, TaskId
    from registry_cli.records.parts import FileEntry
    from registry_cli.records.version import VersionRecord
    from registry_cli.registry.api import Registry


def find_same(registry: Registry, draft: Draft, record: VersionRecord) -> list[VersionRow]:
    """Return the line's newest live version if it has the same files and every given field, else nothing."""
    newest = registry.read(lambda db: _find_newest(db, draft.name, record.files))
    if newest is None:
        return []
    checks: list[Callable[[], bool]] = [
        lambda: draft.framework in {None, newest.framework},
        lambda: draft.step in {None, newest.step},
        lambda: draft.task is None or _is_made_by(registry, newest, draft.task),
        lambda: holds(newest.labels, draft.labels),
        lambda: holds(newest.own_params, given(draft.params)),
        lambda: holds(newest.metrics, draft.metrics),
        lambda: holds(newest.metadata, given(draft.metadata)),
        lambda: _lacks(newest.own_params, draft.params) and _lacks(newest.metadata, draft.metadata),
        lambda: holds(newest.interface, draft.interface),
        lambda: record.design in {None, newest.design},
        lambda: (
            not draft.parents or [(p.id, p.role) for p in record.parents] == [(p.id, p.role) for p in newest.parents]
        ),
        lambda: set(draft.tags) <= set(newest.tags),
        lambda: set(map(line_key, draft.aliases)) <= set(map(line_key, newest.aliases)),
    ]
    return [newest] if all(check() for check in checks) else []


def _is_made_by(registry: Registry, version: VersionRow, task: TaskId) -> bool:
    """Return whether a version was made by a task, in its newest attempt: what another attempt made is its own."""
    now = registry.read(lambda db: find_attempt(db, task))
    return version.task == task and version.attempt in {None, now.attempt if now else None}


def _find_newest(db: Connection, name: ModelName, files: Sequence[FileEntry]) -> VersionRow | None:
    """Return a line's newest live version if it has these files; if not, only its files are read."""
    line = find_line(db, name)
    row = versions.find_newest(db, line) if line is not None else None
    if row is None or _bytes_of(versions.list_files(db, row)) != _bytes_of(files):
        return None
    return versions.get_version(db, row)


def holds(table: Mapping[str, object], given: Mapping[str, object]) -> bool:
    """Return whether `table` has every given value; two NaN count as one, and `true` is not 1."""
    return all(key in table and _equal(table[key], value) for key, value in given.items())


def _equal(one: object, other: object) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return one == other or (one != one and other != other)


def _bytes_of(entries: Sequence[FileEntry]) -> list[tuple[str, str | None, str | None, bool]]:
    return sorted((file.path, file.sha256, file.url, file.executable) for file in entries)


def _lacks(table: Mapping[str, object], given: Mapping[str, object]) -> bool:
    """Return whether `table` has none of the keys that are given as null."""
    return not any(key in table for key, value in given.items() if value is None)
