"""The bytes of blobs, wherever they lie: in their place, in the trash, or at an upstream.

A blob that is not here is elsewhere if the upstream has it, which is no damage, and otherwise lost. Bytes that are
elsewhere are fetched when they are read: they come into the registry, and count as here once their SHA-256 is right.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from registry_cli.errors import RemoteError
from registry_cli.store.blobs import copy_blob, get_blob, has_blob, is_stored, open_blob, read_blob, verify_blob
from registry_cli.store.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from registry_cli.ids import BlobHash, Xxh3
    from registry_cli.store.flushing import EarlyFlush
    from registry_cli.store.layout import Layout
    from registry_cli.store.new_file import NewFile

PART: Final = 8 << 20
"""Bytes that are requested at a time."""


class Source(Protocol):
    """A place outside of the registry that holds blobs."""

    def find_size(self, sha256: BlobHash) -> int | None:
        """Return the size in bytes of a blob that the place has by the log, or None; no network is used.

        A blob that was collected there, or that only external files name, is not one that it has.
        """

    def read(self, sha256: BlobHash, start: int, *, most: int) -> bytes:
        """Return unchecked bytes of a blob from `start` on, up to `most` of them; none where it ends before.

        Raises:
            RemoteError: The place cannot be reached, or does not have the blob.
        """


class Content:
    """The blobs of one registry.

    Args:
        layout: The registry.
        upstream: The place that has blobs which are not here, or None.
    """

    def __init__(self, layout: Layout, upstream: Source | None = None) -> None:
        self.layout = layout
        self._upstream = upstream

    def has(self, sha256: BlobHash) -> bool:
        """Return whether a blob is here or elsewhere; one in the trash is brought back."""
        return has_blob(self.layout, sha256) or self.find_upstream(sha256) is not None

    def is_lost(self, sha256: BlobHash) -> bool:
        """Return whether a blob is neither here nor in the trash nor elsewhere; nothing is moved."""
        return not is_stored(self.layout, sha256) and self.find_upstream(sha256) is None

    def find_elsewhere(self, sha256: BlobHash) -> int | None:
        """Return the size in bytes of a blob that is elsewhere, or None for another one; nothing is moved."""
        if self._upstream is None or is_stored(self.layout, sha256):
            return None
        return self.find_upstream(sha256)

    def find_upstream(self, sha256: BlobHash) -> int | None:
        """Return the size in bytes of a blob that the upstream has, or None; it may be here too."""
        return self._upstream.find_size(sha256) if self._upstream else None

    def fetch(self, sha256: BlobHash, *, progress: Progress = SILENT) -> None:
        """Bring a blob that is elsewhere into the registry, durably; do nothing for another one.

        Raises:
            RemoteError: The upstream cannot be reached, or gives other bytes.
        """
        size = self.find_elsewhere(sha256)
        if size is None:
            return
        from registry_cli.store.staging import Staging  # a registry without an upstream need not load it to read

        with Staging(self.layout, progress=progress) as staging:
            if staging.add_chunks(self._iter_parts(sha256, size)).sha256 != sha256:
                raise RemoteError(f"the upstream does not have the bytes of blob {sha256[:12]}, but others")
            staging.install()

    @contextmanager
    def open(self, sha256: BlobHash) -> Iterator[BinaryIO]:
        """Open a blob's bytes, as `open_blob`; fetch them first where they are elsewhere, as all methods below."""
        self.fetch(sha256)
        with open_blob(self.layout, sha256) as file:
            yield file

    def read(self, sha256: BlobHash) -> bytes:
        """Return a small blob's bytes, as `read_blob`."""
        self.fetch(sha256)
        return read_blob(self.layout, sha256)

    def get_path(self, sha256: BlobHash) -> Path:
        """Return the path of a blob, as `get_blob`."""
        self.fetch(sha256)
        return get_blob(self.layout, sha256)

    def verify(self, sha256: BlobHash, xxh3: Xxh3 | None, size: int | None, *, strong: bool = False) -> None:
        """Check a blob's bytes, as `verify_blob`."""
        self.fetch(sha256)
        verify_blob(self.layout, sha256, xxh3, size, strong=strong)

    def copy(
        self, sha256: BlobHash, xxh3: Xxh3, file: NewFile, *, early: EarlyFlush | None = None,
        progress: Progress = SILENT,
    ) -> None:  # fmt: skip
        """Copy a blob's bytes into a new file, as `copy_blob`."""
        self.fetch(sha256)
        copy_blob(self.layout, sha256, xxh3, file, early=early, progress=progress)

    def _iter_parts(self, sha256: BlobHash, size: int) -> Iterator[bytes]:
        """Yield a blob's bytes from the upstream, which may end early; one byte too many shows that it has others."""
        assert self._upstream
        done = 0
        while done <= size and (part := self._upstream.read(sha256, done, most=min(PART, size + 1 - done))):
            yield part
            done += len(part)
