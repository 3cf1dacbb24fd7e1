"""Space reserved for a full disk: files that are deleted then, so that a collector can write its own files.

A disk may lack bytes or inodes. One large file reserves bytes, some empty files reserve inodes.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.store.layout import Layout

T = TypeVar("T")

RESERVE: Final = 4 << 20
"""Bytes reserved."""
SPARES: Final = 16
"""Empty files reserved. A collector creates an entry, folders in the trash, and SQLite's two files beside the index."""
_BLOCK: Final = 256 << 10
"""Random bytes that are drawn once and repeated: more than a compressing file system compresses as one unit."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Error codes of a disk or quota without bytes or inodes left."""
_NO_ROOM: Final = FULL | {errno.EROFS, errno.EACCES}


def make_reserve(layout: Layout) -> None:
    """Create the reserve if it is missing or too short; do without it where space or permission is lacking.

    It holds random bytes, because zeros would take no space where the file system compresses.
    """
    try:
        if not _is_whole(layout):
            files.make_dirs(layout.tmp, shared=layout.shared)
            data = (os.urandom(_BLOCK) * -(-RESERVE // _BLOCK))[:RESERVE]
            files.replace_file(layout.reserve, data, layout.tmp / new_name())
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
    make_spares(layout, SPARES)


def make_spares(layout: Layout, number: int) -> None:
    """Create empty files until there are `number`, as far as space and permissions allow."""
    missing = number - len(_list_spares(layout))
    try:
        if missing > 0:
            files.make_dir(layout.spares, shared=layout.shared)
        for _ in range(missing):
            NewFile(layout.spares / new_name()).close()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise


def free_reserve(layout: Layout) -> bool:
    """Return the reserve's bytes and inodes to the disk; return False where there are none."""
    reserved = [path for path in [*_list_spares(layout), layout.reserve] if _is_ours(path)]
    for path in reserved:
        files.unlink(path)
    return bool(reserved)


def with_room(layout: Layout, action: Callable[[], T]) -> T:
    """Do `action`, which must be repeatable; on a full disk free the reserve and do it again."""
    try:
        return action()
    except OSError as error:
        if error.errno not in FULL or not free_reserve(layout):
            raise
    return action()


def _list_spares(layout: Layout) -> list[Path]:
    return [layout.spares / name for name in files.list_names(layout.spares)] if files.is_dir(layout.spares) else []


def _is_ours(path: Path) -> bool:
    status = files.find_status(path)
    return status is not None and files.is_regular(status)


def _is_whole(layout: Layout) -> bool:
    status = files.find_status(layout.reserve)
    return status is not None and files.is_regular(status) and status.st_size >= RESERVE
