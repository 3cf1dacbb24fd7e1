"""How a registry is: how much it holds, where its log stands, and whether this program may add to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.catalog.documents import from_microseconds
from registry_cli.errors import CorruptError, RefusedError
from registry_cli.ids import EntryId
from registry_cli.store import files
from registry_cli.store.known_losses import read_partial
from registry_cli.store.trash import find_swept

if TYPE_CHECKING:
    from datetime import datetime

    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Status:
    """A registry at a glance; removed versions do not count.

    Attributes:
        size: Bytes of the distinct blobs that versions name.
        seq: Last slot of the log; 0 where nothing has happened.
        entry: Id of the entry in that slot.
        time: When it was written.
        void: Entries that have no effect.
        lost: Files that a repair has found to be lost in this copy, and that are not back.
        index: Where the index lies; None for memory.
        refusal: Why this program may not add to it, or None.
    """

    path: Path
    id: str
    models: int
    versions: int
    published: int
    archived: int
    size: int
    seq: int
    entry: EntryId | None
    time: datetime | None
    void: int
    lost: int
    index: Path | None
    refusal: str | None
    author: str


def read_status(registry: Registry) -> Status:
    """Return how a registry is."""
    db = registry.db
    models, versions, published, archived = db.execute(
        "SELECT count(DISTINCT line), count(*), count(publication), coalesce(sum(archived), 0) FROM versions"
        " WHERE removed = 0"
    ).fetchone()
    (size,) = db.execute(
        "SELECT coalesce(sum(size), 0) FROM (SELECT f.sha256, f.size FROM files f JOIN versions v"
        " ON v.row = f.version WHERE v.removed = 0 AND f.sha256 IS NOT NULL AND f.url IS NULL"
        " UNION SELECT f.sha256, f.size FROM task_files f JOIN tasks t ON t.row = f.task WHERE t.removed = 0)"
    ).fetchone()
    head = db.execute("SELECT seq, id, time FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    (void,) = db.execute("SELECT count(*) FROM entries WHERE void IS NOT NULL").fetchone()
    (place,) = (file for _, name, file in db.execute("PRAGMA database_list") if name == "main")
    return Status(
        path=registry.path,
        id=registry.id,
        models=models,
        versions=versions,
        published=published,
        archived=archived,
        size=size,
        seq=head[0] if head else 0,
        entry=EntryId(head[1]) if head else None,
        time=from_microseconds(head[2]) if head else None,
        void=void,
        lost=_count_lost(registry),
        index=Path(place) if place else None,
        refusal=_find_refusal(registry),
        author=registry.author,
    )


def _count_lost(registry: Registry) -> int:
    layout = registry.layout
    known = read_partial(layout)
    paths = [*map(layout.blob, known.blobs), *map(layout.record, known.records)]
    return sum(not files.exists(path) and find_swept(layout, path) is None for path in paths)


def _find_refusal(registry: Registry) -> str | None:
    try:
        registry.check_writable()
    except (RefusedError, CorruptError) as error:
        return error.message
    layout = registry.layout
    closed = [path for path in (layout.log, layout.blobs, layout.records, layout.tmp) if not os.access(path, os.W_OK)]
    return f"{closed[0]} cannot be written" if closed else None
