"""Finds the files that a pattern names, cheaply: lists only the folders that it can reach.

`*`, `?` and `[...]` match within one name, `**` matches any number of folders. A name that starts with a dot, or that
programs give to unfinished files, matches only a pattern that spells it out. A link that a wildcard matches is followed
only within the folder in which the wildcards start.
"""

from __future__ import annotations

import os
import re
import stat
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

UNFINISHED: Final = (".tmp", ".part", "~")
"""Endings of names of files that are being written."""

_ESCAPE: Final = re.compile(r"\\x([89a-f][0-9a-f])")

Stamp: TypeAlias = tuple[int, int, int]
"""Bytes, newest modification in nanoseconds, inode (of a folder: a hash of its content); equal while unchanged."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A parsed pattern.

    Attributes:
        text: The pattern as it is on record.
        prefix: The folder in which its wildcards start; the path itself if it has none.
        parts: The patterns of the names after `prefix`.
        folders: True where the pattern ends with `/` and so names folders only.
    """

    text: str
    prefix: Path
    parts: tuple[str, ...]
    folders: bool

    @property
    def deep(self) -> bool:
        """True where the pattern reaches into folders of any depth."""
        return "**" in self.parts


def parse_glob(text: str, cwd: Path) -> Glob:
    """Return a pattern, relative to `cwd` unless it is absolute; it may be escaped as on record.

    Raises:
        UsageError: The pattern is empty.
    """
    if not text.strip("/"):
        raise UsageError(f"{text!r} is not a pattern of files")
    parts = [part for part in unescape_text(text).split("/") if part not in {"", "."}]
    wild = next((at for at, part in enumerate(parts) if _is_wild(part)), len(parts))
    start = Path("/") if text.startswith("/") else cwd
    rest = [part for part, same in groupby(parts[wild:]) for part in (["**"] if part == "**" else same)]
    return Glob(text, start.joinpath(*parts[:wild]), tuple(rest), text.endswith("/"))


def unescape_text(text: str) -> str:
    r"""Return a pattern with the bytes that are escaped on record, as `\xff` is, since they are not UTF-8."""
    return _ESCAPE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text)


def iter_matches(glob: Glob, ignore: Collection[Path] = ()) -> Iterator[Path]:
    """Yield the paths that a pattern names, except `ignore` and what is below it; a path may be yielded twice.

    A pattern with `**` names files only, unless it ends with `/`. Folders that cannot be listed are skipped.
    """
    banned = {str(path) for path in ignore}
    prefix = str(glob.prefix)
    if any(prefix == path or prefix.startswith(path + "/") for path in banned):
        return
    for path in _walk(prefix, glob.parts, os.path.realpath(prefix), banned) if glob.parts else [prefix]:
        is_folder = Path(path).is_dir()
        if is_folder if glob.folders else not (is_folder and glob.deep):
            yield Path(path)


def matches(glob: Glob, path: Path) -> bool:
    """Return whether a pattern may name a path, by its spelling alone."""
    if not path.is_relative_to(glob.prefix):
        return False
    return _fits(glob.parts, path.relative_to(glob.prefix).parts)


def find_stamp(path: Path, ignore: Collection[Path] = ()) -> Stamp | None:
    """Return the stamp of a file or folder; None if it does not exist, or the folder holds no regular file."""
    try:
        status = path.stat()
    except OSError:
        return None
    if stat.S_ISREG(status.st_mode):
        return status.st_size, status.st_mtime_ns, status.st_ino
    if not stat.S_ISDIR(status.st_mode):
        return None
    banned = {str(each) for each in ignore}
    inside = [(name, *stamp) for name, stamp in _iter_stamps(str(path), banned)]
    if not inside:
        return None
    return sum(size for _, size, _, _ in inside), max(time for _, _, time, _ in inside), hash(frozenset(inside))


def _iter_stamps(folder: str, banned: Collection[str]) -> Iterator[tuple[str, Stamp]]:
    for entry in _list(folder, banned):
        if entry.is_dir(follow_symlinks=False):
            yield from _iter_stamps(entry.path, banned)
            continue
        stamp = None if entry.is_dir() else find_stamp(Path(entry.path))
        if stamp is not None:
            yield entry.path, stamp


def _walk(folder: str, parts: tuple[str, ...], top: str, banned: Collection[str]) -> Iterator[str]:
    first, rest = parts[0], parts[1:]
    if first == "**" and rest:
        yield from _walk(folder, rest, top, banned)
    for entry in _list(folder, banned):
        if not _names(first, entry.name) or (entry.is_symlink() and not _is_inside(entry.path, top)):
            continue
        if first == "**":
            if not rest:
                yield entry.path
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, parts, top, banned)
        elif not rest:
            yield entry.path
        elif entry.is_dir():
            yield from _walk(entry.path, rest, top, banned)


def _fits(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not parts or not names:
        return not parts and not names
    first, rest = parts[0], parts[1:]
    if first != "**":
        return _names(first, names[0]) and _fits(rest, names[1:])
    if rest and _fits(rest, names):
        return True
    return _names(first, names[0]) and _fits(parts if rest or names[1:] else (), names[1:])


def _list(folder: str, banned: Collection[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.path not in banned]
    except OSError:
        return []


def _names(part: str, name: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    if any(name.endswith(end) and not part.endswith(end) for end in UNFINISHED):
        return False
    return fnmatchcase(name, part)


def _is_inside(link: str, top: str) -> bool:
    return os.path.realpath(link).startswith(top.rstrip("/") + "/")


def _is_wild(part: str) -> bool:
    return any(mark in part for mark in "*?[")
