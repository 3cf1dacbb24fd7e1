"""Gets a version's bytes: copies them out, or opens them in place."""

from __future__ import annotations

import os
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING, Literal, cast

from registry_cli import env
from registry_cli.dataclass import dataclass
from registry_cli.errors import ConflictError, CorruptError, RegError, UsageError
from registry_cli.registry.availability import check_live, check_present
from registry_cli.registry.external import check_external, fetch_file, find_outside
from registry_cli.registry.fetch import fetch_files
from registry_cli.registry.proof import check_proof
from registry_cli.store import files
from registry_cli.store.beneath import guard
from registry_cli.store.copying import Copying, Place, find_place
from registry_cli.store.hashing import iter_chunks, open_reader, xxh3_of_file
from registry_cli.store.outlet import Outlet
from registry_cli.store.progress import SILENT, Progress, open_work
from registry_cli.store.views import Mode, ViewFile, open_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import BlobHash, Xxh3
    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a version at its target; `new` is False where an identical file was there and was left alone."""

    path: Path
    new: bool


def is_address(word: str) -> bool:
    """Return whether a word has the form of an address with a number, alias or id, which may name no version."""
    return not {":", "@"}.isdisjoint(word)


def names_version(registry: Registry, word: str) -> bool:
    """Return whether a word names versions, by an address or by the bare name of a model."""
    try:
        return bool(registry.list_rows([word]))
    except RegError:
        return False


def get_version(
    registry: Registry, row: VersionRow, target: Path, *, force: bool = False, progress: Progress = SILENT
) -> list[Written]:
    """Write a version's files into the folder `target`; each file is checked while it is copied.

    Args:
        registry: The registry.
        row: The version.
        target: A folder; created if missing.
        force: Replace files that are different.
        progress: Reports the bytes done.

    Raises:
        ConflictError: A different file is in the way; nothing has been written.
        CorruptError: The stored bytes have changed.
        RemoteError: The bytes are elsewhere and cannot be fetched.
    """
    return _write_files(registry, row, [(file, target / file.path) for file in row.files], force, progress)


def get_file(
    registry: Registry, row: VersionRow, target: Path, *, force: bool = False, progress: Progress = SILENT
) -> Written:
    """Write the one file of a version to `target`; raises the same errors as `get_version`.

    Raises:
        UsageError: The version has several files.
    """
    [written] = _write_files(registry, row, [(_only_file(registry, row), target)], force, progress)
    return written


def write_stream(registry: Registry, row: VersionRow, fd: int) -> None:
    """Write the bytes of the one file of a version to the open descriptor `fd`, after checking them."""
    check_present(registry, row)
    check_proof(registry.layout, row)

    def write(chunk: memoryview) -> None:
        while chunk:
            chunk = chunk[os.write(fd, chunk) :]

    _stream(registry, row, _known(registry, row, _only_file(registry, row), SILENT), write)


def _write_files(
    registry: Registry, row: VersionRow, wanted: Sequence[tuple[FileEntry, Path]], force: bool, progress: Progress
) -> list[Written]:
    check_present(registry, row)
    check_proof(registry.layout, row)
    known = [(_known(registry, row, file, progress), target) for file, target in wanted]
    places = [_look(target, file, force) for file, target in known]
    new = [file for (file, _), place in zip(known, places, strict=True) if place != "same"]
    fetch_files(registry, new, row.ref, progress=progress)
    size = sum(file.size or 0 for file, _ in known)
    with open_work(progress, f"get {row.ref}", size), Copying(replace=force, progress=progress) as copying:
        for (file, target), place in zip(known, places, strict=True):
            if place == "same":
                copying.count_on(target)
                progress.advance(file.size or 0)
            elif place == "stream":
                _write_into(registry, row, file, target, progress)
            else:
                files.make_dirs(target.parent)
                _copy(registry, row, file, target, copying)
        copying.finish()
    return [Written(target, place != "same") for (_, target), place in zip(known, places, strict=True)]


def _look(target: Path, file: FileEntry, force: bool) -> Place | Literal["same"]:
    """Return what is at the target of a file; `same` where it is that file already."""
    if _is_same(target, file):
        return "same"
    place = find_place(target)
    if place == "file" and not force:
        raise ConflictError(f"{target} exists and differs: --force replaces it", hint="reg model get --help")
    return place


def _write_into(registry: Registry, row: VersionRow, file: FileEntry, target: Path, progress: Progress) -> None:
    """Write a file's bytes into a pipe or character device, which is not replaced."""
    with Outlet(target) as outlet:
        _stream(registry, row, file, outlet.write)
    progress.advance(file.size or 0)


def _stream(registry: Registry, row: VersionRow, file: FileEntry, write: Callable[[memoryview], None]) -> None:
    """Write a file's bytes to a target that cannot take them back: check them before, and again while writing."""
    from xxhash import xxh3_128

    digest = xxh3_128()
    with _open_checked(registry, row, file) as source:
        for chunk in iter_chunks(source):
            write(chunk)
            digest.update(chunk)
    if file.xxh3 and digest.hexdigest() != file.xxh3:
        raise CorruptError(f"{row.ref}: {file.path} changed while it was written out")


def open_path(registry: Registry, row: VersionRow, *, verify: bool = False, progress: Progress = SILENT) -> Path:
    """Return a version's file, or the folder of its files where it has several, for reading only.

    Args:
        registry: The registry.
        row: The version.
        verify: Read all bytes; else only files that look changed, or are used for the first time since the last boot.
        progress: Reports the bytes done.

    Raises:
        RefusedError: The version was removed.
        CorruptError: The stored bytes have changed.
        RemoteError: The bytes are elsewhere and cannot be fetched.
    """
    check_live(registry, row)
    check_present(registry, row)
    check_proof(registry.layout, row)
    known = [_known(registry, row, file, progress) for file in row.files]
    if len(known) == 1 and (local := find_outside(registry, known[0])):
        return local
    shown = [
        ViewFile(file.path, file.size or 0, cast("BlobHash", file.sha256), cast("Xxh3", file.xxh3)) for file in known
    ]
    fetch_files(registry, known, row.ref, progress=progress)
    mode = cast("Mode", registry.settings.find("views"))
    views = registry.layout.views
    if not os.access(views, os.W_OK):
        views = env.cache_home() / "views" / registry.id
        guard(views)
    with open_work(progress, f"check {row.ref}", row.size):
        folder = open_view(registry.layout, views, row.id, shown, mode, verify=verify, progress=progress)
    return folder / shown[0].path if len(shown) == 1 else folder


def _known(registry: Registry, row: VersionRow, file: FileEntry, progress: Progress) -> FileEntry:
    """Return a file with known digests and local bytes; an external file is fetched."""
    check_live(registry, row)
    return fetch_file(registry, row, file, progress=progress) if file.url else file


def _copy(registry: Registry, row: VersionRow, file: FileEntry, target: Path, copying: Copying) -> None:
    local, sha256 = find_outside(registry, file), cast("BlobHash", file.sha256)
    mode = 0o777 if file.executable else 0o666  # less what the umask of the user takes away
    try:
        if local is not None:
            copying.add_file(local, target, sha256, mode=mode)
        else:
            copying.add_blob(registry.content, sha256, cast("Xxh3", file.xxh3), target, mode=mode)
    except CorruptError as error:
        raise CorruptError(f"{row.ref}: {file.path}: {error.message}", hint=error.hint) from None


@contextmanager
def _open_checked(registry: Registry, row: VersionRow, file: FileEntry) -> Iterator[int]:
    """Open a file's bytes, which were checked just before."""
    local, sha256 = find_outside(registry, file), cast("BlobHash", file.sha256)
    if local is not None:
        check_external(row, file, local)
        with open_reader(local) as source:
            yield source
        return
    registry.content.verify(sha256, file.xxh3, file.size)
    with registry.content.open(sha256) as blob:
        yield blob.fileno()


def _is_same(path: Path, file: FileEntry) -> bool:
    return path.is_file() and path.stat().st_size == file.size and xxh3_of_file(path) == file.xxh3


def _only_file(registry: Registry, row: VersionRow) -> FileEntry:
    if len(row.files) != 1:
        check_proof(registry.layout, row)  # the index may be wrong
        raise UsageError(f"{row.ref} has {len(row.files)} files, not one", hint=f"reg model get {quote(row.ref)} .")
    return row.files[0]
