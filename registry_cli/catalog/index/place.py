"""The place of a registry's index: in the registry if only we can add files there, else the user's cache, else none."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from registry_cli.catalog.index import admission, sqlite_file
from registry_cli.dataclass import dataclass
from registry_cli.store import files
from registry_cli.store.mounts import is_local

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Place:
    """The place of the index: `path`, or None for memory; `local` is true for a disk of this machine."""

    path: Path | None
    local: bool = True


def find_place(layout: Layout, registry: str, cache_home: Callable[[], Path]) -> Place:
    """Return the place of a registry's index.

    It is in the registry if that is on a disk of this machine, no other user can add files there, and the index's
    files there are ours; else in the user's cache folder. Files that are not ours are neither opened nor deleted.

    Args:
        layout: The registry's paths.
        registry: The registry's id.
        cache_home: Returns the user's cache folder; called only when needed.
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
    """Return the file of an index that we must not open, with the reason; None where all existing files are ours."""
    strange = admission.find_strange(str(index))
    if strange is None and sqlite_file.is_foreign(index):
        return f"{index} is another program's database"
    return strange


def is_private(layout: Layout) -> bool:
    """Return whether we, and no other user, can add files to a registry's cache."""
    return all(map(_is_own, (layout.root, layout.cache))) and os.access(layout.cache, os.W_OK)


def _is_own(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others
