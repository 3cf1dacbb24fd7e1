"""Where a registry's index may lie: beside it where only we can put files, else in the user's cache, else nowhere."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry_cli.catalog.index import admission, sqlite_file
from registry_cli.store import files
from registry_cli.store.mounts import is_local

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index may lie: `path`, or None for memory; `local` tells a disk of this machine."""

    path: Path | None
    local: bool = True


def find_place(layout: Layout, registry: str, cache_home: Callable[[], Path]) -> Place:
    """Return where a registry's index may lie.

    In the registry if that is on a disk of this machine and nobody else can put files there, and those that are there
    are ours; else in the user's cache folder. What is not ours is neither opened nor deleted.

    Args:
        layout: The registry's paths.
        registry: Its id.
        cache_home: Gives the user's cache folder; asked only when needed.
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
    """Return which file of an index is not ours to open, and why; None where each that is there is ours."""
    strange = admission.find_strange(str(index))
    if strange is None and sqlite_file.is_foreign(index):
        return f"{index} is another program's database"
    return strange


def is_private(layout: Layout) -> bool:
    """Return whether we can put files into a registry's cache, and nobody else can."""
    return all(map(_is_own, (layout.root, layout.cache))) and os.access(layout.cache, os.W_OK)


def _is_own(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others
