"""What a registry's disk space is used for: by area of its folder, and by what its versions belong to.

Areas are what lies on disk, shares what the catalog says. Changes nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry

By = Literal["model", "project", "task"]

AREAS: Final = {
    "blobs": "what versions and tasks name",
    "unused": "what only removed ones name, or none",
    "records": "versions, publications and tasks",
    "log": "entries",
    "views": "what `reg model path` copied",
    "tasks": "what running tasks tell, until they end",
    "trash": "taken out of use and not yet gone",
    "tmp": "being written, or left by a crash",
    "cache": "the index; can be deleted at any time",
    "reserve": "room to work in when the disk is full",
    "other": "format, settings and hooks",
}
"""Areas of a registry's folder and what lies there."""
TOTAL: Final = "total"
_BLOCK: Final = 512
"""Bytes of what `st_blocks` counts (stat(3type)), whatever the file system's own blocks are."""
_MEMBERS: Final[dict[By, str]] = {
    "model": "members AS (SELECT row AS holder, line AS part FROM versions WHERE removed = 0)",
    "task": (
        "members AS (SELECT row AS holder, task AS part FROM versions WHERE removed = 0"
        " UNION ALL SELECT -row, id FROM tasks WHERE removed = 0)"
    ),
    # a path without what follows its last `/`: everything else of it is trimmed off its right end, then the `/`
    "project": (
        "projects (project) AS (SELECT project FROM lines UNION SELECT project_key FROM tasks),"
        " above (project, part) AS (SELECT project, project FROM projects"
        " UNION ALL SELECT project, rtrim(rtrim(part, replace(part, '/', '')), '/') FROM above"
        " WHERE instr(part, '/') > 0),"
        " members AS (SELECT v.row AS holder, a.part FROM versions v JOIN lines l ON l.id = v.line"
        " JOIN above a ON a.project = l.project WHERE v.removed = 0"
        " UNION ALL SELECT -t.row, a.part FROM tasks t JOIN above a ON a.project = t.project_key WHERE t.removed = 0)"
    ),
}
"""Which versions and tasks belong to which part, one row for each pair; a task is held as minus its row."""
_SHARES: Final = """
WITH RECURSIVE {members},
kept AS (
    SELECT coalesce(u.version, -u.task) AS holder, u.sha256, u.size,
        count(*) OVER (PARTITION BY u.sha256) AS everywhere
    FROM uses u LEFT JOIN versions v ON v.row = u.version LEFT JOIN tasks t ON t.row = u.task
    WHERE coalesce(v.removed, t.removed) = 0 AND u.sha256 NOT IN (SELECT value FROM json_each(?))
),
held AS (
    SELECT m.part, max(k.size) AS size, count(*) = max(k.everywhere) AS alone FROM kept k JOIN members m USING (holder)
    GROUP BY k.sha256, m.part
),
sizes AS (SELECT part, sum(size) AS size, sum(size * alone) AS own FROM held GROUP BY part),
counts AS (
    SELECT m.part, min(coalesce(l.name, t.project)) AS model, count(v.row) AS versions FROM members m
    LEFT JOIN versions v ON v.row = m.holder LEFT JOIN lines l ON l.id = v.line LEFT JOIN tasks t ON t.row = -m.holder
    GROUP BY m.part
)
SELECT c.part, model, versions, coalesce(size, 0) AS size, coalesce(own, 0) AS own
FROM counts c LEFT JOIN sizes s ON s.part IS c.part ORDER BY own DESC, size DESC, model
"""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the folder.

    Attributes:
        name: One of `AREAS`, or `TOTAL`.
        files: How many; of several links to one file only one counts, that in `blobs` where there is one.
        bytes: Their length together.
        disk: Bytes of the blocks that they take.
    """

    name: str
    files: int
    bytes: int
    disk: int

    @property
    def summary(self) -> str:
        """What lies there."""
        return AREAS.get(self.name, "")


@dataclass(frozen=True, slots=True)
class Share:
    """What the versions of one model, project or task hold, and tasks themselves; removed ones do not count.

    Attributes:
        name: None for models outside all projects, and for versions without a task.
        versions: How many they are.
        size: Bytes of the distinct blobs that they name.
        own: Bytes of those that no other version or task names: what is freed where all of them go.
    """

    name: str | None
    versions: int
    size: int
    own: int

    @property
    def shared(self) -> int:
        """Bytes of the blobs that others name too."""
        return self.size - self.own


def measure_areas(registry: Registry) -> list[Area]:
    """Return the areas of a registry's folder, `reserve` only where there is one, and their total last."""
    sums = {name: [0, 0, 0] for name in AREAS}
    links: set[tuple[int, int]] = set()
    for name, entry in _iter_named(registry):
        for at, number in enumerate(_measure(entry, links)):
            sums[name][at] += number
    if not sums["reserve"][0]:
        del sums["reserve"]
    areas = [Area(name, *numbers) for name, numbers in sums.items()]
    return [*areas, Area(TOTAL, *map(sum, zip(*sums.values(), strict=True)))]


def list_shares(registry: Registry, by: By) -> list[Share]:
    """Return what each model, project or task holds, those that hold most by themselves first.

    A project includes all below it, as it does in a query: rows of projects overlap.
    """
    found = registry.db.execute(_SHARES.format(members=_MEMBERS[by]), (json.dumps(_list_elsewhere(registry)),))
    return [Share(_name(by, part, model), versions, size, own) for part, model, versions, size, own in found]


def _list_elsewhere(registry: Registry) -> list[BlobHash]:
    """Return the digests of external files whose bytes are not kept here: nobody has read them yet."""
    found = registry.db.execute("SELECT DISTINCT sha256 FROM files WHERE url IS NOT NULL AND sha256 IS NOT NULL")
    return [sha256 for (sha256,) in found if not files.exists(registry.layout.blob(sha256))]


def _name(by: By, part: str | int | None, model: str) -> str | None:
    """Return what a part is called, from its key and the name of one of its models."""
    if by == "model":
        return model
    if by == "project" and part:
        return "/".join(model.split("/")[: str(part).count("/") + 1])  # as it is spelled, not as it is compared
    return str(part) if part else None


def _iter_named(registry: Registry) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the area of each file, and the file; blobs come first, so that links to them count there."""
    found = registry.db.execute(
        "SELECT u.sha256 FROM uses u LEFT JOIN versions v ON v.row = u.version LEFT JOIN tasks t ON t.row = u.task"
        " WHERE coalesce(v.removed, t.removed) = 0"
    )
    used = {sha256 for (sha256,) in found}
    with os.scandir(registry.path) as entries:
        tops = sorted(entries, key=lambda entry: entry.name != "blobs")
    for top in tops:
        start = len(top.path) + 1
        area = top.name if top.name in AREAS and top.name != "unused" else "other"
        for entry in _iter_files(top):
            unused = area == "blobs" and entry.path[start:].replace(os.sep, "") not in used
            yield "unused" if unused else area, entry


def _iter_files(top: os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """Yield all that is no folder, from `top` downward; what is taken away meanwhile is passed over."""
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
    """Return number, length and blocks of a file: nothing where it is gone, or counted by another link."""
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
