"""The trash: files that were taken out of use, until they are restored or deleted.

A file keeps its path, with a name that no other move ever gives: `<name>.swept.<mover>` for a file that a collector
found unused, `<name>.damaged.<mover>` for one with wrong bytes. So a collector that was stopped for days and continues
moves nothing over a file that another has listed for deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
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
        home: Its original path.
        size: Bytes.
        links: Number of the file's names, including this one.
        freed: Bytes that deleting it frees: 0 while the file has another name.
        since: Time when it was moved here, by the file system's clock, in seconds since 1970.
        blob: Digest of the blob, intact or damaged; None for another file.
        reason: Reason for the move.
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
    """Move an unused file to the trash and return its new path; None where it is already gone."""
    try:
        return _move(layout, path, _SWEPT)
    except FileNotFoundError:
        return None


def set_aside(layout: Layout, path: Path) -> Path:
    """Move a damaged file to the trash, so that good bytes can have its name, and return its new path."""
    return _move(layout, path, _DAMAGED)


def keep_damaged(layout: Layout, path: Path) -> Path:
    """Give a damaged file a second name in the trash, so that good bytes can be renamed over the first."""
    target = _name(layout, path, _DAMAGED)
    files.link(path, target)
    return target


def mark_damaged(path: Path) -> Path:
    """Rename a swept file with wrong bytes to the name of a damaged one, so that nothing restores it."""
    target = path.with_name(f"{path.name.partition(_SWEPT)[0]}{_DAMAGED}{new_name()}")
    files.rename(path, target)
    return target


def find_swept(layout: Layout, path: Path) -> Path | None:
    """Return a file in the trash that was swept from `path`, or None."""
    return next((found for found in list_aside(layout, path) if _SWEPT in found.name), None)


def list_aside(layout: Layout, path: Path) -> list[Path]:
    """Return the files in the trash that came from `path`, whatever they hold."""
    folder = layout.trash / path.relative_to(layout.root).parent
    return [folder / name for name in files.list_names(folder) if name.startswith(f"{path.name}.")]


def bring_back(layout: Layout, path: Path) -> bool:
    """Give swept bytes their name again; return False where the trash has none.

    The name in the trash stays until the collector removes it, so that the bytes have a name at every moment.

    Raises:
        CorruptError: Something other than a folder lies in the place of its folder.
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
                raise CorruptError(f"{path.parent} is not a folder: remove it", hint="reg fsck") from None
            continue  # deleted meanwhile; there may be another
        return True
    return files.exists(path)


def is_damaged(layout: Layout, path: Path) -> bool:
    """Return whether a path is that of a damaged file in the trash."""
    return path.is_relative_to(layout.trash) and _DAMAGED in path.name


def list_trash(layout: Layout) -> list[Trashed]:
    """Return the files in the trash, the oldest moves first."""
    return sorted(_iter_trash(layout), key=lambda trashed: (trashed.since, trashed.path))


def _move(layout: Layout, path: Path, mark: str) -> Path:
    target = _name(layout, path, mark)
    files.rename(path, target)
    return target


def _name(layout: Layout, path: Path, mark: str) -> Path:
    """Return a new name in the trash for a file of the registry, and create its folder."""
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
