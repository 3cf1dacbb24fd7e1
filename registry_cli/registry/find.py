"""Finds the versions that hold given bytes: a file, all files of a folder, standard input, or a digest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, BinaryIO, Final

from registry_cli.catalog.read.uses import has_size, iter_file_holders, list_digests
from registry_cli.catalog.read.versions import list_versions
from registry_cli.dataclass import dataclass
from registry_cli.errors import AmbiguousError, NotFoundError
from registry_cli.ids import BlobHash, is_hex
from registry_cli.registry.sources import list_sources
from registry_cli.store.hashing import CHUNK, sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry

_SHORTEST: Final = 8
"""Fewest hex digits of a digest."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A version that holds the bytes, and the files in it that do."""

    version: VersionRow
    paths: tuple[str, ...]


def find_holders(registry: Registry, what: str, *, removed: bool = False) -> list[Holder]:
    """Return the versions that hold the bytes of a file, or of all files of a folder, newest first.

    Args:
        registry: The registry.
        what: A path, or a SHA-256 or its first 8 digits or more, also after `sha256:`; a path that exists comes first.
        removed: Include removed versions.

    Raises:
        NotFoundError: There is no such file, or no version holds the bytes.
        AmbiguousError: Several known files have a digest that starts so.
    """
    path = Path(what)
    digest = what.removeprefix("sha256:").lower()
    if not path.exists() and is_hex(digest):
        if len(digest) < _SHORTEST:
            raise NotFoundError(
                f"no file or folder {what}, and the start of a SHA-256 needs {_SHORTEST} digits",
                hint="reg model find --help",
            )
        return _list_holders(registry, [_get_digest(registry, digest)], what, removed=removed)
    wanted = []
    for source in list_sources([path], follow=True):
        size = source.size
        if not registry.read(lambda db, size=size: has_size(db, size)):  # type: ignore[misc]  # bound for each file
            raise _missing(what)
        wanted.append(sha256_of_file(source.name))
    return _list_holders(registry, wanted, what, removed=removed)


def find_holders_of_stream(registry: Registry, stream: BinaryIO, *, removed: bool = False) -> list[Holder]:
    """Return the versions that hold the bytes of a stream, read to its end, newest first.

    Raises:
        NotFoundError: No version holds them.
    """
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return _list_holders(registry, [BlobHash(digest.hexdigest())], "standard input", removed=removed)


def _get_digest(registry: Registry, prefix: str) -> BlobHash:
    found = registry.read(lambda db: list_digests(db, prefix, 2))
    if len(found) > 1:
        raise AmbiguousError(f"several files have a SHA-256 that starts with {prefix}")
    if not found:
        raise _missing(prefix)
    return found[0]


def _list_holders(registry: Registry, wanted: Sequence[BlobHash], what: str, *, removed: bool) -> list[Holder]:
    def read(db: Connection) -> list[Holder]:
        held: dict[int, dict[str, BlobHash]] = {}
        for row, path, sha256 in iter_file_holders(db, sorted(set(wanted))):
            held.setdefault(row, {})[path] = sha256
        rows = [row for row, files in held.items() if set(files.values()) == set(wanted)]
        versions = zip(rows, list_versions(db, rows), strict=True)
        found = [Holder(version, tuple(sorted(held[row]))) for row, version in versions]
        return sorted(found, key=lambda holder: holder.version.created, reverse=True)

    found = registry.read(read)
    shown = [holder for holder in found if removed or not holder.version.removed]
    if found and not shown:
        version = found[0].version
        raise NotFoundError(
            f"only removed versions hold the bytes of {what}, such as {version.ref}",
            hint=f"reg model find {quote(what)} --removed" if what != "standard input" else "reg model find --help",
        )
    if not shown:
        raise _missing(what)
    return shown


def _missing(what: str) -> NotFoundError:
    return NotFoundError(f"no version holds the bytes of {what}", hint="reg model add --help")
