"""The effects of a collection: unused blobs, from the announcement to the deletion, and their return to use.

A collector's entry that names a blob in use is void for every reader, whatever its writer believed: the rule that
prevents the loss of bytes is in the fold, not in the collector.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from registry_cli.catalog.connection import execute_all, list_column
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.effect_parts import Effect, State, VoidError
from registry_cli.catalog.schema import USES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from registry_cli.ids import BlobHash

_LIVE_USE = """
SELECT value FROM json_each(?1) WHERE
    EXISTS (SELECT 1 FROM files f JOIN versions v ON v.row = f.version WHERE f.sha256 = value AND v.removed = 0)
    OR EXISTS (SELECT 1 FROM versions v WHERE v.design = value AND v.removed = 0)
    OR EXISTS (
        SELECT 1 FROM task_files f JOIN attempts t ON t.row = f.task
        WHERE f.sha256 = value AND t.removed = 0 AND (t.newest = 1 OR ?2)
    )
"""


def collect(state: State, change: Mapping[str, Any]) -> Effect:
    """Move blobs to a stage.

    Raises:
        VoidError: A version or a task uses one of them, or one is to be swept that no entry has announced.
    """
    stage, blobs = str(change["op"]), list(change["blobs"])
    execute_all(state.db, USES)
    for blob in list_used(state.db, blobs, earlier=False):
        raise VoidError(f"blob {blob[:12]} is in use: `{stage}` is not allowed")
    if stage == changes.SWEEP:
        query = "SELECT sha256 FROM garbage WHERE sha256 IN (SELECT value FROM json_each(?))"
        for blob in sorted(set(blobs) - set(list_column(state.db, query, json.dumps(blobs)))):
            raise VoidError(f"blob {blob[:12]} was not condemned before")
    state.db.executemany(
        "INSERT OR REPLACE INTO garbage VALUES (?, ?, ?)", [(blob, stage, state.entry.seq) for blob in blobs]
    )
    if stage != changes.CONDEMN:
        _release(state.db, blobs, removed=stage == changes.PURGE)
    return Effect(None, None, None)


def _release(db: sqlite3.Connection, blobs: Sequence[str], *, removed: bool) -> None:
    """Take swept blobs from the attempts before a task's newest one; with `removed`, from those of removed tasks too.

    Programs that knew only the newest attempt wrote such entries, which keep their effect. A collector writes none now.
    """
    db.execute(
        "DELETE FROM task_files WHERE sha256 IN (SELECT value FROM json_each(?))"
        " AND task IN (SELECT row FROM attempts WHERE newest = 0 AND removed <= ?)",
        (json.dumps(blobs), int(removed)),
    )


def spare(db: sqlite3.Connection, version: int) -> None:
    """Remove the blobs of a version from the garbage: the version uses them now."""
    if db.execute("SELECT 1 FROM garbage LIMIT 1").fetchone():  # most catalogs have none, and this is called often
        db.execute("DELETE FROM garbage WHERE sha256 IN (SELECT sha256 FROM uses WHERE version = ?)", (version,))


def spare_task(db: sqlite3.Connection, task: int) -> None:
    """Remove the blobs of an attempt from the garbage."""
    db.execute("DELETE FROM garbage WHERE sha256 IN (SELECT sha256 FROM task_files WHERE task = ?)", (task,))


def list_used(db: sqlite3.Connection, blobs: Sequence[str], *, earlier: bool = True) -> list[BlobHash]:
    """Return those of the given blobs that a version or task uses that is not removed.

    Without `earlier`, the attempts before a task's newest one do not count: no entry is void because of them, so that
    the log of a program that did not keep them means what it meant.
    """
    return list_column(db, _LIVE_USE, json.dumps(blobs), earlier)
