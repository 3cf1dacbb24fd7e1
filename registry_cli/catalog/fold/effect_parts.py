"""The parts that the fold's handlers share: their view of the fold, their result, and the version a change is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from registry_cli.catalog.connection import find_value
from registry_cli.catalog.fold import rules
from registry_cli.catalog.schema import DAMAGED
from registry_cli.catalog.seals import VERSION
from registry_cli.dataclass import dataclass
from registry_cli.ids import VersionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from registry_cli.catalog.fold.task_rows import TaskRows
    from registry_cli.catalog.fold.version_rows import VersionRows
    from registry_cli.catalog.seals import Seals
    from registry_cli.ids import RecordId
    from registry_cli.records.entry import Entry


class VoidError(Exception):
    """Raised for a change that the rules forbid; the text says which change and why."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The rows of `versions` and `lines` that a change touched, and the values it replaced."""

    version: int | None
    line: int | None
    before: Mapping[str, object] | None


class State(Protocol):
    """The part of the fold that a handler may use."""

    db: sqlite3.Connection
    version_rows: Callable[[VersionId], VersionRows]
    task_rows: Callable[[RecordId], TaskRows]
    entry: Entry
    seals: Seals


@dataclass(frozen=True, slots=True)
class Target:
    """A version as the rules see it."""

    row: int
    id: VersionId
    line: int
    ref: str
    published: bool
    archived: bool
    removed: bool


def note_damaged(state: State, record: RecordId) -> None:
    """Add a record that cannot be read to the list in the index's stamp."""
    found = find_value(state.db, "SELECT value FROM stamp WHERE key = ?", DAMAGED)
    known = [*json.loads(found), record] if found else [record]
    state.db.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?)", (DAMAGED, json.dumps(known)))


def find_target(state: State, version: VersionId) -> Target:
    """Return a version as the rules see it.

    Raises:
        VoidError: The registry does not hold it.
    """
    found = state.db.execute(
        "SELECT v.row, v.line, l.name || ':' || v.number, v.publication IS NOT NULL, v.archived, v.removed"
        " FROM versions v JOIN lines l ON l.id = v.line WHERE v.id = ?",
        (version,),
    ).fetchone()
    if found is None:
        raise VoidError(f"version {version[:12]} is not in the registry")
    row, line, ref, published, archived, removed = found
    state.seals.renew(VERSION, row)
    return Target(row, version, line, ref, bool(published), bool(archived), bool(removed))


def check_target(state: State, change: Mapping[str, Any], kind: str) -> Target:
    """Return the version that a change is about, if the rules allow it a change of this kind.

    Raises:
        VoidError: The registry does not hold it, or the rules forbid the change.
    """
    target = find_target(state, VersionId(change["version"]))
    states = rules.statuses_of(published=target.published, archived=target.archived, removed=target.removed)
    if rules.answer(kind, states) == "no":
        raise VoidError(f"{target.ref} is {' and '.join(states)}: `{kind}` is not allowed")
    return target
