"""Files as they are now, held in the attempt's folder while their writer goes on.

A reflink is a snapshot at no cost. A hard link is none: `torch.save` and `open(path, "wb")` cut and fill the same
inode. So where the file system has no reflinks, files up to `SMALL` are copied before the caller goes on, which takes
less time than they took to be written. Larger ones are linked, so that their writer may delete or replace them, and
watched: one that is rewritten in place before it is saved is refused, never saved in part.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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
"""Bytes up to which a file is copied before its writer goes on."""
_PIECE: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Files held for a while.

    Attributes:
        paths: Where those lie now that were named, in their order.
        linked: Files that are still their writer's, with the size and time that they had.
    """

    paths: tuple[Path, ...]
    linked: tuple[tuple[str, int, int], ...]


def take_snapshot(folder: Path, paths: Sequence[Path], rename: str | None = None) -> Snapshot:
    """Hold files and folders as they are now.

    Args:
        folder: Made to hold them; on the registry's file system.
        paths: What to hold.
        rename: What the one file is to be called.

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
                    status = target.stat()  # a write changes both, a link none of them
                    linked.append((str(target), status.st_size, status.st_mtime_ns))
            held.append(top if path.is_dir() else top / (rename or path.name))
    except BaseException:
        files.remove_tree(folder)
        raise
    return Snapshot(tuple(held), tuple(linked))


def _hold(source: Path, target: Path, size: int) -> bool:
    """Bring a file to `target`; return whether it is independent of its writer there."""
    with open_reader(source) as fd:
        file = NewFile(target, 0o444)
        try:
            cloned = file.clone(fd)
        finally:
            file.close()
        if cloned:
            return True
        files.unlink(target)
        if size > SMALL:
            try:
                files.link(source.resolve(), target)
            except OSError:  # another file system, or somebody else's file
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
