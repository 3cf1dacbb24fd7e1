"""Turns files of the user into blobs in place: read-only and of the registry's group, like all blobs.

An inode has one mode and one owner, whatever its names, so the changes also show under the user's name.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import RegError
from registry_cli.store import files

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout

BLOB: Final = 0o444
"""Mode of a blob: readable for all, writable for nobody."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A file under a name of ours, with its earlier mode and group."""

    path: Path
    mode: int
    group: int


def adopt(layout: Layout, path: Path, source: Path) -> Adopted:
    """Give a file the mode and the group of a blob.

    Args:
        layout: The registry.
        path: A name of ours for the file, in `tmp/`.
        source: The user's name for it.

    Raises:
        RegError: It belongs to another user, who could write to it at any time.
    """
    status = files.get_status(path)
    if status.st_uid not in {os.geteuid(), files.get_status(layout.blobs).st_uid}:
        raise RegError(f"{source} belongs to another user, who can change it: without --link it is copied")
    adopted = Adopted(path, stat.S_IMODE(status.st_mode), status.st_gid)
    group = files.get_status(layout.tmp).st_gid
    if layout.shared and status.st_gid != group:
        with suppress(PermissionError):  # everyone can still read it
            files.set_group(path, group)
    if adopted.mode != BLOB:
        files.set_mode(path, BLOB)
    return adopted


def give_back(adopted: Adopted) -> None:
    """Restore the mode and group of a file that has not become a blob."""
    with suppress(OSError):  # a collector has removed our name for it
        if files.get_status(adopted.path).st_gid != adopted.group:
            files.set_group(adopted.path, adopted.group)
        files.set_mode(adopted.path, adopted.mode)
