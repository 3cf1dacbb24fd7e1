"""Room kept for the day the disk is full: files to give up, so that a collector can write what it must.

A disk may lack bytes, or the right to make one more file: inodes. One large file holds the first, some empty ones the
second.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files
from registry_cli.store.files import NewFile
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.store.layout import Layout

T = TypeVar("T")

RESERVE: Final = 4 << 20
"""Bytes kept."""
SPARES: Final = 16
"""Empty files kept. A collector makes an entry, folders in the trash, and SQLite's two files beside the index."""
_BLOCK: Final = 256 << 10
"""Bytes drawn once and repeated: larger than what a compressing file system looks at together."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Codes of errors that say that the disk or a quota has no room left, of bytes or of inodes."""
_NO_ROOM: Final = FULL | {errno.EROFS, errno.EACCES}


def make_reserve(layout: Layout) -> None:
    """Make the reserve if it is missing or too short; where there is no room for it, or no right to, go without.

    It holds random bytes, for zeros would be given no room where the file system compresses.
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
    """Make empty files until there are `number`, as far as there is room and the right to."""
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
    """Give the reserve's bytes and inodes back to the disk; return False where there are none."""
    held = [path for path in [*_list_spares(layout), layout.reserve] if _is_ours(path)]
    for path in held:
        files.unlink(path)
    return bool(held)


def with_room(layout: Layout, action: Callable[[], T]) -> T:
    """Do `action`, which must be one that may be done again; on a full disk give up the reserve and do it again."""
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
