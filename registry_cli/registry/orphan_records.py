"""Orphan records, which no entry names: from a command that was killed, or of an entry that was lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.records import list_publications, list_task_records, list_version_records
from registry_cli.errors import CorruptError
from registry_cli.ids import RecordId
from registry_cli.records.codec import load_version
from registry_cli.records.task_codec import load_task
from registry_cli.store import files
from registry_cli.store.layout import FANOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.catalog.connection import Connection
    from registry_cli.ids import BlobHash
    from registry_cli.store.layout import Layout

_NAME: Final = re.compile(r"[0-9a-f]{62}\.toml")


def iter_strays(layout: Layout, db: Connection) -> Iterator[RecordId]:
    """Yield the records on disk that no entry names, sorted.

    Args:
        layout: The registry's paths.
        db: The catalog.
    """
    sealed = list_publications(db)
    for shard in FANOUT:
        named: set[RecordId] = {version for version, _ in list_version_records(db, shard)}
        named |= {record for record, _ in list_task_records(db, shard)}
        names = [name for name in files.list_names(layout.records / shard) if _NAME.fullmatch(name)]
        for record in (RecordId(shard + name.removesuffix(".toml")) for name in names):
            if record not in named and record not in sealed:
                yield record


def list_blobs(data: bytes) -> set[BlobHash]:
    """Return the blobs that the record of a version or task names; a publication names no blobs of its own."""
    for load in (_load_version_blobs, _load_task_blobs):
        try:
            return load(data)
        except CorruptError:  # of another kind
            continue
    return set()


def _load_version_blobs(data: bytes) -> set[BlobHash]:
    version = load_version(data, "it")
    design = {version.design.sha256} if version.design and version.design.sha256 else set()
    return {file.sha256 for file in version.files if file.sha256} | design


def _load_task_blobs(data: bytes) -> set[BlobHash]:
    return {file.sha256 for file in load_task(data, "it").files if file.sha256}
