"""Models that are about to be written over before anybody has taken them: set aside where that can be, else copied."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from registry_cli.store import files
from registry_cli.store.hashing import iter_chunks, open_reader
from registry_cli.store.new_file import NewFile

LARGEST: Final = 64 << 20
"""Bytes that are copied where the file system cannot share them; more would make the script wait."""
MOST: Final = 32
"""Held files that may wait to be taken."""
_STATUS: Final = Path("/proc/self/status")
"""Where Linux tells the umask."""


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
    file = NewFile(target)
    try:
        with open_reader(path) as source:
            for chunk in iter_chunks(source):
                file.write(chunk)
    except BaseException:
        files.unlink(target)
        raise
    finally:
        file.close()
    return True


def set_aside(path: Path, size: int, mtime: int, target: Path) -> bool:
    """Take away a file that is about to be emptied and written anew, which copies nothing.

    Who has it open goes on with the bytes that it had.

    Args:
        path: The file.
        size: Its bytes, as they were noted.
        mtime: Nanoseconds, the same way.
        target: In the folder of held files.

    Returns:
        False where somebody might notice, or there is no room for both: a link, a file with other names, of another
        user or on another file system, with other permissions than a new one has, or that was written just now.

    Raises:
        OSError: There is no such file, or nothing can be written.
    """
    status, room = path.lstat(), os.statvfs(path)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_dev != target.parent.stat().st_dev:
        return False
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()) or not _is_plain(path, status.st_mode):
        return False
    if room.f_bavail * room.f_frsize < 2 * status.st_size:
        return False
    try:
        files.rename(path, target)
        found = target.stat()
        if (found.st_size, found.st_mtime_ns) == (size, mtime):
            return True
    except BaseException:  # a signal's, such as KeyboardInterrupt
        give_back(path, target)
        raise
    give_back(path, target)
    return False


def give_back(path: Path, target: Path) -> bool:
    """Put back what was set aside unless something is in its place by now; return whether it is back."""
    try:
        files.link(target, path)
    except OSError:  # half of the new one, perhaps, or the folder is gone
        return False
    files.unlink(target)
    return True


def _is_plain(path: Path, mode: int) -> bool:
    """Return whether a new file in the place of this one would be the same but for its bytes."""
    status = _STATUS.read_text("ascii", "replace")  # to ask by `os.umask` is to change it
    umask = next((int(line.split()[1], 8) for line in status.splitlines() if line.startswith("Umask:")), 0o777)
    return stat.S_IMODE(mode) == 0o666 & ~umask and all(name.startswith("security.") for name in os.listxattr(path))


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
