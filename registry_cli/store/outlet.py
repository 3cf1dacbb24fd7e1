"""Pipes and character devices of the user as targets: bytes are written into them and replace nothing."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from registry_cli.store.new_file import OpenFile

if TYPE_CHECKING:
    from pathlib import Path


class Outlet(OpenFile):
    """An open pipe or character device; opening a pipe waits for its reader.

    Raises:
        OSError: EINVAL where something else lies there by now; else the error of the system.
    """

    __slots__ = ()

    def __init__(self, path: Path) -> None:
        super().__init__(path, os.O_WRONLY | os.O_NOCTTY, 0)
        if not is_stream(os.fstat(self.fd)):
            self.close()
            raise OSError(errno.EINVAL, "not a pipe or character device", str(path))


def is_stream(status: os.stat_result) -> bool:
    """Return whether a status is that of a pipe or character device."""
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)
