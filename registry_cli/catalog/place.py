"""Where a registry's index may lie: beside it on a disk of our own, else in the user's cache folder, else nowhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.store.layout import Layout

_NETWORK: Final = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the index may lie: `path`, or None for memory; `local` tells a disk of this machine."""

    path: Path | None
    local: bool = True


def find_place(layout: Layout, registry: str, cache_home: Callable[[], Path]) -> Place:
    """Return where a registry's index may lie.

    In the registry if that is a local disk that we can write, and the file there, if any, is our own; else in the
    user's cache folder.

    Args:
        layout: The registry's paths.
        registry: Its id.
        cache_home: Gives the user's cache folder; asked only when needed.
    """
    if is_local(layout.root) and os.access(layout.cache, os.W_OK) and _is_ours(layout.index):
        return Place(layout.index)
    try:
        home = cache_home()
        files.make_dirs(home)
    except OSError:
        return Place(None)
    return Place(home / f"{registry}.sqlite", is_local(home))


def is_local(path: Path) -> bool:
    """Return whether a path lies on a disk of this machine, as far as /proc/self/mountinfo tells (proc(5))."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return True
    real = f"{path.resolve()}/"
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].rstrip("/") + "/"
        if real.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind not in _NETWORK and not kind.startswith("fuse.ssh")


def _is_ours(index: Path) -> bool:
    try:
        return index.stat().st_uid == os.geteuid()
    except FileNotFoundError:
        return True
    except OSError:
        return False
