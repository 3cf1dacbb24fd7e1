"""The seam: every write, fsync, link, rename and unlink of the program goes through these functions.

An observer may watch each call, fail it or kill the process in it; that is how crash safety is tested. Below a
registry's root no function follows a link (`beneath.py`), not even those that only read: so reads inside a registry go
through this module too. Knows nothing of what the files mean.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from registry_cli.errors import CorruptError
from registry_cli.store.beneath import at, is_guarded, is_shared
from registry_cli.store.beneath import open_file as open_file  # a part of the seam
from registry_cli.store.new_file import NewFile
from registry_cli.store.observing import Observer as Observer
from registry_cli.store.observing import call
from registry_cli.store.observing import open_observer as open_observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from registry_cli.store.beneath import AnyPath

T = TypeVar("T")


SHARED_DIR: Final = 0o2775
"""Mode of a shared registry's folders: the group may write, and new files inside belong to it too."""
SMALL: Final = 256 << 20
"""Bytes up to which a file is read at once: the record of a version with a million files has about 180 MB."""
_PAGE: Final = 4096


def link(source: AnyPath, target: AnyPath) -> None:
    """Give the file `source` the second name `target`; a link is linked itself, not followed.

    Raises:
        FileExistsError: The name is taken.
    """

    def give(name: str, folder: int | None) -> None:
        at(target, lambda new, other: os.link(name, new, src_dir_fd=folder, dst_dir_fd=other, follow_symlinks=False))

    call("link", source, str(target), lambda: at(source, give))


def symlink(source: Path, target: Path) -> None:
    """Create the symbolic link `target`, which leads to `source`.

    Raises:
        FileExistsError: The name is taken.
    """
    call(
        "symlink", target, str(source), lambda: at(target, lambda name, folder: os.symlink(source, name, dir_fd=folder))
    )


def rename(source: AnyPath, target: AnyPath) -> None:
    """Rename, replacing a file `target`."""

    def move(name: str, folder: int | None) -> None:
        at(target, lambda new, other: os.rename(name, new, src_dir_fd=folder, dst_dir_fd=other))

    call("rename", source, str(target), lambda: at(source, move))


def unlink(path: AnyPath) -> None:
    """Remove a name; do nothing where it does not exist."""
    with suppress(FileNotFoundError):
        call("unlink", path, None, lambda: at(path, lambda name, folder: os.unlink(name, dir_fd=folder)))


def remove_tree(path: Path) -> None:
    """Remove a folder of derived files; ignore what is missing, and remove links in it without following them."""
    with suppress(FileNotFoundError):
        for name, is_folder in list_entries(path):
            (remove_tree if is_folder else unlink)(path / name)
    remove_dir(path)


def make_dir(path: Path, *, shared: bool = False) -> bool:
    """Create one folder, writable for its group if `shared` or below a shared root.

    Returns:
        False where it exists already.
    """
    try:
        call("mkdir", path, None, lambda: at(path, lambda name, folder: os.mkdir(name, dir_fd=folder)))
    except FileExistsError:
        return False
    if shared or is_shared(path):
        set_mode(path, SHARED_DIR)
    return True


def give_to_owner(path: Path) -> None:
    """Give `path` to the owner of the folder above it, if root runs this: else root would lock the owner out."""
    if os.geteuid() == 0:
        owner = get_status(path.parent)

        def give(name: str, folder: int | None) -> None:
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)

        call("chown", path, None, lambda: at(path, give))


def make_dirs(path: Path, *, shared: bool = False, inside: bool = False) -> None:
    """Create a folder and those above it, each durable in its parent.

    Args:
        path: The folder.
        shared: Let its group write.
        inside: True for a registry's own folder: where root creates it, the registry's owner must be able to write.

    Raises:
        CorruptError: Something else lies in its place in a registry.
    """
    if is_dir(path):
        return
    make_dirs(path.parent, shared=shared, inside=inside)
    if make_dir(path, shared=shared):
        if inside:
            give_to_owner(path)
        flush_dir(path.parent)
    elif is_guarded(path) and not is_dir(path):
        raise CorruptError(f"{path} is not a folder: remove it", hint="reg fsck")


def flush_dir(path: AnyPath) -> None:
    """Make the names in a folder durable."""
    fd = open_file(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        call("fsync-dir", path, None, lambda: os.fsync(fd))
    finally:
        os.close(fd)


def flush_open(path: Path, fd: int) -> None:
    """Make the bytes of a file durable that others wrote; `fd` is its descriptor."""
    call("fsync", path, None, lambda: os.fsync(fd))


def flush_whole(path: Path, sync: Callable[[], object]) -> None:
    """Make all bytes and names on the file system of the folder `path` durable, by the call `sync`."""
    call("syncfs", path, None, sync)


def drop_cached(fd: int) -> None:
    """Drop an open file's bytes from the page cache, where the system can; they must be durable."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def freshen(path: AnyPath) -> bool:
    """Set the access time to now, so that a concurrent collector sees that the file is in use.

    Returns:
        False where the file is missing; the time of another user's file stays as it is.
    """
    try:
        modified = get_status(path).st_mtime_ns
        _set_times(path, (time.time_ns(), modified))
    except FileNotFoundError:
        return False
    except PermissionError:
        pass
    return True


def set_mode(path: AnyPath, mode: int) -> None:
    """Change the permissions of a file or folder that this process may read."""

    def change() -> None:
        fd = open_file(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)

    call("chmod", path, mode, change)


def set_group(path: Path, group: int) -> None:
    """Change the group of a file to another group of this process."""

    def change(name: str, folder: int | None) -> None:
        os.chown(name, -1, group, dir_fd=folder, follow_symlinks=False)

    call("chown", path, None, lambda: at(path, change))


def touch(path: Path) -> None:
    """Set the modification time of a file to now."""
    _set_times(path, None)


def _set_times(path: AnyPath, ns: tuple[int, int] | None) -> None:
    def change(name: str, folder: int | None) -> None:
        times = {} if ns is None else {"ns": ns}
        os.utime(name, dir_fd=folder, follow_symlinks=folder is None, **times)

    call("utime", path, None, lambda: at(path, change))


def replace_file(path: Path, data: bytes, tmp: Path) -> None:
    """Replace the content of `path` in one step: a reader sees the old bytes or the new, also after a crash.

    Args:
        path: A small file such as a setting.
        data: Its new content.
        tmp: A new name on the same file system. It gets the permissions of `path`, which others may rely on.

    Raises:
        CorruptError: A link, folder, pipe or device is in its place.
    """
    file = NewFile(tmp)
    try:
        before = find_status(path)
        if before is not None:
            check_regular(path, before)
            file.set_mode(stat.S_IMODE(before.st_mode))
        file.write(data)
        file.flush()
        file.close()
        rename(tmp, path)
    except BaseException:
        file.close()
        unlink(tmp)
        raise
    flush_dir(path.parent)


def read_small(path: Path) -> bytes:
    """Return all bytes of a registry's small file, without waiting on a pipe in its place.

    Raises:
        FileNotFoundError: It is missing; NotADirectoryError where a file is in its folder's place.
        CorruptError: It is not a regular file, or has more than `SMALL` bytes.
    """
    fd = open_file(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status, data = os.fstat(fd), b""
        check_regular(path, status)
        while status.st_size <= SMALL >= len(data):
            more = os.read(fd, status.st_size + _PAGE)
            if not more:
                return data
            data += more
    finally:
        os.close(fd)
    raise CorruptError(f"{path} has more than {SMALL:,} bytes")


def open_own(path: Path) -> BinaryIO:
    """Open a file for reading that a running process writes in its folder of a registry.

    Raises:
        FileNotFoundError: It is missing.
        CorruptError: It is not a regular file; or it has another name too, or belongs neither to us nor to the owner of
            its folder: somebody may have linked another user's file there.
    """
    fd = open_file(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        check_regular(path, status)
        if status.st_nlink > 1 or status.st_uid not in {os.geteuid(), get_status(path.parent).st_uid}:
            raise CorruptError(f"{path} has another name too, or another owner", hint="reg fsck")
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def get_status(path: AnyPath) -> os.stat_result:
    """Return the status of a file; in a registry a link is not followed.

    Raises:
        FileNotFoundError: It is missing; NotADirectoryError where a file is in its folder's place.
        CorruptError: A link lies on the way to it in a registry.
    """
    return at(path, lambda name, folder: os.stat(name, dir_fd=folder, follow_symlinks=folder is None))


def find_status(path: AnyPath) -> os.stat_result | None:
    """Return the status of a file as `get_status` does, or None where it is missing."""
    try:
        return get_status(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def exists(path: AnyPath) -> bool:
    """Return whether a name exists; raises as `get_status`."""
    return find_status(path) is not None


def is_dir(path: Path) -> bool:
    """Return whether a folder exists; raises as `get_status`."""
    status = find_status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def list_names(path: Path) -> list[str]:
    """Return the names in a folder, sorted; an empty list where it is missing, as git keeps no empty folders.

    Raises:
        CorruptError: It lies in a registry, and is a link or below one.
    """
    return [name for name, _ in list_entries(path)]


def list_entries(path: Path) -> list[tuple[str, bool]]:
    """Return the names in a folder, sorted, each with True if it is a folder; otherwise as `list_names`."""
    return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in iter_entries(path)]


def iter_entries(path: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder, sorted by name; otherwise as `list_names`.

    An entry's `path` is only its name; its methods work until the next entry is requested, and must not follow links.
    """
    try:
        fd = open_file(path, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        with os.scandir(fd) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    finally:
        os.close(fd)


def walk(path: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield a folder and each one below it, with the names of its folders and its other entries; follow no links."""
    entries = list_entries(path)
    folders = [name for name, is_folder in entries if is_folder]
    yield path, folders, [name for name, is_folder in entries if not is_folder]
    for name in folders:
        yield from walk(path / name)


def is_regular(status: os.stat_result) -> bool:
    """Return whether a status is that of a regular file: not a folder, pipe, socket or device."""
    return stat.S_ISREG(status.st_mode)


def check_regular(path: AnyPath, status: os.stat_result) -> None:
    """Check that a file of ours is a regular file.

    Raises:
        CorruptError: It is a link, folder, pipe, socket or device.
    """
    if not is_regular(status):
        raise CorruptError(f"{path} is not a regular file", hint="reg fsck")


def remove_dir(path: Path) -> None:
    """Remove an empty folder; do nothing where it does not exist."""
    with suppress(FileNotFoundError):
        call("rmdir", path, None, lambda: at(path, lambda name, folder: os.rmdir(name, dir_fd=folder)))
