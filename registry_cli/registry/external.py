"""External files, which a version points to and does not hold: fetches them when read, and records their digests."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from registry_cli.catalog.fold import changes
from registry_cli.errors import CorruptError, NotFoundError, RemoteError
from registry_cli.records.parts import FileEntry
from registry_cli.registry.transaction import transact
from registry_cli.store.hashing import CHANGED, CHUNK, Digests, sha256_of_file
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry

TIMEOUT = 30
"""Seconds without a byte after which a request times out."""


def fetch_file(registry: Registry, row: VersionRow, file: FileEntry, *, progress: Progress = SILENT) -> FileEntry:
    """Fetch an external file's bytes into the registry, check or record its digest, and return the file with it.

    Raises:
        NotFoundError: A local file is gone, or is a folder, pipe, socket or device.
        ConflictError: The file changed while it was read.
        RemoteError: A server cannot be reached, or does not have the file.
        CorruptError: The bytes differ from those of the first read.
    """
    if file.sha256 and registry.content.has(file.sha256):
        return file
    with Staging(registry.layout, progress=progress) as staging:
        digests = _read(str(file.url), staging)
        if file.sha256 and file.sha256 != digests.sha256:
            raise _changed(row, file)
        staging.install()
        if not file.sha256:
            learned = changes.digest(row.id, file.path, size=digests.size, sha256=digests.sha256, xxh3=digests.xxh3)
            transact(registry, lambda: [learned], staging=staging)
    return FileEntry(file.path, digests.size, digests.sha256, digests.xxh3, file.media, file.url)


def find_local(file: FileEntry) -> Path | None:
    """Return the local file that a `file://` URL names, or None for another URL."""
    parts = _split(file.url or "")
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise RemoteError(f"{url} is no address: {error}") from None


def find_outside(registry: Registry, file: FileEntry) -> Path | None:
    """Return the local file that a file's URL names, where only that has the bytes; else None."""
    local = find_local(file)
    return None if local and file.sha256 and registry.content.has(file.sha256) else local


def check_external(row: VersionRow, file: FileEntry, path: Path) -> None:
    """Check that a local file that a version points to is there, with the bytes that it had.

    Raises:
        NotFoundError: It is gone.
        CorruptError: It has other bytes.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path} is gone, and {row.ref} only points to it: bring it back, or add it again",
            hint="reg model add --help",
        )
    if file.sha256 and sha256_of_file(path) != file.sha256:
        raise _changed(row, file)


def _changed(row: VersionRow, file: FileEntry) -> CorruptError:
    local = find_local(file)
    what = f"--url {quote(str(file.url))}" if local is None else f"{_list_sources(row, file, local)} --reference"
    return CorruptError(
        f"{file.path} of {row.ref}: {local or file.url} {CHANGED}: bring it back, or add what is there",
        hint=f"reg model add {quote(row.name)} {what}",
    )


def _list_sources(row: VersionRow, file: FileEntry, local: Path) -> str:
    """Return the words that add a version's local files again: their folder where they come from one, else each."""
    if len(row.files) == 1 and file.path == local.name:
        return quote(str(local))
    found = [(one, path) for one in row.files if (path := find_local(one)) is not None]
    inside = all(
        path.as_posix().endswith(f"/{one.path}") for one, path in found
    )  # false where a file has another name in the version
    folders = {path.parents[one.path.count("/")] for one, path in found} if inside else set()
    paths = folders if len(folders) == 1 else {path for _, path in found}
    return " ".join(quote(str(path)) for path in sorted(paths))


def _read(url: str, staging: Staging) -> Digests:
    scheme = _split(url).scheme
    if scheme == "file":
        path = Path(unquote(urlsplit(url).path))
        if not path.is_file():
            what = "is no regular file" if path.exists() else "is gone"
            raise NotFoundError(
                f"{path} {what}, and the version only points to it: bring it back, or add it again",
                hint="reg model add --help",
            )
        return staging.read_file(path)
    if scheme not in {"http", "https"}:
        raise RemoteError(
            f"{scheme}: files cannot be read yet: fetch it, and add the file", hint="reg model add --help"
        )
    return _download(url, staging)


def _download(url: str, staging: Staging) -> Digests:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=TIMEOUT) as response:
            digests = staging.add_chunks(iter(lambda: response.read(CHUNK), b""))
            promised = response.headers["Content-Length"]
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(error, HTTPError):  # it holds the connection of the response
            error.close()
        raise RemoteError(f"{url} cannot be read: {reason}") from None
    if promised is not None and promised != str(
        digests.size
    ):  # the standard library does not report a connection that was cut
        raise RemoteError(f"{url} ended after {digests.size:,} of {promised} bytes: the command can run again")
    return digests
