"""The sources of a version: turns files and folders that a user names into files with their names in the version.

Links are followed as long as they stay inside the folder. The Hugging Face Hub's cache is recognized, whose snapshots
are links into a sibling folder (https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import NotFoundError, UsageError
from registry_cli.records.paths import check_path, check_paths
from registry_cli.store.layout import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_HUB_KINDS: Final = ("models", "datasets", "spaces")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to take in.

    Attributes:
        path: Its name inside the version.
        name: Its path on disk, as text because there may be a million.
        size: Its size in bytes when it was found.
    """

    path: str
    name: str
    size: int

    @property
    def file(self) -> Path:
        """Its path on disk."""
        return Path(self.name)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot folder of the Hub's cache: its repository, its revision, and the folder that its links stay in."""

    repo: str
    revision: str
    root: Path


def list_sources(paths: Sequence[Path], *, follow: bool = False, ignore: Collection[Path] = ()) -> list[Source]:
    """Return the files that `paths` name, sorted by their names inside the version.

    Args:
        paths: Files, which keep their base names, and folders, which keep the names inside.
        follow: Follow links that leave their folder.
        ignore: Files and folders inside them that are left out.

    Raises:
        NotFoundError: A path is missing, or a folder holds no file.
        UsageError: A name cannot be stored, two collide, a link leaves its folder, or a path is not a file.
    """
    found = [source for path in paths for source in _iter_sources(path, follow=follow, ignore=ignore)]
    if not found:
        raise NotFoundError(f"no file in {', '.join(map(str, paths))}")
    check_paths(source.path for source in found)
    return sorted(found, key=lambda source: source.path)


def find_snapshot(path: Path) -> Snapshot | None:
    """Return the snapshot of a folder `models--ORG--NAME/snapshots/REVISION` of the Hub's cache, or None."""
    folder = path.absolute()
    kind, _, repo = folder.parent.parent.name.partition("--")
    if folder.parent.name != "snapshots" or kind not in _HUB_KINDS or not repo:
        return None
    return Snapshot(repo.replace("--", "/"), folder.name, folder.parent.parent)


def _iter_sources(path: Path, *, follow: bool, ignore: Collection[Path]) -> Iterator[Source]:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"no file or folder {path}") from None
    if stat.S_ISDIR(status.st_mode):
        if path.resolve().name == DIRECTORY:
            raise UsageError(f"{path} is a registry, no model: name the files to add")
        snapshot = find_snapshot(path)
        inside = None if follow else (snapshot.root if snapshot else path).resolve()
        yield from _iter_folder(path, "", inside, ignore, ())
    else:
        yield _source(str(path), path.name, status)


def _iter_folder(
    folder: Path, prefix: str, inside: Path | None, ignore: Collection[Path], above: tuple[tuple[int, int], ...]
) -> Iterator[Source]:
    """Yield the files below `folder`.

    Args:
        folder: The folder.
        prefix: Its own name in the version, with a slash; empty for the folder that the user named.
        inside: The folder that no link may leave; None where links may.
        ignore: Files and folders that are left out.
        above: The folders on the path to it, so that a link in a circle is detected.
    """
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise UsageError(f"{folder} is a circular link")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if ignore and Path(entry.path) in ignore:
                continue
            if entry.is_symlink():
                _check_link(Path(entry.path), inside)
            if entry.is_dir():
                if entry.name != DIRECTORY:
                    yield from _iter_folder(Path(entry.path), f"{prefix}{entry.name}/", inside, ignore, (*above, here))
            else:
                yield _source(entry.path, prefix + entry.name, entry.stat())


def _check_link(path: Path, inside: Path | None) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise NotFoundError(f"{path} is a link to nothing") from None
    if inside is not None and not target.is_relative_to(inside):
        raise UsageError(f"{path} is a link out of its folder, to {target}: --follow takes it in")


def _source(name: str, path: str, status: os.stat_result) -> Source:
    if not stat.S_ISREG(status.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(status.st_mode) else "no regular file"
        raise UsageError(
            f"{name} is {kind}: `-` with --filename adds bytes from standard input", hint="reg model add --help"
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path!r} is no UTF-8 name: rename the file") from None
    return Source(check_path(path), name, status.st_size)
