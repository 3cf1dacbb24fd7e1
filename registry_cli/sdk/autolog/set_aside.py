"""Holds model files that are about to be overwritten before they are saved: moves them aside, or else copies them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from registry_cli.store import files
from registry_cli.store.hashing import iter_chunks, open_reader
from registry_cli.store.new_file import NewFile

LARGEST: Final = 64 << 20
"""Bytes up to which a file is copied where the file system cannot share them; more would make the script wait."""
MOST: Final = 32
"""Held files that may wait at once."""
_STATUS: Final = Path("/proc/self/status")
"""Linux's file that contains the umask."""


def is_full(folder: Path) -> bool:
    """Return True where no more held files may wait."""
    return sum(1 for _ in folder.iterdir()) >= MOST


def hold_file(path: Path, size: int, target: Path) -> bool:
    """Copy a file to a new one as it is now; return False where that would take too long.

    Args:
        path: The file.
        size: Its size in bytes.
        target: The new file, in the folder of held files.

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
    """Move aside a file that is about to be truncated and rewritten, which copies nothing.

    A process that has it open keeps its old bytes.

    Args:
        path: The file.
        size: Its size in bytes, as noted.
        mtime: Its modification time in nanoseconds, as noted.
        target: Its new path, in the folder of held files.

    Returns:
        False where the move could be noticed, or there is no room for both: a link, a file with other names, of another
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
    """Restore a file that was set aside, unless its path is taken by now; return True where it is restored."""
    try:
        files.link(target, path)
    except OSError:  # part of the new file may be there, or the folder is gone
        return False
    files.unlink(target)
    return True


def _is_plain(path: Path, mode: int) -> bool:
    """Return True where a new file at this path would have the same permissions and attributes."""
    status = _STATUS.read_text("ascii", "replace")  # `os.umask` cannot read it without a change
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
