"""Room kept for the day the disk is full: a file to give up, so that a collector can write what it must."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.store import files
from registry_cli.store.owner import new_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.store.layout import Layout

T = TypeVar("T")

RESERVE: Final = 4 << 20
"""Bytes kept."""
_BLOCK: Final = 256 << 10
"""Bytes drawn once and repeated: larger than what a compressing file system looks at together."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_ROOM: Final = _FULL | {errno.EROFS, errno.EACCES}


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


def free_reserve(layout: Layout) -> bool:
    """Give the reserve's bytes back to the disk; return False where there is none."""
    status = files.find_status(layout.reserve)
    if status is None or not files.is_regular(status):
        return False
    files.unlink(layout.reserve)
    return True


def with_room(layout: Layout, action: Callable[[], T]) -> T:
    """Do `action`, which must be one that may be done again; on a full disk give up the reserve and do it again."""
    try:
        return action()
    except OSError as error:
        if error.errno not in _FULL or not free_reserve(layout):
            raise
    return action()


def _is_whole(layout: Layout) -> bool:
    status = files.find_status(layout.reserve)
    return status is not None and files.is_regular(status) and status.st_size >= RESERVE
