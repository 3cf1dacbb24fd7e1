"""Finds and removes leftovers: temporary files of dead processes, views of removed versions.

The process that made a file decides; age decides only where that process is unknown. Knows no catalog: the caller
passes the live versions and the attempts at tasks that are over.
"""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.store import files
from registry_cli.store.disk_reserve import FULL
from registry_cli.store.new_file import NewFile
from registry_cli.store.views import STAMPS
from registry_cli.store.writer_name import find_owner, get_own, is_alive, new_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from registry_cli.store.attempt_folders import AttemptFolder
    from registry_cli.store.layout import Layout
    from registry_cli.store.writer_name import Owner

DAY: Final = 86_400.0
"""Seconds without a change after which a file of an unknown process is litter."""
_VERSION: Final = re.compile(r"[0-9a-f]{64}")
_SQLITE: Final = re.compile(r"-(wal|shm|journal)$")


@dataclass(frozen=True, slots=True)
class Litter:
    """A file or folder that may be removed.

    Attributes:
        path: Its path.
        size: Bytes that removing it frees: those without another name.
        what: Kind of leftover.
    """

    path: Path
    size: int
    what: Literal["tmp", "view", "cache", "task"]


def list_litter(layout: Layout, live: Container[str], now: float, grace: float) -> list[Litter]:
    """Return the files and folders that may be removed now.

    Args:
        layout: The registry.
        live: Ids of the versions that are not removed.
        now: Seconds since 1970 by `read_clock`, read before `live` was: a view made since then may be of a version
            that is not in `live` yet, and stays.
        grace: Seconds that a file of an unknown process stays at least; never less than a day.
    """
    limit = now - max(grace, DAY)
    tmp = [path for path in _list_paths(layout.tmp) if _is_abandoned(path, path.name, limit)]
    tmp += [path for path in _list_paths(layout.root) if _is_abandoned_ours(path, path.name, limit)]
    views = [
        path
        for path in _list_paths(layout.views)
        if _is_unused_view(path, live, now) or _is_abandoned_ours(path, path.name, limit)
    ]
    cache = [path for path in _list_paths(layout.cache) if _is_abandoned_ours(path, _SQLITE.sub("", path.name), limit)]
    return [
        *(Litter(path, _measure(path), "tmp") for path in tmp),
        *(Litter(path, _measure(path), "view") for path in views),
        *(Litter(path, _measure(path), "cache") for path in cache),
    ]


def attempt_litter(attempts: Iterable[AttemptFolder]) -> list[Litter]:
    """Return folders of attempts that are no longer needed, as litter."""
    return [Litter(attempt.path, _measure(attempt.path), "task") for attempt in attempts]


def remove_litter(litter: Litter) -> None:
    """Remove a leftover; do nothing where it is already gone."""
    if files.is_dir(litter.path):
        files.remove_tree(litter.path)
    else:
        files.unlink(litter.path)
    if litter.what == "task":
        with suppress(OSError):  # the folder of another attempt is in it, or it is already gone
            files.remove_dir(litter.path.parent)


def list_live_writers(layout: Layout) -> list[Owner]:
    """Return the other processes with files in `tmp/` that run, or may run: on an unreachable host, for up to a day."""
    own, limit = get_own(), read_clock(layout) - DAY
    writers: dict[Owner, None] = {}
    for path in _list_paths(layout.tmp):
        owner = find_owner(path.name)
        if owner is None or owner == own:
            continue
        alive = is_alive(owner, layout.tmp)
        if alive or (alive is None and not _is_older(path, limit)):
            writers[owner] = None
    return list(writers)


def read_clock(layout: Layout) -> float:
    """Return the time by the clock of the registry's file system, which also sets file times; seconds since 1970.

    The time of a new file tells it. Where none can be created, as on a full disk, an existing one is touched; without
    permission to write, this machine's clock is used.
    """
    try:
        file = NewFile(layout.tmp / new_name())
    except OSError as error:
        if error.errno not in {*FULL, errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        return _touch_turn(layout) if error.errno in FULL else time.time()
    try:
        return os.fstat(file.fd).st_mtime
    finally:
        file.close()
        files.unlink(file.path)


def _touch_turn(layout: Layout) -> float:
    with suppress(OSError):
        files.touch(layout.turn)
        return files.get_status(layout.turn).st_mtime
    return time.time()


def _is_abandoned(path: Path, name: str, limit: float) -> bool:
    """Return whether the process that made a file is dead, or unknown with no change to the file since `limit`."""
    owner = find_owner(name)
    alive = is_alive(owner, path.parent) if owner else None
    return alive is False or (alive is None and _is_older(path, limit))


def _is_abandoned_ours(path: Path, name: str, limit: float) -> bool:
    """Return the same for a file in a folder that holds other files too: only a name of ours makes it litter."""
    return find_owner(name) is not None and _is_abandoned(path, name, limit)


def _is_unused_view(path: Path, live: Container[str], now: float) -> bool:
    version = path.name.removesuffix(STAMPS)
    if not _VERSION.fullmatch(version):
        return False
    if path.name != version and not files.exists(path.with_name(version)):
        return True
    return version not in live and _is_older(path, now)


def _is_older(path: Path, limit: float) -> bool:
    return all(max(status.st_mtime, status.st_ctime) <= limit for status in _iter_statuses(path))


def _measure(path: Path) -> int:
    alone = (status for status in _iter_statuses(path) if files.is_regular(status) and status.st_nlink == 1)
    return sum(status.st_size for status in alone)


def _list_paths(folder: Path) -> list[Path]:
    return [folder / name for name in files.list_names(folder)]


def _iter_statuses(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of a file or folder and of all below it; skip those that disappear meanwhile."""
    below = (folder / name for folder, folders, names in files.walk(path) for name in [*folders, *names])
    for each in chain([path], below):
        status = files.find_status(each)
        if status is not None:
            yield status
