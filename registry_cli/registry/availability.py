"""The bytes of a version that are lost, and those that were collected. Not used for listings."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError, RefusedError
from registry_cli.records.parts import FileEntry
from registry_cli.store import files
from registry_cli.store.known_losses import NOTHING, read_partial

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import BlobHash, RecordId
    from registry_cli.registry.api import Registry

DESIGN: Final = "design"
"""Name of a version's design in a list of its files."""


def list_lost(registry: Registry, row: VersionRow) -> list[str]:
    """Return the files of a version that are known to be lost, then its design and records; none that are back."""
    known = read_partial(registry.layout)
    if known == NOTHING:
        return []
    content, layout = registry.content, registry.layout
    blobs = [(file.path, file.sha256) for file in row.files if not file.url]
    blobs += [(DESIGN, row.design.sha256)] if row.design else []
    return [
        *(path for path, sha256 in blobs if sha256 in known.blobs and sha256 and not content.has(sha256)),
        *(name_record(record) for record in (row.id, row.publication)
          if record in known.records and record and not files.exists(layout.record(record))),
    ]  # fmt: skip


def name_record(record: RecordId) -> str:
    """Return the name of a record in a list of a version's files."""
    return f"record {record[:12]}"


def check_present(registry: Registry, row: VersionRow) -> None:
    """Check that no file of a version is known to be lost.

    Raises:
        CorruptError: A file is lost.
    """
    paths = {file.path for file in row.files}
    lost = [path for path in list_lost(registry, row) if path in paths]
    if lost:
        more = f" and {len(lost) - 1:,} more are" if len(lost) > 1 else " is"
        raise CorruptError(
            f"{row.ref} is partial: {lost[0]}{more} lost in this copy",
            hint="reg repair",
        )


def check_live(registry: Registry, row: VersionRow) -> None:
    """Check that a version was not removed.

    Raises:
        RefusedError: It was; the message says whether its bytes are still there.
    """
    if row.removed and list_collected(registry, row):
        raise RefusedError(f"{row.ref} was removed and its bytes were collected: the same files can be added again")
    if row.removed:
        raise RefusedError(f"{row.ref} was removed", hint=f"reg model restore {quote(row.ref)}")


def list_collected(registry: Registry, row: VersionRow) -> list[BlobHash]:
    """Return the blobs of a removed version that are gone; none for a version that is not removed."""
    if not row.removed:
        return []
    content, stored = registry.content, [*row.files, *list_design_files(row)]
    return [file.sha256 for file in stored if file.sha256 and not file.url and content.is_lost(file.sha256)]


def list_design_files(row: VersionRow) -> list[FileEntry]:
    """Return a design that is stored as a blob as a file entry; an empty list for other designs."""
    design = row.design
    return [FileEntry(DESIGN, design.size, design.sha256, design.xxh3)] if design and design.sha256 else []
