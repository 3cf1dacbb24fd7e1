"""Files that a task reads: found by globs, known by path, size and digest. Keeps no bytes."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.records.task import Data
from registry_cli.store.layout import DIRECTORY
from registry_cli.tasks.capture.digests import digest_files
from registry_cli.tasks.globs import find_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.ids import BlobHash
    from registry_cli.tasks.globs import Stamp

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HIDDEN: Final = frozenset({DIRECTORY, ".git"})


def list_data(patterns: Sequence[str], root: Path) -> tuple[list[Path], list[str]]:
    """Return the files that globs name, sorted, and the globs that name none.

    A folder means all files below it, links followed. `**` is any number of folders; a wildcard finds no hidden name.

    Args:
        patterns: Globs relative to `root`, or absolute; a path that exists as it is written is no glob.
        root: Where the command runs.

    Raises:
        UsageError: A pattern is empty or a URL.
    """
    found: set[Path] = set()
    missed: list[str] = []
    seen: set[tuple[int, int]] = set()
    for pattern in patterns:
        check_pattern(pattern)
        seen.clear()
        files = [file for match in _iter_matches(pattern, root) for file in _iter_files(match, seen)]
        found.update(files)
        if not files:
            missed.append(pattern)
    return sorted(found), missed


def digest_data(paths: Sequence[Path], base: Path, cache: Path, problems: list[str] | None = None) -> tuple[Data, ...]:
    """Return each file as a record names it: relative to `base` where it lies below, else absolute.

    Args:
        paths: As `list_data` gives them.
        base: The code's root, or where the command runs.
        cache: A file in which digests are remembered.
        problems: Takes a sentence for each file that is left out: gone, not to be read, or without a name in UTF-8.

    Raises:
        UsageError: Without `problems`, the first of them.
    """
    told: list[str] = []
    found: list[tuple[str, int, BlobHash]] = []
    for path, digest in zip(paths, digest_files([path.absolute() for path in paths], cache), strict=True):
        name = _name(path, base)
        if not _is_text(name):
            told.append(f"data {name!r} is not recorded: its name is no UTF-8")
        elif isinstance(digest, OSError):
            told.append(f"data {name} is not recorded: {(digest.strerror or str(digest)).lower()}")
        else:
            found.append((name, *digest))
    if told and problems is None:
        raise UsageError(told[0])
    if problems is not None:
        problems += told
    return tuple(Data(*one) for one in sorted(found))


def stamp_data(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return size in bytes, modification in nanoseconds and inode of each file that is there.

    Where it differs before and after a command, the command may have read other bytes than were digested.
    """
    return {path: stamp for path in paths if (stamp := find_stamp(path)) is not None}


def check_pattern(pattern: str) -> None:
    """Check that a pattern names files here.

    Raises:
        UsageError: It is empty, or a URL.
    """
    if _URL.match(pattern):
        raise UsageError(f"data {pattern} is a URL: name local files, a version can refer to a URL")
    if not pattern.strip() or "\0" in pattern:
        raise UsageError(f"{pattern!r} is no pattern of files")


def _iter_matches(pattern: str, root: Path) -> Iterator[Path]:
    if os.path.exists(root / pattern):  # noqa: PTH110 - unlike Path.exists, raises nothing
        yield _normal(root / pattern)
        return
    for match in glob.iglob(pattern, root_dir=root, recursive=True):  # noqa: PTH207 - follows links
        path = _normal(root / match)
        if not _HIDDEN & set(path.relative_to(root).parts if path.is_relative_to(root) else path.parts):
            yield path


def _iter_files(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the files that a path is or holds; folders of `seen` were here before, or are above it by a link."""
    if os.path.isfile(path):  # noqa: PTH113 - unlike Path.is_file, raises nothing
        yield path
        return
    try:
        status = path.stat()
        with os.scandir(path) as entries:
            inside = [] if (status.st_dev, status.st_ino) in seen else list(entries)
    except OSError:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in inside:
        if entry.name not in _HIDDEN:
            yield from _iter_files(Path(entry.path), seen)


def _normal(path: Path) -> Path:
    """Return a path without `.`; `..` stays, it may lead through a link."""
    return Path(os.path.normpath(path)) if ".." not in path.parts else path


def _name(path: Path, base: Path) -> str:
    full, base = path.absolute(), base.absolute()
    return full.relative_to(base).as_posix() if full.is_relative_to(base) else full.as_posix()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
