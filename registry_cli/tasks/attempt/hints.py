"""What a task's processes must know of the registry, written before they start: sizes of its files, and redirects.

Reading needs the standard library alone, as it is done in the script's Python.
"""

from __future__ import annotations

import errno
import os
import sys
from array import array
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.attempt.folder import make_auto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from registry_cli.tasks.attempt.folder import Live


@dataclass(frozen=True, slots=True)
class Redirect:
    """What a load gets in place of what it asks for.

    Attributes:
        path: Absolute; what the script asks for.
        contents: Size by SHA-256 of the files that lie there where the original does; other content stays.
        target: Absolute; the file or folder that is loaded instead.
    """

    path: str
    contents: Mapping[str, int]
    target: str


def write_hints(live: Live, redirects: Sequence[Redirect], sizes: Iterable[int]) -> None:
    """Write what the processes of an attempt must know.

    Args:
        live: The attempt's folder.
        redirects: What loads get in place of what they ask for.
        sizes: Bytes of the files that the registry knows.

    Raises:
        OSError: There is no room.
    """
    make_auto(live)
    if redirects:
        _write(live.redirects, dump_doc({"redirects": [asdict(one) for one in redirects]}).encode())
    _write(live.known, _swapped(array("q", sizes)).tobytes())


def read_sizes(live: Live) -> frozenset[int] | None:
    """Return the sizes in bytes of the files that the registry knows; None where that is not told."""
    try:
        data = _read_own(live.known)
    except OSError:
        return None
    return frozenset(_swapped(array("q", data[: len(data) // 8 * 8])))


def read_redirects(live: Live) -> list[Redirect]:
    """Return the redirects of an attempt; none where they cannot be read."""
    try:
        doc = load_doc(_read_own(live.redirects).decode())
        return [Redirect(one["path"], one["contents"], one["target"]) for one in doc["redirects"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(path: Path, data: bytes) -> None:
    """Write a file of the attempt; who sees it sees it whole, and after a power cut nobody needs it."""
    file = NewFile(path.with_name(f"{path.name}.{new_name()}"))
    try:
        file.write(data)
    finally:
        file.close()
    files.rename(file.path, path)


def _read_own(path: Path) -> bytes:
    """Return a file's bytes; somebody else's is refused, as what it says decides which pickle is loaded.

    Raises:
        OSError: It cannot be read, or is neither this user's nor root's.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_uid not in {os.geteuid(), 0}:
            raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
        return file.read()


def _swapped(sizes: array[int]) -> array[int]:
    """Return numbers in the file's byte order, little-endian, or from it."""
    if sys.byteorder == "big":
        sizes.byteswap()
    return sizes
