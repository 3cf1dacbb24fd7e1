"""A file system of a few megabytes in memory, to be filled, emptied and made read-only. Only root can mount it."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
"""Bytes of which a file takes whole numbers on a tmpfs."""


class SmallDisk:
    """A mounted tmpfs (tmpfs(5)).

    Args:
        path: Where; made.
        size: Bytes there are for files; folders and names take none.
        inodes: Files, folders and further names there may be; as many as one likes if None.

    Raises:
        OSError: It cannot be mounted.
    """

    def __init__(self, path: Path, size: int, inodes: int | None = None) -> None:
        self.path = path
        self._ballast = path / "ballast"
        path.mkdir()
        limits = f"size={size}" if inodes is None else f"size={size},nr_inodes={inodes}"
        self._mount("-t", "tmpfs", "-o", limits, "none")

    def fill(self, *, leave: int = 0) -> None:
        """Take all room but for `leave` bytes, in whole pages."""
        self.free()
        with self._ballast.open("wb", buffering=0) as ballast:
            while True:
                room = os.statvfs(self.path)
                try:
                    os.posix_fallocate(ballast.fileno(), 0, max(room.f_bavail * room.f_frsize - leave, 1))
                    return
                except OSError as error:  # another process took some of it meanwhile
                    if error.errno != errno.ENOSPC:
                        raise
                ballast.truncate(0)

    def crowd(self, *, leave: int = 0) -> None:
        """Take all inodes but for `leave`."""
        crowd = self.path / "crowd"
        crowd.mkdir()
        for number in range(os.statvfs(self.path).f_favail - leave):
            (crowd / str(number)).touch()

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    def protect(self) -> None:
        """Let nobody write any more."""
        self._mount("-o", "remount,ro")

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def _mount(self, *words: str) -> None:
        try:
            done = subprocess.run(["mount", *words, str(self.path)], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise OSError(errno.ENOSYS, "there is no mount(8)") from None
        if done.returncode:
            raise OSError(errno.EPERM, done.stderr.strip())


OpenDisk = Callable[..., SmallDisk]
"""Mounts one of the size, and with the inodes, that it is called with."""
