"""What of a version is lost in this copy of the registry. Asked for single versions, never for listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError
from registry_cli.store.blobs import find_blob
from registry_cli.store.partial import read_partial

if TYPE_CHECKING:
    from registry_cli.catalog.rows import VersionRow
    from registry_cli.ids import RecordId
    from registry_cli.store.layout import Layout

DESIGN: Final = "design"
"""What the design of a version is called beside its files."""


def list_lost(layout: Layout, row: VersionRow) -> list[str]:
    """Return which files of a version are known to be lost, then its design and records; none that are back."""
    known = read_partial(layout)
    blobs = [(file.path, file.sha256) for file in row.files if not file.url]
    blobs += [(DESIGN, row.design.sha256)] if row.design else []
    records = [record for record in (row.id, row.publication) if record in known.records]
    return [
        *(path for path, sha256 in blobs if sha256 in known.blobs and sha256 and not find_blob(layout, sha256)),
        *(name_record(record) for record in records if record and not layout.record(record).exists()),
    ]


def name_record(record: RecordId) -> str:
    """Return what a record is called beside the files of a version."""
    return f"record {record[:12]}"


def check_present(layout: Layout, row: VersionRow) -> None:
    """Check that no file of a version is known to be lost.

    Raises:
        CorruptError: One is.
    """
    paths = {file.path for file in row.files}
    lost = [path for path in list_lost(layout, row) if path in paths]
    if lost:
        more = f" and {len(lost) - 1:,} more are" if len(lost) > 1 else " is"
        raise CorruptError(
            f"{row.ref} is partial: {lost[0]}{more} lost in this copy",
            hint="reg repair --from PATH, where PATH is a copy of the registry",
        )
