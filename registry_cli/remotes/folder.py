"""A remote in a folder: on a shared disk, a stick, or another machine's mount.

An object is a file at its key's path. It is created as a registry's own files are: written and flushed in `tmp/`, then
linked to its name, which the kernel does for one process only; then the folder is flushed. No link below the folder is
followed, and nothing there is trusted to be a file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, CorruptError, RefusedError, RemoteError, describe_os_error
from registry_cli.remotes.port import AbsentError, ObjectStatus, Source, is_key
from registry_cli.store import files
from registry_cli.store.beneath import guard
from registry_cli.store.blobs import copy_in_kernel
from registry_cli.store.file_locks import open_file_lock
from registry_cli.store.hashing import iter_chunks, open_reader
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TMP: Final = "tmp"
"""Folder of files that are still written; no key begins with its name."""
_MODE: Final = 0o444


class FolderRemote:
    """Objects in a folder.

    Args:
        root: The folder; it is made with the first object.
        shared: Let the folder's group write.
    """

    def __init__(self, root: Path, *, shared: bool = False) -> None:
        self.root = root
        self._shared = shared
        guard(root, shared=shared)

    def get(self, key: str, start: int = 0, *, most: int) -> bytes:
        """Return a part of an object, as `Remote.get`."""
        with self._reach(), open_reader(self._path(key)) as fd:
            os.lseek(fd, start, os.SEEK_SET)
            return b"".join(iter_chunks(fd, most=most))

    def put_new(self, key: str, source: Source) -> bool:
        """Create an object, as `Remote.put_new`."""
        path = self._path(key)
        with self._reach(create=True):
            if files.exists(path):
                files.flush_dir(path.parent)  # whoever linked it may not have done so yet
                return False
            tmp = self._new_tmp()
            try:
                with NewFile(tmp, _MODE) as file:
                    _write(file, source)
                    file.flush()
                files.make_dirs(path.parent, shared=self._shared, inside=True)
                created = _link(tmp, path)
            finally:
                files.unlink(tmp)
            files.flush_dir(path.parent)
        return created

    def put_if(self, key: str, data: bytes, tag: str) -> bool:
        """Replace an object, as `Remote.put_if`; a lock on the file keeps two that do so apart."""
        path = self._path(key)
        with self._reach():
            if not files.exists(path):
                return False
            with open_file_lock(path):
                found = self.head(key)
                if found is None or found.tag != tag:
                    return False
                files.replace_file(path, data, self._new_tmp())
        return True

    def list_after(self, prefix: str, after: str = "") -> Iterator[ObjectStatus]:
        """Yield the objects after a key, as `Remote.list_after`; whole folders before it are not read."""
        with self._reach():
            yield from self._list(self.root / prefix.rpartition("/")[0], prefix, after)

    def head(self, key: str) -> ObjectStatus | None:
        """Return the status of an object, as `Remote.head`."""
        path = self._path(key)
        with self._reach():
            status = files.find_status(path)
            return None if status is None else _tell(key, path, status)

    def delete(self, key: str) -> None:
        """Delete an object, as `Remote.delete`."""
        path = self._path(key)
        with self._reach():
            if files.exists(path):
                files.unlink(path)
                files.flush_dir(path.parent)

    def _path(self, key: str) -> Path:
        if not is_key(key):
            raise RemoteError(f"{key[:80]!r} is no key of an object")
        return self.root / key

    @contextmanager
    def _reach(self, *, create: bool = False) -> Iterator[None]:
        """Report what the file system refuses as errors of a remote.

        Args:
            create: Make the folder where it is missing; never the one above it, which may be a mount that is gone.

        Raises:
            AbsentError: A file is missing.
            RefusedError: The right to read or write is missing.
            RemoteError: It fails otherwise, or something else is in a file's place.
        """
        try:
            if create and files.is_dir(self.root.parent):
                files.make_dirs(self.root, shared=self._shared)
            if not files.is_dir(self.root):
                raise RemoteError(f"{self.root} is no folder, or is not mounted")
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise AbsentError(f"there is no {error.filename}") from None
        except PermissionError as error:
            raise RefusedError(describe_os_error(error)) from None
        except OSError as error:
            raise RemoteError(f"{self.root}: {describe_os_error(error)}") from None
        except (CorruptError, ConflictError) as error:
            raise RemoteError(error.message) from None

    def _new_tmp(self) -> Path:
        folder = self.root / _TMP
        files.make_dirs(folder, shared=self._shared, inside=True)
        return folder / new_name()

    def _list(self, folder: Path, prefix: str, after: str) -> Iterator[ObjectStatus]:
        """Yield what lies in a folder and below, in the order of keys, in which `a-b` comes before `a/b`."""
        entries = [f"{name}/" if is_folder else name for name, is_folder in files.list_entries(folder)]
        base = "" if folder == self.root else f"{folder.relative_to(self.root)}/"
        for entry in sorted(entries):
            key = base + entry
            wanted = key.startswith(prefix) or prefix.startswith(key)
            if not wanted or key == f"{_TMP}/" or not is_key(key.removesuffix("/")):
                continue
            if entry.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self._list(folder / entry, prefix, after)
            elif key > after and (status := files.find_status(folder / entry)) is not None:
                yield _tell(key, folder / entry, status)


def _write(file: NewFile, source: Source) -> None:
    """Write all of a source to a new file, in the kernel where it can."""
    if isinstance(source, bytes):
        file.write(source)
    elif not copy_in_kernel(source.fileno(), file, lambda _: None):
        source.seek(0)
        for chunk in iter_chunks(source.fileno()):
            file.write(chunk)


def _link(tmp: Path, path: Path) -> bool:
    """Give a file its name; return False where the name is taken.

    A network file system may report that of a link that it has made itself: the two names then are of one file.
    """
    try:
        files.link(tmp, path)
    except FileExistsError:
        return os.path.samestat(files.get_status(tmp), files.get_status(path))
    return True


def _tell(key: str, path: Path, status: os.stat_result) -> ObjectStatus:
    files.check_regular(path, status)
    tag = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    return ObjectStatus(key, status.st_size, tag, status.st_mtime)
