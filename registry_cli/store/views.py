"""Readable names for blobs, `views/<version id>/model.pt`, so that a framework can open them. Derived: rebuilt at will.

A view shares the blob's bytes by reflink where the file system can, else by a hard link where the blob is ours, else it
is a copy. Root gets no hard link unless told so: `open(view, "wb")` by root would cut the blob itself.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.errors import CorruptError
from registry_cli.store import files
from registry_cli.store.blobs import copy_blob, get_blob, verify_blob
from registry_cli.store.files import NewFile
from registry_cli.store.hashing import open_reader, xxh3_of_file
from registry_cli.store.owner import new_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from registry_cli.ids import BlobHash, VersionId, Xxh3
    from registry_cli.store.layout import Layout

STAMPS: Final = ".json"
"""Beside a view's folder: inode, size and time of each of its files when they were made."""
Mode = Literal["auto", "copy", "hardlink"]
"""`auto` is the rule of this module; `copy` never links; `hardlink` links for root too."""


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A file that a view shows; `path` inside the version, `size` in bytes."""

    path: str
    size: int
    sha256: BlobHash
    xxh3: Xxh3


def open_view(layout: Layout, views: Path, version: VersionId, content: Sequence[ViewFile], mode: Mode) -> Path:
    """Return the folder that shows a version's files, made or mended first where that is due.

    A file whose inode, size and time are those of its making is taken as right; any other is read and checked.

    Args:
        layout: The registry.
        views: Where views lie: in the registry, or in the user's cache where the registry cannot be written.
        version: Whose files.
        content: Its files that are blobs.
        mode: How bytes are shared.

    Raises:
        CorruptError: A blob's bytes are not what its digest says.
    """
    folder = views / version
    if _is_intact(folder, content):
        return folder
    for file in content:
        verify_blob(layout, file.sha256, file.xxh3, file.size)
    if files.exists(folder) and not files.is_dir(folder):
        raise CorruptError(f"{folder} is no folder", hint="reg fsck")
    building = layout.tmp / new_name() if views == layout.views else views / f".{new_name()}"
    files.make_dirs(views)
    stale = building.with_name(new_name())
    files.make_dir(building)
    try:
        stamps = _fill(layout, building, content, mode)
        if files.is_dir(folder):  # damaged: out of the way first, so that a reader never sees a mixture
            files.rename(folder, stale)
        try:
            files.rename(building, folder)
        except OSError:
            if not _is_intact(folder, content):  # another process may have been faster, and then it is right
                raise
        files.replace_file(_stamps(folder), json.dumps(stamps).encode(), building.with_name(new_name()))
    finally:
        files.remove_tree(building)
        files.remove_tree(stale)
    return folder


def _stamps(folder: Path) -> Path:
    return folder.with_name(folder.name + STAMPS)


def _fill(layout: Layout, building: Path, content: Sequence[ViewFile], mode: Mode) -> dict[str, list[int]]:
    stamps: dict[str, list[int]] = {}
    for file in content:
        target = building / file.path
        files.make_dirs(target.parent)
        _share(layout, file, target, mode)
        stamps[file.path] = _stamp(files.get_status(target))
    return stamps


def _share(layout: Layout, file: ViewFile, target: Path, mode: Mode) -> None:
    blob = get_blob(layout, file.sha256)
    if mode != "copy" and _reflink(blob, target):
        return
    ours = files.get_status(blob).st_uid == os.geteuid()
    if mode == "hardlink" or (mode == "auto" and ours and os.geteuid() != 0):
        try:
            files.link(blob, target)
        except OSError:  # EPERM, EMLINK, EXDEV: a copy serves as well
            pass
        else:
            return
    copy = NewFile(target, 0o444)
    try:
        copy_blob(layout, file.sha256, file.xxh3, copy)
        copy.flush()  # the stamp will vouch for it
    finally:
        copy.close()


def _reflink(blob: Path, target: Path) -> bool:
    file = NewFile(target, 0o444)
    try:
        with open_reader(blob) as source:
            cloned = file.clone(source)
    finally:
        file.close()
    if not cloned:
        files.unlink(target)
    return cloned


def _is_intact(folder: Path, content: Sequence[ViewFile]) -> bool:
    try:
        stamps: Mapping[str, list[int]] = json.loads(files.read_small(_stamps(folder)))
        return all(_is_right(folder / file.path, file, stamps.get(file.path)) for file in content)
    except (CorruptError, OSError, ValueError, AttributeError):  # no view, no stamps, or stamps that cannot be read
        return False


def _is_right(path: Path, file: ViewFile, stamp: list[int] | None) -> bool:
    status = files.get_status(path)
    if status.st_size != file.size:
        return False
    return _stamp(status) == stamp or xxh3_of_file(path) == file.xxh3


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_ino, status.st_size, status.st_mtime_ns]
