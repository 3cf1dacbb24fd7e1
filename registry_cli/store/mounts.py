"""Which file systems are disks of this machine alone, as the kernel's table of mounts tells."""

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
"""File systems of one machine, whose locks and shared memory all processes that see a file share. One that is not
listed counts as a network's: two mounts of a FUSE file system do not share them."""


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
