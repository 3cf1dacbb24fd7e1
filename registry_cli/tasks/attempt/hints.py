"""Hints for a task's processes about the registry, written before they start: sizes of its files, and redirects.

Reading needs the standard library alone, as it is done in the script's Python.
"""

from __future__ import annotations

import errno
import os
import sys
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.dataclass import asdict, dataclass
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.attempt.folder import make_auto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from registry_cli.tasks.attempt.folder import Live


@dataclass(frozen=True, slots=True)
class Redirect:
    """A path that a script loads, and the path that it gets instead.

    Attributes:
        path: Absolute path that the script asks for.
        contents: Sizes by SHA-256 of the original's files; a load of any other content is not redirected.
        target: Absolute path of the file or folder that is loaded instead.
    """

    path: str
    contents: Mapping[str, int]
    target: str


def write_hints(
    live: Live, redirects: Sequence[Redirect], sizes: Iterable[int], followed: Sequence[str], cwd: Path
) -> None:
    """Write the hints for the processes of an attempt.

    Args:
        live: The attempt's folder.
        redirects: Loads to redirect.
        sizes: Sizes in bytes of the files that the registry knows.
        followed: Patterns of the metrics files that the runner follows.
        cwd: Absolute path of the folder that the patterns are relative to.

    Raises:
        OSError: The disk is full.
    """
    make_auto(live)
    if redirects:
        _write(live.redirects, dump_doc({"redirects": [asdict(one) for one in redirects]}))
    if followed:
        _write(live.followed, dump_doc({"patterns": list(followed), "cwd": str(cwd)}))
    _write(live.known, _swapped(array("q", sizes)).tobytes())


def read_sizes(live: Live) -> frozenset[int] | None:
    """Return the sizes in bytes of the files that the registry knows; None if there is no such hint."""
    try:
        data = _read_own(live.known)
    except OSError:
        return None
    return frozenset(_swapped(array("q", data[: len(data) // 8 * 8])))


def read_redirects(live: Live) -> list[Redirect]:
    """Return the redirects of an attempt; none if they cannot be read."""
    try:
        doc = load_doc(_read_own(live.redirects).decode(errors="surrogateescape"))
        return [Redirect(one["path"], one["contents"], one["target"]) for one in doc["redirects"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def read_followed(live: Live) -> tuple[list[str], Path] | None:
    """Return the patterns of the followed files and the folder that they are relative to; None if there are none."""
    try:
        doc = load_doc(_read_own(live.followed).decode(errors="surrogateescape"))
        return [str(text) for text in doc["patterns"]], Path(doc["cwd"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: str | bytes) -> None:
    """Write a file of the attempt atomically, but not durably: after a power cut it is not needed."""
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    file = NewFile(path.with_name(f"{path.name}.{new_name()}"))
    try:
        file.write(data)
    finally:
        file.close()
    files.rename(file.path, path)


def _read_own(path: Path) -> bytes:
    """Return a file's bytes; refuse another user's file, as its content decides which pickle is loaded.

    Raises:
        OSError: The file cannot be read, or belongs neither to this user nor to root.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_uid not in {os.geteuid(), 0}:
            raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
        return file.read()


def _swapped(sizes: array[int]) -> array[int]:
    """Convert numbers to or from the file's byte order, little-endian, in place."""
    if sys.byteorder == "big":
        sizes.byteswap()
    return sizes
