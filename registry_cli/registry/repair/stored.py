"""Mends blobs and records: finds good bytes by SHA-256, in this registry and in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import ConflictError, CorruptError, RegError
from registry_cli.registry.repair.put_back import put_away, put_file
from registry_cli.store import files, trash
from registry_cli.store.blobs import get_record
from registry_cli.store.hashing import sha256_of_file
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from registry_cli.ids import BlobHash, RecordId
    from registry_cli.registry.repair.other_copy import Sibling
    from registry_cli.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds the bytes of a blob, and words for its place."""

    path: Path
    how: str


def find_source(layout: Layout, blob: BlobHash, views: Iterable[Path], sibling: Sibling | None) -> Source | None:
    """Return a file whose bytes have the SHA-256 of a blob, or None.

    Args:
        layout: The registry's paths.
        blob: The blob.
        views: Paths of views of it, which may be missing.
        sibling: Another registry, or None.
    """
    return next((source for source in _iter_sources(layout, blob, views, sibling) if _holds(source.path, blob)), None)


def mend_blob(layout: Layout, blob: BlobHash, source: Source) -> None:
    """Put the bytes of `source` in a blob's place; a damaged file there goes to the trash.

    Raises:
        ConflictError: The source changed meanwhile.
    """
    path = layout.blob(blob)
    if not _holds(path, blob):
        put_away(layout, path)
    with Staging(layout) as staging:
        if staging.add_file(source.path).sha256 != blob:
            raise ConflictError(f"{source.path} changed while it was read", hint="reg repair")
        staging.install()


def list_swept(layout: Layout, needed: Iterable[BlobHash]) -> list[BlobHash]:
    """Return those of the given blobs that are only in the trash."""
    missing = [blob for blob in needed if not files.exists(layout.blob(blob))]
    return [blob for blob in missing if trash.find_swept(layout, layout.blob(blob))]


def find_record(record: RecordId, sibling: Sibling | None) -> bytes | None:
    """Return a record's bytes from another registry, checked by SHA-256, or None."""
    try:
        return get_record(sibling.layout, record) if sibling else None
    except (RegError, OSError):
        return None


def mend_record(layout: Layout, record: RecordId, data: bytes) -> None:
    """Put a record in its place; an existing file there goes to the trash."""
    put_file(layout, layout.record(record), data, mode=0o444)


def _iter_sources(layout: Layout, blob: BlobHash, views: Iterable[Path], sibling: Sibling | None) -> Iterator[Source]:
    for path in trash.list_aside(layout, layout.blob(blob)):
        yield Source(path, "brought back from the trash")
    for path in views:
        yield Source(path, "copied from a view")
    if sibling:
        theirs = sibling.layout
        yield Source(theirs.blob(blob), "copied from the other registry")
        for path in trash.list_aside(theirs, theirs.blob(blob)):
            yield Source(path, "copied from the trash of the other registry")


def _holds(path: Path, blob: BlobHash) -> bool:
    try:
        return sha256_of_file(path) == blob
    except (CorruptError, OSError):  # missing, a link or a folder
        return False
