"""Resolves paths below a guarded folder, a registry's root, without following a link.

Each component is opened relative to the one before it, and a link among them counts as damage. So a link that came with
an archive, or that another member of a shared registry created, leads no command to a file outside. Paths elsewhere
belong to the user and are resolved as usual. The kernel has this as RESOLVE_NO_SYMLINKS (openat2(2)), which Python does
not offer.
"""

from __future__ import annotations

import errno
import os
import stat
from _thread import _local
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from weakref import ref

from registry_cli.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
AnyPath: TypeAlias = "Path | str"
"""A path; as text where a `Path` object per file would cost more than the work on it."""

_guarded: dict[str, bool] = {}
"""Guarded folders; True where the folder's group shares what is created below."""
_ROOT: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_STEP: Final = _ROOT | os.O_NOFOLLOW
_HELD: Final = 320
"""Most folders that are kept open: the whole fan-out and some more."""
_LINK: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})
"""Errors of `open` for a link where O_NOFOLLOW forbids one; the last also for a file in a folder's place."""


class _Held:
    """Open folders, by their paths."""

    __slots__ = ("__weakref__", "folders")

    def __init__(self) -> None:
        self.folders: dict[str, int] = {}


def _no_ref() -> None:
    return None


class _Holding(_local):
    """The open folders of a thread, by a weak reference: an interrupt may come before `__exit__` can reset it."""

    held: Callable[[], _Held | None] = staticmethod(_no_ref)


_holding: Final = _Holding()


def guard(root: Path, *, shared: bool = False) -> None:
    """Forbid links below `root` from now on; the root itself may be one.

    Args:
        root: A registry's root, or another folder of ours.
        shared: Let the folder's group read and write what is created below, whatever the umask says.
    """
    _guarded[str(root)] = shared or _guarded.get(str(root), False)
    _find_root.cache_clear()


def at(path: AnyPath, action: Callable[[str, int | None], T]) -> T:
    """Do `action` on the last component of a path, relative to a descriptor of the folder that holds it.

    Args:
        path: Any path.
        action: Takes a name and a folder's descriptor; outside of guarded folders the whole path and None. It must not
            follow links itself: it passes O_NOFOLLOW or `follow_symlinks=False`.

    Raises:
        CorruptError: The path is below a guarded folder, and one of its components is a link.
        OSError: The error of the system; its file name is the whole path.
    """
    text = str(path)
    folder, _, name = text.rpartition("/")
    held = _holding.held()
    if held and folder in held.folders:
        return _act(action, name, held.folders[folder], text)
    root = _find_root(folder)
    if root is None:
        return action(text, None)
    fd = _open_folder(folder, root, text)
    try:
        return _act(action, name, fd, text)
    finally:
        if held and len(held.folders) < _most_held():
            held.folders[folder] = fd
        else:
            os.close(fd)


class hold_folders:  # noqa: N801 - a context manager, named as one
    """Keep open the folders below guarded ones that this thread uses, so that each is resolved once for many files.

    A folder that is renamed meanwhile stays in use, whatever has its name by then: so no folder is held while an entry
    is appended to the log, which must be the log that the registry's path leads to at that moment.
    """

    def __init__(self) -> None:
        self._held: _Held | None = None

    def __enter__(self) -> None:
        if _holding.held() is None:
            self._held = _Held()
            _holding.held = ref(self._held)

    def __exit__(self, *_: object) -> None:
        held, self._held = self._held, None
        if held:
            _holding.held = _no_ref
            for fd in held.folders.values():
                os.close(fd)


def open_file(path: AnyPath, flags: int, mode: int = 0o666) -> int:
    """Open a file and return its descriptor (close-on-exec); below a guarded folder follow no link."""

    def open_it(name: str, folder: int | None) -> int:
        return os.open(name, flags | os.O_CLOEXEC | (0 if folder is None else os.O_NOFOLLOW), mode, dir_fd=folder)

    return at(path, open_it)


def is_guarded(path: AnyPath) -> bool:
    """Return whether a path lies below a guarded folder."""
    return _find_root(_parent(path)) is not None


def is_shared(path: AnyPath) -> bool:
    """Return whether a path lies below a guarded folder that a group shares."""
    root = _find_root(_parent(path))
    return root is not None and _guarded[root]


def _parent(path: AnyPath) -> str:
    return str(path).rpartition("/")[0]


@lru_cache(maxsize=256)
def _find_root(folder: str) -> str | None:
    """Return the outermost guarded folder at or above a folder; None where there is none."""
    end = folder.find("/", 1)
    while end > 0:
        if folder[:end] in _guarded:
            return folder[:end]
        end = folder.find("/", end + 1)
    return folder if folder in _guarded else None


def _open_folder(folder: str, root: str, text: str) -> int:
    """Open a folder at or below a guarded one; errors name the path `text`, which lies in it."""
    steps = text[len(root) + 1 :].split("/")
    if ".." in steps:
        raise CorruptError(f"{text} climbs out of its folder")
    fd, where = os.open(root, _ROOT), root
    for step in folder[len(root) + 1 :].split("/") if len(folder) > len(root) else ():
        above, where = fd, f"{where}/{step}"
        try:
            fd = os.open(step, _STEP, dir_fd=above)
        except OSError as error:
            if error.errno in _LINK:
                _check_no_link(step, above, where)
            error.filename = text
            raise
        finally:
            os.close(above)
    return fd


def _act(action: Callable[[str, int | None], T], name: str, folder: int, text: str) -> T:
    """Do `action` in an open folder; its errors name the whole path."""
    try:
        return action(name, folder)
    except OSError as error:
        if error.errno in _LINK:
            _check_no_link(name, folder, text)
        if error.filename2 == name:
            error.filename2 = text
        elif error.filename == name:
            error.filename = text
        raise


def _most_held() -> int:
    """Return the number of folders that may stay open in a process that needs descriptors for other things too."""
    return min(_HELD, os.sysconf("SC_OPEN_MAX") // 3)


def _check_no_link(name: str, folder: int, where: str) -> None:
    """Check that `name` in an open folder is not a link; `where` is its whole path."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise CorruptError(f"{where} is a link, and a registry has none: remove it", hint="reg fsck") from None
