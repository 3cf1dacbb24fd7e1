"""An upstream in a folder, to which a test sends the bytes of a registry, so that they are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.remotes.folder import FolderRemote
from registry_cli.store import files
from registry_cli.store.blobs import iter_stored

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.ids import BlobHash
    from registry_cli.remotes.port import Remote
    from registry_cli.store.layout import Layout


class RemoteUpstream:
    """The port `Upstream` over the blobs of a remote, of which it knows those that it was given.

    Attributes:
        remote: The remote.
        sizes: The blobs that it has by the log, with their sizes in bytes.
        fetched: The blobs that were read, each once.
    """

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.sizes: dict[BlobHash, int] = {}
        self.fetched: dict[BlobHash, None] = {}

    def find_size(self, sha256: BlobHash) -> int | None:
        """Return the size of a blob, as `Upstream.find_size`."""
        return self.sizes.get(sha256)

    def read(self, sha256: BlobHash, start: int, *, most: int) -> bytes:
        """Return a part of a blob, as `Upstream.read`."""
        self.fetched[sha256] = None
        return self.remote.get(key_of(sha256), start, most=most)

    def put(self, sha256: BlobHash, data: bytes, size: int | None = None) -> None:
        """Give it bytes as those of a blob, whatever they are."""
        self.remote.put_new(key_of(sha256), data)
        self.sizes[sha256] = len(data) if size is None else size


def key_of(sha256: BlobHash) -> str:
    """Return the key of a blob's object."""
    return f"blobs/{sha256[:2]}/{sha256[2:]}"


def make_upstream(folder: Path) -> RemoteUpstream:
    """Return an upstream without blobs, in a new folder."""
    return RemoteUpstream(FolderRemote(folder))


def send_away(layout: Layout, upstream: RemoteUpstream) -> None:
    """Move all blobs of a registry to an upstream."""
    for stored in iter_stored(layout):
        for sha256, path in stored.items():
            upstream.put(sha256, path.read_bytes())
            files.unlink(path)
