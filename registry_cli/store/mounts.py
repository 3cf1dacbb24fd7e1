"""Finds out from the kernel's table of mounts whether a path lies on a disk of this machine alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_LOCAL: Final = frozenset(
    [
        "apfs", "bcachefs", "btrfs", "ecryptfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "nilfs2",
        "ntfs3", "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "ufs", "vfat", "xfs", "zfs",
    ]
)  # fmt: skip
"""Local file systems: all processes that see a file share its locks and its shared memory. A file system that is not
listed counts as a network file system: two mounts of a FUSE file system share neither."""


def is_local(path: Path) -> bool:
    """Return whether a path lies on a disk of this machine by /proc/self/mountinfo (proc(5)); True where that fails."""
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
    """Return a mount point with the octal escapes for spaces and other characters replaced."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point) if "\\" in point else point
