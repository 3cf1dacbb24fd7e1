"""Finds the data files of a task by globs, and records their paths, sizes and digests. Stores no bytes."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError, escape_bytes
from registry_cli.records.task import Data
from registry_cli.store.layout import DIRECTORY
from registry_cli.tasks.capture.digests import digest_files
from registry_cli.tasks.globs import find_stamp, unescape_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.ids import BlobHash
    from registry_cli.tasks.globs import Stamp

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HIDDEN: Final = frozenset({DIRECTORY, ".git"})


def list_data(patterns: Sequence[str], root: Path) -> tuple[list[Path], list[str]]:
    """Return the files that globs name, sorted, and the globs that name none.

    A folder means all files below it; links are followed. `**` matches any number of folders; a wildcard matches no
    hidden name.

    Args:
        patterns: Globs relative to `root`, or absolute; a path that exists as it is written is not a glob.
        root: The folder in which the command runs.

    Raises:
        UsageError: A pattern is empty or a URL.
    """
    found: set[Path] = set()
    missed: list[str] = []
    seen: set[tuple[int, int]] = set()
    for pattern in patterns:
        check_pattern(pattern)
        seen.clear()
        files = [file for match in _iter_matches(unescape_text(pattern), root) for file in _iter_files(match, seen)]
        found.update(files)
        if not files:
            missed.append(pattern)
    return sorted(found), missed


def digest_data(paths: Sequence[Path], base: Path, cache: Path, problems: list[str] | None = None) -> tuple[Data, ...]:
    """Return each file as a record names it: relative to `base` if it is below it, else absolute.

    Args:
        paths: Paths as `list_data` returns them.
        base: The code's root, or the folder in which the command runs.
        cache: A file in which digests are cached.
        problems: Gets a sentence for each file that is left out: gone, not readable, or with a name that is not UTF-8.

    Raises:
        UsageError: There is a problem and `problems` is None; the message is the first one.
    """
    notes: list[str] = []
    found: list[tuple[str, int, BlobHash]] = []
    for path, digest in zip(paths, digest_files([path.absolute() for path in paths], cache), strict=True):
        name = _name(path, base)
        if not _is_text(name):
            notes.append(f"data {escape_bytes(repr(name))} is not recorded: its name is not UTF-8")
        elif isinstance(digest, OSError):
            notes.append(f"data {name} is not recorded: {(digest.strerror or str(digest)).lower()}")
        else:
            found.append((name, *digest))
    if notes and problems is None:
        raise UsageError(notes[0])
    if problems is not None:
        problems += notes
    return tuple(Data(*one) for one in sorted(found))


def stamp_data(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """Return size in bytes, modification time in nanoseconds and inode of each file that exists.

    If they differ before and after a command, the command may have read other bytes than were digested.
    """
    return {path: stamp for path in paths if (stamp := find_stamp(path)) is not None}


def check_pattern(pattern: str) -> None:
    """Check that a pattern names local files.

    Raises:
        UsageError: The pattern is empty, or a URL.
    """
    if _URL.match(pattern):
        raise UsageError(f"data {pattern} is a URL: name local files, a version can refer to a URL")
    if not pattern.strip() or "\0" in pattern:
        raise UsageError(f"{pattern!r} is not a pattern of files")


def _iter_matches(pattern: str, root: Path) -> Iterator[Path]:
    if os.path.exists(root / pattern):  # noqa: PTH110 - unlike Path.exists, raises nothing
        yield _normal(root / pattern)
        return
    for match in glob.iglob(pattern, root_dir=root, recursive=True):  # noqa: PTH207 - follows links
        path = _normal(root / match)
        if not _HIDDEN & set(path.relative_to(root).parts if path.is_relative_to(root) else path.parts):
            yield path


def _iter_files(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield a file, or the files below a folder; skip folders in `seen`: a link may lead to one again."""
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
    """Return a path without `.`; `..` stays, as it may follow a link."""
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
