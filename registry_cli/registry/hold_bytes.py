"""Holds stored bytes for a change that brings them into use again, so that no collector deletes them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import BlobHash
    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.api import Registry
    from registry_cli.store.staging import Staging


def need_version(registry: Registry, staging: Staging, row: VersionRow) -> None:
    """Hold the blobs of a version's files and design.

    Raises:
        RefusedError: A blob is gone.
    """
    need_files(registry, staging, (file for file in row.files if not file.url), row.ref)
    if row.design and row.design.sha256:
        need_blob(registry, staging, row.design.sha256, f"the design of {row.ref}")


def need_files(registry: Registry, staging: Staging, files: Iterable[FileEntry], of: str) -> None:
    """Hold the blobs of some files of a version or task, which `of` names in messages.

    Raises:
        RefusedError: A blob is gone.
    """
    for file in files:
        if file.sha256:
            need_blob(registry, staging, file.sha256, f"{file.path} of {of}")


def need_blob(registry: Registry, staging: Staging, sha256: BlobHash, what: str) -> None:
    """Hold a blob.

    Args:
        registry: The registry.
        staging: The staging that the change is committed with.
        sha256: The blob.
        what: The file or design that the bytes belong to, for the message.

    Raises:
        RefusedError: The blob is lost.
    """
    if not registry.content.has(sha256):
        raise RefusedError(f"the bytes of {what} are gone: add the same file again first", hint="reg model add --help")
    hold_blob(registry, staging, sha256)


def hold_blob(registry: Registry, staging: Staging, sha256: BlobHash) -> None:
    """Hold a blob that is here or staged; one that is elsewhere is not in reach of this copy's collectors."""
    if registry.content.find_elsewhere(sha256) is None:
        staging.need_blob(sha256)
