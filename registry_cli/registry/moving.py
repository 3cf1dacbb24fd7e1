"""The user's own files that a blob shares or that are to be removed: checks them, and removes them safely.

A name is no proof: a training's next checkpoint may be renamed into it at any moment. Only the file that was taken in
is removed, identified by its inode, and nothing inside a registry.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.ids import new_ulid
from registry_cli.store import files
from registry_cli.store.blobs import is_blob, is_in_place, verify_blob
from registry_cli.store.copying import give_name, hidden_name
from registry_cli.store.hashing import sha256_of_file
from registry_cli.store.layout import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from registry_cli.ids import BlobHash
    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.sources import Source
    from registry_cli.store.layout import Layout

Mode = Literal["copy", "link", "move", "reference"]
"""Treatment of the user's file: it stays; shares its bytes with the blob; is removed; stays and is only pointed to."""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that was to be removed and stays: another file has its name now, or it was written to.

    Attributes:
        path: Its name.
        kept: Path of the file that was renamed for the check, where it could not get its name back; else None.
    """

    path: Path
    kept: Path | None = None


def check_sources(layout: Layout, sources: Iterable[Source], mode: Mode) -> None:
    """Check that files may be shared, removed or pointed to.

    Raises:
        UsageError: A file is inside a registry, by whatever name it was reached, or is a link that would be removed.
    """
    root = layout.root.stat()
    outside: set[Path] = set()
    for source in sources:
        if mode == "move" and source.file.is_symlink():
            raise UsageError(f"{source.file} is a link, and --move takes files: name the file that it leads to")
        folder = source.file.resolve().parent
        if folder not in outside and _is_inside(folder, root):
            raise UsageError(
                f"{source.file} lies in a registry, which keeps its files: without --{mode} it is copied",
            )
        outside.add(folder)


def may_share(layout: Layout, source: Source, mode: Mode) -> bool:
    """Return whether a blob can be the very file that the user names; else its bytes are copied.

    A file that is to be removed must be ours and have no other name, by which its bytes could be changed later.
    """
    if mode != "move":
        return mode == "link"
    status = source.file.stat()
    ours = status.st_uid == os.geteuid() and status.st_nlink == 1
    return ours and status.st_dev == layout.blobs.stat().st_dev


def take_away(layout: Layout, source: Source, taken: os.stat_result, file: FileEntry) -> Left | None:
    """Remove the user's file after its stored bytes were read back and are the same by SHA-256.

    It first gets a hidden name, and is removed if it is the file that was taken in; else it gets its name back.

    Args:
        layout: The registry's paths.
        source: The file.
        taken: Its status before it was read.
        file: The stored file.

    Returns:
        The file that stays, where the name belongs to another file by now; else None.

    Raises:
        CorruptError: The stored bytes are not those of the record.
    """
    assert file.sha256
    verify_blob(layout, file.sha256, file.xxh3, file.size, strong=True)
    if not _is_taken(layout, source.file, taken, file.sha256):
        return Left(source.file) if os.path.lexists(source.file) else None
    aside = hidden_name(source.file)
    try:
        files.rename(source.file, aside)
    except FileNotFoundError:
        return None
    try:
        goes = _is_same_file(aside.lstat(), taken) and is_in_place(layout, file.sha256)
    except BaseException:
        _put_back(aside, source.file)
        raise
    if not goes:
        return Left(source.file, _put_back(aside, source.file))
    files.unlink(aside)
    return None


def _is_inside(folder: Path, root: os.stat_result) -> bool:
    """Return whether a folder is a registry or below one: the one in use, identified by its inode, or another."""
    return any(
        os.path.samestat(above.stat(), root) or (above.name == DIRECTORY and (above / "format.toml").exists())
        for above in (folder, *folder.parents)
    )


def _is_taken(layout: Layout, path: Path, taken: os.stat_result, sha256: BlobHash) -> bool:
    """Return whether the file of that name is the one that was taken in, with unchanged bytes."""
    try:
        status = path.lstat()
        if not _is_same_file(status, taken):
            return False
        if is_blob(layout, sha256, status) or status.st_ctime_ns == taken.st_ctime_ns:
            return True
        return sha256_of_file(path) == sha256  # its mode or links have changed, or its bytes without its times
    except FileNotFoundError:
        return False


def _is_same_file(status: os.stat_result, taken: os.stat_result) -> bool:
    """Return whether two statuses are of one file with the same size and time of modification."""
    same = os.path.samestat(status, taken)
    return same and (status.st_size, status.st_mtime_ns) == (taken.st_size, taken.st_mtime_ns)


def _put_back(aside: Path, path: Path) -> Path | None:
    """Give a file its name back; where a third file has it by now, return the name that the file gets instead."""
    try:
        give_name(aside, path)
    except FileExistsError:
        kept = path.with_name(f"{path.name[:40]}.kept-{new_ulid()}")
        give_name(aside, kept)
        return kept
    return None
