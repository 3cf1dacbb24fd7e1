"""Resolves paths below a guarded folder, a registry's root, without following a link.

Each component is opened relative to the one before it, and a link among them is damage. So a link that came with an
archive, or that another member of a shared registry put there, leads no command to a file outside. Paths elsewhere
belong to the user and are resolved as usual. The kernel has this as RESOLVE_NO_SYMLINKS (openat2(2)), which Python does
not offer.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_guarded: dict[str, bool] = {}
"""Guarded folders, and whether a group shares what is made below."""
_NONE: Final = "\0"
"""Begins no path."""
_recent = _NONE
"""The guarded folder that was asked for last, with a slash: most calls of a process are about one registry."""
_ROOT: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_STEP: Final = _ROOT | os.O_NOFOLLOW
_LINK: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})
"""What `open` says of a link where O_NOFOLLOW forbids one; the last also of a file in a folder's place."""


def guard(root: Path, *, shared: bool = False) -> None:
    """Follow no link below `root` from now on; the root itself may be one.

    Args:
        root: A registry's root, or another folder of ours.
        shared: Let the folder's group read and write what is made below, whatever the umask says.
    """
    global _recent
    _guarded[str(root)] = shared or _guarded.get(str(root), False)
    _recent = _NONE


def at(path: Path, action: Callable[[str, int | None], T]) -> T:
    """Do `action` on the last component of a path, relative to a descriptor of the folder that holds it.

    Args:
        path: Any path.
        action: Takes a name and a folder's descriptor; outside of guarded folders the whole path and None. It follows
            no link itself: it passes O_NOFOLLOW or `follow_symlinks=False`.

    Raises:
        CorruptError: The path is below a guarded folder, and one of its components is a link.
        OSError: What the system says; its file name is the whole path.
    """
    text = str(path)
    root = _find_root(text)
    if root is None:
        return action(text, None)
    *folders, name = text[len(root) + 1 :].split("/")
    if ".." in (name, *folders):
        raise CorruptError(f"{path} climbs out of its folder")
    opened: list[int] = []
    try:
        opened.append(os.open(root, _ROOT))
        for step in folders:
            opened.append(os.open(step, _STEP, dir_fd=opened[-1]))
        return action(name, opened[-1])
    except OSError as error:
        if error.errno in _LINK and opened:
            _check_no_link([*folders, name][: len(opened)], opened[-1], root)
        if len(opened) <= len(folders):
            error.filename = text
        elif error.filename2 == name:
            error.filename2 = text
        elif error.filename == name:
            error.filename = text
        raise
    finally:
        for fd in opened:
            os.close(fd)


def open_file(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a file and return its descriptor, closed in programs that are run; below a guarded folder follow no link."""
    if _find_root(str(path)) is not None:
        flags |= os.O_NOFOLLOW
    return at(path, lambda name, folder: os.open(name, flags | os.O_CLOEXEC, mode, dir_fd=folder))


def is_guarded(path: Path) -> bool:
    """Return whether a path lies below a guarded folder."""
    return _find_root(str(path)) is not None


def is_shared(path: Path) -> bool:
    """Return whether a path lies below a guarded folder that a group shares."""
    root = _find_root(str(path))
    return root is not None and _guarded[root]


def _find_root(text: str) -> str | None:
    """Return the guarded folder above a path, the outermost one; None where there is none."""
    global _recent
    if text.startswith(_recent):
        return _recent[:-1]
    end = text.find("/", 1)
    while end > 0:
        if text[:end] in _guarded:
            _recent = text[: end + 1]
            return text[:end]
        end = text.find("/", end + 1)
    return None


def _check_no_link(steps: list[str], folder: int, root: str) -> None:
    """Check that the last of the steps below a root, which `folder` holds, is no link."""
    try:
        status = os.stat(steps[-1], dir_fd=folder, follow_symlinks=False)
    except OSError:
        return
    if stat.S_ISLNK(status.st_mode):
        where = "/".join((root, *steps))
        raise CorruptError(f"{where} is a link, and a registry has none", hint="reg fsck; take the link away") from None
