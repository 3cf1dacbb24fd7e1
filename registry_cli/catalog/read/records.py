"""The records that the catalog names: of versions, publications and all stages of tasks, by ranges of ids."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from registry_cli.catalog.connection import list_column, span_of
from registry_cli.catalog.read.rows import Broken
from registry_cli.ids import RecordId, TaskId, VersionId

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection


class Seal(NamedTuple):
    """A publication record, and the version that it seals with that version's row."""

    publication: RecordId
    version: VersionId
    row: int


def list_version_records(db: Connection, prefix: str) -> list[tuple[VersionId, str | None]]:
    """Return the versions whose ids begin with a prefix, each with the reason its record is unreadable, or None."""
    found = db.execute("SELECT id, broken FROM versions WHERE id >= ? AND id < ?", span_of(prefix))
    return found.fetchall()


def list_publication_records(db: Connection, prefix: str) -> list[Seal]:
    """Return the publications whose ids begin with a prefix."""
    query = "SELECT publication, id, row FROM versions WHERE publication >= ? AND publication < ?"
    return [Seal(*found) for found in db.execute(query, span_of(prefix))]


def list_task_records(db: Connection, prefix: str) -> list[tuple[RecordId, TaskId]]:
    """Return the present and earlier records of tasks whose ids begin with a prefix, each with its task."""
    found = db.execute("SELECT record, task FROM task_records WHERE record >= ? AND record < ?", span_of(prefix))
    return found.fetchall()


def list_publications(db: Connection) -> set[RecordId]:
    """Return all publication records that seal a version."""
    return set(list_column(db, "SELECT publication FROM versions WHERE publication IS NOT NULL"))


def list_broken(db: Connection) -> list[Broken]:
    """Return the versions, then the attempts at tasks, whose records cannot be read, oldest first."""
    found = db.execute(
        "SELECT v.id, l.name || ':' || v.number, v.removed, v.broken FROM versions v JOIN lines l ON l.id = v.line"
        " WHERE v.broken IS NOT NULL ORDER BY v.row"
    )
    tasks = db.execute(
        "SELECT record, 'task:' || id, removed, broken FROM attempts WHERE broken IS NOT NULL ORDER BY row"
    )
    return [
        Broken(RecordId(record), ref, bool(removed), problem) for record, ref, removed, problem in chain(found, tasks)
    ]
