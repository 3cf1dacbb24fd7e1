"""Fetches the bytes of files that only the upstream has; each blob is durable when the next one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.store.progress import SILENT, Progress, open_work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.api import Registry


def fetch_files(registry: Registry, files: Iterable[FileEntry], of: str, *, progress: Progress = SILENT) -> None:
    """Bring those of some files whose bytes are elsewhere into the registry.

    Args:
        registry: The registry.
        files: Files of a version.
        of: The version, for the progress.
        progress: Reports the bytes done.

    Raises:
        RemoteError: The upstream cannot be reached, or gives other bytes.
    """
    content = registry.content
    digests = dict.fromkeys(file.sha256 for file in files if file.sha256)
    sizes = {sha256: size for sha256 in digests if (size := content.find_elsewhere(sha256)) is not None}
    if not sizes:
        return
    with open_work(progress, f"fetch {of}", sum(sizes.values())):
        for sha256 in sizes:
            content.fetch(sha256, progress=progress)
