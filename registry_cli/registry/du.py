"""The disk usage of a registry: by area of its folder, and by model, project or task.

Areas are measured on disk, shares are computed from the catalog. Changes nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read import shares, uses
from registry_cli.dataclass import dataclass
from registry_cli.store.blobs import is_in_place, iter_stored
from registry_cli.store.trash import list_trash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.catalog.read.shares import By
    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry

AREAS: Final = {
    "blobs": "what versions and tasks name",
    "unused": "what only removed ones name, or none",
    "records": "versions, publications and tasks",
    "log": "entries",
    "views": "what `reg model path` copied",
    "tasks": "files of running tasks, until they end",
    "trash": "taken out of use and not yet gone",
    "tmp": "being written, or left by a crash",
    "cache": "the index; can be deleted at any time",
    "reserve": "room to work in when the disk is full",
    "other": "format, settings and hooks",
    "elsewhere": "what only the upstream has, fetched when needed",
}
"""Areas of a registry and their contents."""
TOTAL: Final = "total"
_BLOCK: Final = 512
"""Bytes of one unit of `st_blocks` (stat(3type)), whatever the file system's own block size is."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the folder, or what is elsewhere.

    Attributes:
        name: One of `AREAS`, or `TOTAL`.
        files: Number of files; of several links to one file only one counts, the one in `blobs` if there is one.
        bytes: Total length of the files.
        disk: Bytes of the blocks that they take.
    """

    name: str
    files: int
    bytes: int
    disk: int

    @property
    def summary(self) -> str:
        """Its contents, in words."""
        return AREAS.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Share:
    """The storage of the versions of one model, project or task, and of tasks; removed ones do not count.

    Attributes:
        name: Its name; None for models outside all projects, and for versions without a task.
        versions: Number of versions.
        size: Bytes of the distinct blobs that they name.
        own: Bytes of those that no other version or task names: freed if all of them are removed.
    """

    name: str | None
    versions: int
    size: int
    own: int

    @property
    def shared(self) -> int:
        """Bytes of the blobs that versions or tasks of other shares name too."""
        return self.size - self.own


def measure_areas(registry: Registry) -> list[Area]:
    """Return the areas of a registry and their total last.

    `reserve` is only returned where there is one, `elsewhere` only with an upstream; it takes no blocks.
    """
    sums = {name: [0, 0, 0] for name in AREAS}
    links: set[tuple[int, int]] = set()
    for name, entry in _iter_named(registry):
        for at, number in enumerate(_measure(entry, links)):
            sums[name][at] += number
    if not sums["reserve"][0]:
        del sums["reserve"]
    if registry.upstream is None:
        del sums["elsewhere"]
    else:
        sums["elsewhere"] = [*_measure_elsewhere(registry), 0]
    areas = [Area(name, *numbers) for name, numbers in sums.items()]
    return [*areas, Area(TOTAL, *map(sum, zip(*sums.values(), strict=True)))]


def list_shares(registry: Registry, by: By) -> list[Share]:
    """Return the share of each model, project or task, those with the most bytes of their own first.

    A project includes all projects below it, as in a query: rows of projects overlap.
    """
    outside = _list_outside(registry)
    found = registry.read(lambda db: shares.list_shares(db, by, outside))
    return [Share(_name(by, row.part, row.model), row.versions, row.size, row.own) for row in found]


def _measure_elsewhere(registry: Registry) -> tuple[int, int]:
    """Return the number and the bytes of the used blobs that are elsewhere."""
    content, layout = registry.content, registry.layout
    here = {trashed.blob for trashed in list_trash(layout) if trashed.reason == "swept"}
    here |= {blob for stored in iter_stored(layout) for blob in stored}  # quicker than a look at each
    missing = registry.read(uses.list_live_blobs) - here
    sizes = [size for blob in missing if (size := content.find_upstream(blob)) is not None]
    return len(sizes), sum(sizes)


def _list_outside(registry: Registry) -> list[BlobHash]:
    """Return the digests of external files whose bytes are not stored here."""
    blobs = registry.read(uses.list_external_blobs)
    return [blob for blob in blobs if not is_in_place(registry.layout, blob)]


def _name(by: By, part: str | int | None, model: str) -> str | None:
    """Return the name of a part, from its key and the name of one of its models."""
    if by == "model":
        return model
    if by == "project" and part:
        return "/".join(model.split("/")[: str(part).count("/") + 1])  # as it is spelled, not its casefolded key
    return str(part) if part else None


def _iter_named(registry: Registry) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the area of each file, and the file; blobs come first, so that links to them count there."""
    used = registry.read(uses.list_live_blobs)
    with os.scandir(registry.path) as entries:
        tops = sorted(entries, key=lambda entry: entry.name != "blobs")
    for top in tops:
        start = len(top.path) + 1
        area = top.name if top.name in AREAS and top.name not in {"unused", "elsewhere"} else "other"
        for entry in _iter_files(top):
            unused = area == "blobs" and entry.path[start:].replace(os.sep, "") not in used
            yield "unused" if unused else area, entry


def _iter_files(top: os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """Yield all entries below `top` that are not folders, or `top` itself; entries removed meanwhile are skipped."""
    if not top.is_dir(follow_symlinks=False):
        yield top
        return
    folders = [top.path]
    while folders:
        with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry


def _measure(entry: os.DirEntry[str], links: set[tuple[int, int]]) -> tuple[int, int, int]:
    """Return number, length and disk bytes of a file: zeros where it is gone, or was counted by another link."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return 0, 0, 0
    inode = (status.st_dev, status.st_ino)
    if inode in links:
        return 0, 0, 0
    if status.st_nlink > 1:
        links.add(inode)
    return 1, status.st_size, status.st_blocks * _BLOCK
