"""The losses of this copy: lists the lost files and records of a single version or task. Not used for listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError
from registry_cli.store import files
from registry_cli.store.known_losses import NOTHING, read_partial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.catalog.read.rows import TaskRow, VersionRow
    from registry_cli.ids import BlobHash, RecordId
    from registry_cli.records.parts import FileEntry
    from registry_cli.store.layout import Layout

DESIGN: Final = "design"
"""Name of a version's design in a list of its files."""


def list_lost(layout: Layout, row: VersionRow) -> list[str]:
    """Return the files of a version that are known to be lost, then its design and records; none that are back."""
    blobs = [(file.path, file.sha256) for file in row.files if not file.url]
    blobs += [(DESIGN, row.design.sha256)] if row.design else []
    return _list_lost(layout, blobs, (row.id, row.publication))


def list_lost_of_task(layout: Layout, row: TaskRow, files: Iterable[FileEntry]) -> list[str]:
    """Return the blobs of a task that are known to be lost, then its record; none that are back."""
    return _list_lost(layout, ((file.path, file.sha256) for file in files), (row.record,))


def name_record(record: RecordId) -> str:
    """Return the name of a record in a list of a version's files."""
    return f"record {record[:12]}"


def _list_lost(
    layout: Layout, blobs: Iterable[tuple[str, BlobHash | None]], records: Iterable[RecordId | None]
) -> list[str]:
    known = read_partial(layout)
    if known == NOTHING:
        return []
    from registry_cli.store.blobs import has_blob  # most copies have lost nothing

    return [
        *(path for path, sha256 in blobs if sha256 in known.blobs and sha256 and not has_blob(layout, sha256)),
        *(name_record(record) for record in records
          if record in known.records and record and not files.exists(layout.record(record))),
    ]  # fmt: skip


def check_present(layout: Layout, row: VersionRow) -> None:
    """Check that no file of a version is known to be lost.

    Raises:
        CorruptError: A file is lost.
    """
    paths = {file.path for file in row.files}
    lost = [path for path in list_lost(layout, row) if path in paths]
    if lost:
        more = f" and {len(lost) - 1:,} more are" if len(lost) > 1 else " is"
        raise CorruptError(
            f"{row.ref} is partial: {lost[0]}{more} lost in this copy",
            hint="reg repair",
        )
