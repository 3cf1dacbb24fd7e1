"""Where a registry's index may lie: beside it where only we can put files, else in the user's cache, else nowhere."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.catalog import admission, database
from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.store.layout import Layout

_LOCAL: Final = frozenset(
    [
        "apfs", "bcachefs", "btrfs", "ecryptfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "nilfs2",
        "ntfs3", "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "ufs", "vfat", "xfs", "zfs",
    ]
)  # fmt: skip
"""File systems of one machine, whose locks and shared memory all processes that see a file share. One that is not
listed counts as a network's: two mounts of a FUSE file system do not share them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index may lie: `path`, or None for memory; `local` tells a disk of this machine."""

    path: Path | None
    local: bool = True


def find_place(layout: Layout, registry: str, cache_home: Callable[[], Path]) -> Place:
    """Return where a registry's index may lie.

    In the registry if that is on a disk of this machine and nobody else can put files there, and those that are there
    are ours; else in the user's cache folder. What is not ours is neither opened nor deleted.

    Args:
        layout: The registry's paths.
        registry: Its id.
        cache_home: Gives the user's cache folder; asked only when needed.
    """
    if not layout.shared and is_local(layout.root) and is_private(layout) and find_strange(layout.index) is None:
        return Place(layout.index)
    try:
        home = cache_home()
        files.make_dirs(home)
    except OSError:
        return Place(None)
    path = home / f"{registry}.sqlite"
    return Place(None) if find_strange(path) else Place(path, is_local(home))


def find_strange(index: Path) -> str | None:
    """Return which file of an index is not ours to open, and why; None where each that is there is ours."""
    strange = admission.find_strange(str(index))
    if strange is None and database.is_foreign(index):
        return f"{index} is another program's database"
    return strange


def is_private(layout: Layout) -> bool:
    """Return whether we can put files into a registry's cache, and nobody else can."""
    return all(map(_is_own, (layout.root, layout.cache))) and os.access(layout.cache, os.W_OK)


def is_local(path: Path) -> bool:
    """Return whether a path lies on a disk of this machine, as far as /proc/self/mountinfo tells (proc(5))."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return True
    return find_kind(mounts, f"{path.resolve()}/") in _LOCAL


def find_kind(mounts: str, real: str) -> str:
    """Return the type of the file system on which a resolved path lies, from the text of a mountinfo file."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescape(before.split()[4]).rstrip("/") + "/"
        if real.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def _unescape(point: str) -> str:
    """Return a mount point without the octal escapes that stand for spaces and the like."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point) if "\\" in point else point


def _is_own(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others
