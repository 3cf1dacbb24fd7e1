"""The trash: bytes taken out of use, until they are brought back or deleted.

A file keeps the path it had, under a name that no other move ever gives: `<name>.swept.<mover>` for what a collector
found unused, `<name>.damaged.<mover>` for what held wrong bytes. So a collector that was stopped for days and goes on
moves nothing over a file that another has listed to be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash
from registry_cli.store import files
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.store.layout import Layout

Reason = Literal["swept", "damaged"]
_SWEPT: Final = ".swept."
_DAMAGED: Final = ".damaged."


@dataclass(frozen=True, slots=True)
class Trashed:
    """A file in the trash.

    Attributes:
        home: Where it lay.
        size: Bytes.
        links: Names that the file has, this one counted.
        freed: Bytes that deleting it frees: none while the file has another name.
        since: When it came, by the file system's clock, in seconds since 1970.
        blob: Which blob it is, whole or damaged; None for another file.
        reason: Why it is here.
    """

    path: Path
    home: Path
    size: int
    links: int
    freed: int
    since: float
    blob: BlobHash | None
    reason: Reason


def sweep(layout: Layout, path: Path) -> Path | None:
    """Take an unused file out of use and return where it lies now; None where it is gone already."""
    try:
        return _move(layout, path, _SWEPT)
    except FileNotFoundError:
        return None


def set_aside(layout: Layout, path: Path) -> Path:
    """Take a damaged file out of use, so that good bytes can have its name, and return where it lies now."""
    return _move(layout, path, _DAMAGED)


def keep_damaged(layout: Layout, path: Path) -> Path:
    """Give a damaged file a name in the trash beside its own, over which good bytes can then be renamed."""
    target = _name(layout, path, _DAMAGED)
    files.link(path, target)
    return target


def mark_damaged(path: Path) -> Path:
    """Give a swept file, whose bytes are wrong, the name of a damaged one, so that nothing brings it back."""
    target = path.with_name(f"{path.name.partition(_SWEPT)[0]}{_DAMAGED}{new_name()}")
    files.rename(path, target)
    return target


def find_swept(layout: Layout, path: Path) -> Path | None:
    """Return a file of the trash that was swept from `path`, or None."""
    return next((found for found in list_aside(layout, path) if _SWEPT in found.name), None)


def list_aside(layout: Layout, path: Path) -> list[Path]:
    """Return the files of the trash that lay at `path`, whatever they hold."""
    folder = layout.trash / path.relative_to(layout.root).parent
    return [folder / name for name in files.list_names(folder) if name.startswith(f"{path.name}.")]


def bring_back(layout: Layout, path: Path) -> bool:
    """Give swept bytes their name again; return False where the trash has none.

    The name in the trash stays, for the collector to take away: that way no moment is without the bytes.

    Raises:
        CorruptError: Something that is no folder lies where its folder was.
    """
    while (swept := find_swept(layout, path)) is not None:
        # a copy of the registry may have lost its empty folders
        files.make_dirs(path.parent, shared=layout.shared, inside=True)
        try:
            files.link(swept, path)
        except FileExistsError:
            return True
        except FileNotFoundError:
            if files.exists(swept):
                raise CorruptError(f"{path.parent} is no folder: take it away", hint="reg fsck") from None
            continue  # deleted in this moment; there may be another
        return True
    return files.exists(path)


def is_damaged(layout: Layout, path: Path) -> bool:
    """Return whether a file lies in the trash as damaged."""
    return path.is_relative_to(layout.trash) and _DAMAGED in path.name


def list_trash(layout: Layout) -> list[Trashed]:
    """Return the files in the trash, those longest there first."""
    return sorted(_iter_trash(layout), key=lambda trashed: (trashed.since, trashed.path))


def _move(layout: Layout, path: Path, mark: str) -> Path:
    target = _name(layout, path, mark)
    files.rename(path, target)
    return target


def _name(layout: Layout, path: Path, mark: str) -> Path:
    """Return a new name in the trash for a file of the registry, in a folder that is there."""
    target = layout.trash / path.relative_to(layout.root).with_name(f"{path.name}{mark}{new_name()}")
    files.make_dirs(target.parent, shared=layout.shared, inside=True)
    return target


def _iter_trash(layout: Layout) -> Iterator[Trashed]:
    for folder, _, names in files.walk(layout.trash):
        for name in names:
            path = folder / name
            reason: Reason = "swept" if _SWEPT in name else "damaged"
            home = layout.root / path.relative_to(layout.trash).with_name(name.partition(f".{reason}.")[0])
            blob = BlobHash(home.parent.name + home.name) if home.parents[1] == layout.blobs else None
            status = files.find_status(path)
            if status is None:  # another collector was faster
                continue
            freed = status.st_size if status.st_nlink == 1 else 0
            yield Trashed(path, home, status.st_size, status.st_nlink, freed, status.st_ctime, blob, reason)
