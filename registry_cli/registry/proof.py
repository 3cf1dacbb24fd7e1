"""Compares a version in the index with its record and its publication: they are proof, as their digests name them.

`check_proof` runs before a version's bytes are handed out or checked, and costs one read of a small file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read.versions import REMAKE
from registry_cli.errors import CorruptError, RegError
from registry_cli.records.codec import load_publication, load_version
from registry_cli.store.blobs import get_record

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.parts import FileEntry
    from registry_cli.records.version import Publication
    from registry_cli.store.layout import Layout


def check_proof(layout: Layout, row: VersionRow) -> None:
    """Check that the files of a version are those of its record, and of its publication if that can be read.

    Raises:
        CorruptError: The files differ, or the version's record cannot be read.
    """
    record = load_version(get_record(layout, row.id), f"record {row.id[:12]}")
    if not _is_same(row.files, record.files):
        raise _other_files(row, "its record")
    sealed = _find_publication(layout, row)
    if sealed is None:
        return
    digests = {file.path: file.sha256 for file in row.files}
    if sealed.version != row.id or {file.path: file.sha256 for file in sealed.files} != digests:
        raise _other_files(row, "its publication")


def find_sealed(layout: Layout, row: VersionRow) -> dict[str, dict[str, int | float | None]] | None:
    """Return the sealed values, by `metrics`, of what was edited since a version was published; None for a draft."""
    return {"metrics": _find_edited_metrics(layout, row)} if row.published else None


def _find_edited_metrics(layout: Layout, row: VersionRow) -> dict[str, int | float | None]:
    """Return the sealed value of each metric that was edited after the publication; None where it was added then.

    It is empty where the publication cannot be read.
    """
    publication = _find_publication(layout, row)
    if publication is None:
        return {}
    sealed, now = publication.metrics, row.metrics
    return {name: sealed.get(name) for name in {**sealed, **now} if str(sealed.get(name)) != str(now.get(name))}


def _find_publication(layout: Layout, row: VersionRow) -> Publication | None:
    """Return the publication of a version; None for a draft, and where it cannot be read: `verify` names that."""
    if row.publication is None:
        return None
    try:
        return load_publication(get_record(layout, row.publication), f"record {row.publication[:12]}")
    except RegError:
        return None


def _is_same(shown: tuple[FileEntry, ...], proved: tuple[FileEntry, ...]) -> bool:
    """Return whether files are the same; an external file may have got its digest and size after its record."""
    if shown == proved:
        return True
    ours, theirs = ({file.path: file for file in files} for files in (shown, proved))
    return ours.keys() == theirs.keys() and all(
        mine == theirs[path] or (mine.url is not None and mine.url == theirs[path].url and theirs[path].sha256 is None)
        for path, mine in ours.items()
    )


def _other_files(row: VersionRow, than: str) -> CorruptError:
    return CorruptError(f"the index lists other files of {row.ref} than {than} does", hint=REMAKE)
