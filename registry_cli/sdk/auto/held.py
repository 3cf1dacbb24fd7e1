"""Models that are about to be written over before anybody has taken them: set aside where that can be, else copied."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registry_cli.store import files
from registry_cli.store.files import NewFile

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64 << 20
"""Bytes that are copied where the file system cannot share them; more would make the script wait."""
MOST: Final = 32
"""Held files that may wait to be taken."""
_ACCESS: Final = "system.posix_acl_access"


def is_full(folder: Path) -> bool:
    """Return whether as many held files wait as may."""
    return sum(1 for _ in folder.iterdir()) >= MOST


def hold_file(path: Path, size: int, target: Path) -> bool:
    """Copy a file to a new one as it is now; return False where that would cost too much.

    Args:
        path: The file.
        size: Its bytes.
        target: In the folder of held files.

    Raises:
        OSError: It cannot be read, or there is no room.
    """
    if _clone(path, target):
        return True
    if size > LARGEST:
        return False
    files.copy_file(path, target)
    return True


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that was set aside.

    Attributes:
        path: Where it was, and nothing is.
        target: Where it is.
        mode: Its permissions.
    """

    path: Path
    target: Path
    mode: int

    def give_back(self) -> bool:
        """Put the file back unless something has been written in its place; return whether it is back.

        Raises:
            OSError: It cannot be put back, as when its folder is gone.
        """
        try:
            files.link(self.target, self.path)
        except FileExistsError:  # half of the new one, perhaps
            return False
        files.unlink(self.target)
        return True

    def hand_on(self) -> None:
        """Give what was written in its place its permissions.

        Raises:
            OSError: Nothing is there, or it is somebody else's.
        """
        if stat.S_IMODE(self.path.stat().st_mode) != self.mode:
            files.set_mode(self.path, self.mode)


def set_aside(path: Path, target: Path) -> Aside | None:
    """Take away a file that is about to be emptied and written anew, which copies nothing.

    Who has it open goes on with the bytes that it had.

    Args:
        path: The file.
        target: In the folder of held files.

    Returns:
        None where somebody might notice, or there is no room for both: a link, a file with other names, of another
        user or group, with an access list, or on another file system.

    Raises:
        OSError: There is no such file, or nothing can be written.
    """
    status, room = path.lstat(), os.statvfs(path)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_dev != target.parent.stat().st_dev:
        return None
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()) or _ACCESS in os.listxattr(path):
        return None
    if room.f_bavail * room.f_frsize < 2 * status.st_size:
        return None
    files.rename(path, target)
    return Aside(path, target, stat.S_IMODE(status.st_mode))


def _clone(path: Path, target: Path) -> bool:
    with path.open("rb", buffering=0) as source:
        file = NewFile(target)
        cloned = False
        try:
            cloned = file.clone(source.fileno())
        finally:
            file.close()
            if not cloned:
                files.unlink(target)
        return cloned
