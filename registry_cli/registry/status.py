"""The status of a registry: its totals, the end of its log, and any reason why this program may not add to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from registry_cli.catalog.read.entries import count_void, find_last_entry
from registry_cli.catalog.read.totals import read_blob_sizes, read_totals
from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, RefusedError
from registry_cli.store import files
from registry_cli.store.known_losses import read_partial
from registry_cli.store.trash import find_swept

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from registry_cli.ids import EntryId
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a registry; removed versions do not count.

    Attributes:
        size: Bytes of the distinct blobs that versions and tasks name.
        here: Bytes of those blobs that are in this copy; None without an upstream.
        seq: Last slot of the log; 0 where it is empty.
        entry: Id of the entry in that slot.
        time: Time of that entry.
        void: Number of entries that have no effect.
        lost: Number of files that a repair found to be lost in this copy and that are still missing.
        index: Path of the index; None for memory.
        refusal: Reason why this program may not add to it, or None.
    """

    path: Path
    id: str
    models: int
    versions: int
    published: int
    archived: int
    size: int
    here: int | None
    seq: int
    entry: EntryId | None
    time: datetime | None
    void: int
    lost: int
    index: Path | None
    refusal: str | None
    author: str


def read_status(registry: Registry) -> Status:
    """Return the status of a registry."""
    totals, head, void = registry.read(lambda db: (read_totals(db), find_last_entry(db), count_void(db)))
    return Status(
        path=registry.path,
        id=registry.id,
        **totals._asdict(),
        here=_measure_here(registry),
        seq=head.seq if head else 0,
        entry=head.id if head else None,
        time=head.time if head else None,
        void=void,
        lost=_count_lost(registry),
        index=registry.index.find_path(),
        refusal=_find_refusal(registry),
        author=registry.author,
    )


def _measure_here(registry: Registry) -> int | None:
    if registry.upstream is None:
        return None
    from registry_cli.store.blobs import iter_stored

    sizes = registry.read(read_blob_sizes)
    return sum(sizes.get(blob, 0) for stored in iter_stored(registry.layout) for blob in stored)


def _count_lost(registry: Registry) -> int:
    layout = registry.layout
    known = read_partial(layout)
    if not (known.blobs or known.records):  # most copies have lost nothing
        return 0
    records = [layout.record(record) for record in known.records]
    lost = sum(not files.exists(path) and find_swept(layout, path) is None for path in records)
    return lost + sum(registry.content.is_lost(blob) for blob in known.blobs)


def _find_refusal(registry: Registry) -> str | None:
    try:
        registry.check_writable()
    except (RefusedError, CorruptError) as error:
        return error.message
    layout = registry.layout
    closed = [path for path in (layout.log, layout.blobs, layout.records, layout.tmp) if not os.access(path, os.W_OK)]
    return f"{closed[0]} cannot be written" if closed else None
