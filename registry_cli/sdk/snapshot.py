"""Snapshots of files in the attempt's folder, while their writer continues.

A reflink is a snapshot at no cost. A hard link is none: `torch.save` and `open(path, "wb")` truncate and rewrite the
same inode. So where the file system has no reflinks, files up to `SMALL` are copied before the call returns, which
takes less time than writing them took. Larger ones are linked, so that their writer may delete or replace them, and
checked: one that is rewritten in place before it is saved is refused, never saved in part.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import ConflictError
from registry_cli.registry.sources import list_sources
from registry_cli.store import files
from registry_cli.store.hashing import open_reader
from registry_cli.store.new_file import NewFile
from registry_cli.store.stamps import stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SMALL: Final = 64 << 20
"""Largest file, in bytes, that is copied before the call returns."""
_PIECE: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Files held until they are saved.

    Attributes:
        paths: Held paths of the files and folders that were named, in their order.
        linked: Held files that share their writer's inode, with the size and modification time that they had.
    """

    paths: tuple[Path, ...]
    linked: tuple[tuple[str, int, int], ...]


def take_snapshot(folder: Path, paths: Sequence[Path], rename: str | None = None) -> Snapshot:
    """Hold files and folders as they are now.

    Args:
        folder: The folder to make and hold them in; on the registry's file system.
        paths: Files and folders to hold.
        rename: New name of the one file.

    Raises:
        NotFoundError: A path is missing.
        ConflictError: A file changed while it was copied.
    """
    files.make_dir(folder)
    held: list[Path] = []
    linked: list[tuple[str, int, int]] = []
    try:
        for number, path in enumerate(paths):
            top = folder / str(number)
            files.make_dir(top)
            for source in list_sources([path]):
                target = top / (rename or source.path)
                files.make_dirs(target.parent)
                if not _hold(source.file, target, source.size):
                    status = target.stat()  # a write changes both, a link neither
                    linked.append((str(target), status.st_size, status.st_mtime_ns))
            held.append(top if path.is_dir() else top / (rename or path.name))
    except BaseException:
        files.remove_tree(folder)
        raise
    return Snapshot(tuple(held), tuple(linked))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; the bytes are shared where the file system can.

    Raises:
        OSError: It cannot be read, or there is no room.
        ConflictError: It changed while it was copied.
    """
    with open_reader(source) as fd:
        if not _clone(fd, target):
            _copy(fd, source, target)


def write_file(target: Path, data: bytes) -> None:
    """Write a new file."""
    file = NewFile(target, 0o444)
    try:
        file.write(data)
    finally:
        file.close()


def _clone(source: int, target: Path) -> bool:
    file = NewFile(target, 0o444)
    try:
        cloned = file.clone(source)
    finally:
        file.close()
    if not cloned:
        files.unlink(target)
    return cloned


def _hold(source: Path, target: Path, size: int) -> bool:
    """Clone, link or copy a file to `target`; return True where its writer can no longer change it there."""
    with open_reader(source) as fd:
        if _clone(fd, target):
            return True
        if size > SMALL:
            try:
                files.link(source.resolve(), target)
            except OSError:  # another file system, or another user's file
                pass
            else:
                return False
        _copy(fd, source, target)
        return True


def _copy(fd: int, source: Path, target: Path) -> None:
    before = os.fstat(fd)
    file = NewFile(target, 0o444)
    try:
        at = 0
        while chunk := os.pread(fd, _PIECE, at):
            file.write(chunk)
            at += len(chunk)
    finally:
        file.close()
    if stamp_of(before) != stamp_of(os.fstat(fd)) or at != before.st_size:
        raise ConflictError(f"{source} changed while it was copied: commit it when its writer is done")
