"""Files of the user that become blobs as they are: read-only and of the registry's group from then on, as all blobs.

An inode has one mode and one owner, whatever its names: so what is done here shows under the user's name too.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError
from registry_cli.store import files

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout

BLOB: Final = 0o444
"""Mode of a blob: nobody writes it, whoever reaches it reads it."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A file under a name of ours, and the mode and group that it had."""

    path: Path
    mode: int
    group: int


def adopt(layout: Layout, path: Path, source: Path) -> Adopted:
    """Give a file the mode and the group of a blob.

    Args:
        layout: The registry.
        path: A name of ours for the file, in `tmp/`.
        source: What the user calls it.

    Raises:
        RegError: It belongs to somebody else, who could write to it at any time.
    """
    status = files.get_status(path)
    if status.st_uid not in {os.geteuid(), files.get_status(layout.blobs).st_uid}:
        raise RegError(f"{source} belongs to another user, who can change it: without --link it is copied")
    adopted = Adopted(path, stat.S_IMODE(status.st_mode), status.st_gid)
    group = files.get_status(layout.tmp).st_gid
    if layout.shared and status.st_gid != group:
        with suppress(PermissionError):  # all may read it all the same
            files.set_group(path, group)
    if adopted.mode != BLOB:
        files.set_mode(path, BLOB)
    return adopted


def give_back(adopted: Adopted) -> None:
    """Give a file that has not become a blob the mode and group that it had."""
    with suppress(OSError):  # a collector has taken our name for it
        if files.get_status(adopted.path).st_gid != adopted.group:
            files.set_group(adopted.path, adopted.group)
        files.set_mode(adopted.path, adopted.mode)
