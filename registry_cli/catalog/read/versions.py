"""Reads versions from the index into the dataclasses of `rows.py`. Changes nothing, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.connection import find_value, iter_batches, list_column, marks, open_snapshot, select_among
from registry_cli.catalog.documents import from_microseconds, load_doc
from registry_cli.catalog.read.rows import ParentRow, VersionRow
from registry_cli.catalog.seals import (
    FILES,
    SETTINGS,
    VERSION,
    VERSION_COLUMNS,
    DoubtError,
    check,
    group,
    read_lines,
    read_seals,
    seal_list,
    seal_version,
)
from registry_cli.errors import CorruptError
from registry_cli.ids import (
    AliasName,
    BlobHash,
    ModelName,
    TagName,
    TaskId,
    VersionId,
)
from registry_cli.records.parts import Design, FileEntry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_TASK: Final = 8
"""Position of a version's task among `VERSION_COLUMNS`."""
REMAKE: Final = "reg repair"
"""The command for an index that lists other files of a version than its record does."""


def list_versions(db: sqlite3.Connection, rows: Sequence[int]) -> list[VersionRow]:
    """Return the versions of the given rows, in their order.

    Raises:
        DoubtError: A row differs from what the fold wrote, or is missing.
        CorruptError: The files of a version differ from what the fold wrote.
    """
    found: dict[int, VersionRow] = {}
    for some in iter_batches(rows):
        with open_snapshot(db):  # else a seal may belong to what another process has written meanwhile
            found.update(_read_batch(db, some))
    return [found[row] for row in rows]


def list_ids(db: sqlite3.Connection, rows: Sequence[int]) -> list[VersionId]:
    """Return the ids of the versions of the given rows, in their order; nothing else of them is read.

    Raises:
        DoubtError: A row is missing.
    """
    found: dict[int, VersionId] = dict(select_among(db, "SELECT row, id FROM versions WHERE row IN ({marks})", rows))
    if not found.keys() >= set(rows):
        raise DoubtError("a version is missing")
    return [found[row] for row in rows]


def get_version(db: sqlite3.Connection, row: int) -> VersionRow:
    """Return the version of one row."""
    return list_versions(db, [row])[0]


def list_files(db: sqlite3.Connection, row: int) -> list[FileEntry]:
    """Return the files of the version of one row, sorted by path."""
    check(db, FILES, [row])
    return [FileEntry(*file) for file in _files_of(db, [row]).get(row, ())]


def list_contents(db: sqlite3.Connection, row: int) -> set[tuple[str, BlobHash | None]]:
    """Return path and digest of the files of the version of one row, without checking their seal."""
    return set(db.execute("SELECT path, sha256 FROM files WHERE version = ?", (row,)))


def find_row(db: sqlite3.Connection, version: VersionId) -> int | None:
    """Return the row of a version, or None where the registry does not hold it."""
    return find_value(db, "SELECT row FROM versions WHERE id = ?", version)


def find_version(db: sqlite3.Connection, version: VersionId) -> VersionRow | None:
    """Return a version, or None where the registry does not hold it."""
    row = find_row(db, version)
    return get_version(db, row) if row is not None else None


def list_versions_of_task(db: sqlite3.Connection, task: TaskId, attempt: int | None = None) -> list[VersionRow]:
    """Return the versions that a task, or one attempt at it, made and that are not removed, oldest first."""
    query = "SELECT row FROM versions WHERE task = ?1 AND removed = 0 AND (?2 IS NULL OR attempt = ?2) ORDER BY row"
    return list_versions(db, list_column(db, query, task, attempt))


def list_outputs_of_attempt(db: sqlite3.Connection, task: TaskId, attempt: int) -> list[VersionRow]:
    """Return the versions that an attempt made, oldest first, or where it made none those of all its task.

    Until attempts had versions of their own, one that saved the bytes of an earlier one made none.
    """
    return list_versions_of_task(db, task, attempt) or list_versions_of_task(db, task)


def list_known_rows(db: sqlite3.Connection, versions: Sequence[VersionId]) -> list[int]:
    """Return the rows of those of the given versions that the registry holds, in no order."""
    query = "SELECT row FROM versions WHERE id IN ({marks})"
    return [row for (row,) in select_among(db, query, versions)]


def find_newest(db: sqlite3.Connection, line: int) -> int | None:
    """Return the row of a line's newest version that is neither archived nor removed, or None."""
    query = "SELECT row FROM versions WHERE line = ? AND archived = 0 AND removed = 0 ORDER BY number DESC LIMIT 1"
    return find_value(db, query, line)


def list_live(db: sqlite3.Connection, line: int) -> list[tuple[int, VersionId]]:
    """Return row and id of a line's versions that are neither archived nor removed."""
    query = "SELECT row, id FROM versions WHERE line = ? AND NOT removed AND NOT archived"
    return db.execute(query, (line,)).fetchall()


def is_live(db: sqlite3.Connection, version: VersionId) -> bool:
    """Return whether the registry holds a version that is not removed."""
    return find_value(db, "SELECT 1 FROM versions WHERE id = ? AND removed = 0", version) is not None


def is_broken(db: sqlite3.Connection, row: int) -> bool:
    """Return whether a version's record cannot be read."""
    return find_value(db, "SELECT broken FROM versions WHERE row = ?", row) is not None


def list_children(db: sqlite3.Connection, version: VersionId) -> list[tuple[str, VersionId]]:
    """Return role and id of the versions made from a version, oldest first."""
    query = (
        "SELECT p.role, v.id FROM parents p JOIN versions v ON v.row = p.child WHERE p.parent = ? AND v.removed = 0"
        " ORDER BY v.row"
    )
    return db.execute(query, (version,)).fetchall()


def list_missing_fields(db: sqlite3.Connection, fields: Sequence[str]) -> list[str]:
    """Return those of some fields that no version has, neither itself nor fields below it, as `metadata.a.b` is."""
    query = "SELECT 1 FROM fields WHERE field = ?1 OR field > ?1 || '.' AND field < ?1 || '/' LIMIT 1"
    return [field for field in fields if find_value(db, query, field) is None]


def read_settings(db: sqlite3.Connection) -> dict[str, Any]:
    """Return the settings that travel with the registry.

    Raises:
        DoubtError: They differ from what the fold wrote.
    """
    import json

    check(db, SETTINGS, [0])
    return {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM settings ORDER BY key")}


def _read_batch(db: sqlite3.Connection, rows: Sequence[int]) -> dict[int, VersionRow]:
    tags = group(db.execute(f"SELECT version, tag FROM tags WHERE version IN ({marks(rows)}) ORDER BY tag", rows))
    files = _files_of(db, rows)
    parents = group(
        db.execute(
            "SELECT p.child, p.parent, p.role, l.name, v.number FROM parents p JOIN versions v ON v.id = p.parent"
            f" JOIN lines l ON l.id = v.line WHERE p.child IN ({marks(rows)}) ORDER BY p.child, p.position",
            rows,
        )
    )
    columns = db.execute(f"SELECT {VERSION_COLUMNS} FROM versions v WHERE v.row IN ({marks(rows)})", rows).fetchall()
    lines = read_lines(db, list({line for _, _, line, *_ in columns}))
    sealed, sealed_files = read_seals(db, VERSION, rows), read_seals(db, FILES, rows)
    inherited = _read_params(db, [version[0] for version in columns if version[_TASK]])
    found = {}
    for version in columns:
        row, _, line, *_ = version
        if sealed.get(row) != seal_version(version, tags.get(row, ()), parents.get(row, ())):
            raise DoubtError("a version is not what the log says")
        name, aliases = lines[line]
        if sealed_files.get(row) != seal_list(files.get(row, [])):
            raise _other_files(f"{name}:{version[3]}")
        found[row] = _version(
            version,
            inherited.get(row, {}),
            name=ModelName(name),
            tags=tuple(TagName(tag) for (tag,) in tags.get(row, ())),
            aliases=tuple(AliasName(alias) for alias, at in aliases if at == row),
            files=tuple(FileEntry(*file) for file in files.get(row, ())),
            parents=tuple(ParentRow(*parent) for parent in parents.get(row, ())),
        )
    return found


def _other_files(ref: str) -> CorruptError:
    return CorruptError(f"the index lists other files of {ref} than it did", hint=REMAKE)


def _files_of(db: sqlite3.Connection, rows: Sequence[int]) -> dict[int, list[tuple[Any, ...]]]:
    columns = "version, path, size, sha256, xxh3, media, url"
    return group(db.execute(f"SELECT {columns} FROM files WHERE version IN ({marks(rows)}) ORDER BY path", rows))


def _read_params(db: sqlite3.Connection, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return all parameters of versions that tasks made; loads no module where no task made any."""
    if not rows:
        return {}
    from registry_cli.catalog.read.params import read_params

    return read_params(db, rows)


def _version(columns: tuple[Any, ...], params: dict[str, Any], **joined: Any) -> VersionRow:
    (_, version, _, number, framework, author, created, step, task, size, comment, publication, archived, removed, text,
     _, _, broken, attempt) = columns  # fmt: skip
    doc = load_doc(text)
    design, own = doc["design"], doc["params"]
    if params:
        from registry_cli.catalog.read.params import add_inherited

        doc["params"] = add_inherited(own, params)
    return VersionRow(
        own_params=own,
        id=version,
        number=number,
        framework=framework,
        author=author,
        created=from_microseconds(created),
        comment=comment,
        step=step,
        task=task or None,
        size=size,
        publication=publication or None,
        archived=bool(archived),
        removed=bool(removed),
        broken=broken,
        attempt=attempt,
        **(doc | {"design": Design(**design) if design else None}),
        **joined,
    )
