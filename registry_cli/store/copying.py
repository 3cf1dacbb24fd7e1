"""Copies bytes out of the registry into files of the user: never half a file, and over another only where allowed.

A file is written beside its target under a hidden name, checked and made durable, and gets its name last. Only a
regular file is ever replaced, and only where the caller asks for that. Knows no model.
"""

from __future__ import annotations

import errno
import os
import stat
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import ConflictError, CorruptError
from registry_cli.store import files, flushing
from registry_cli.store.flushing import EarlyFlush
from registry_cli.store.hashing import CHANGED, iter_chunks, open_reader, sha256_of_file, xxh3_of_file
from registry_cli.store.new_file import NewFile
from registry_cli.store.outlet import is_stream
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.ids import BlobHash, Xxh3
    from registry_cli.store.beneath import AnyPath
    from registry_cli.store.content import Content

Place = Literal["free", "file", "stream"]
"""State of a target: nothing is there, a regular file, or a pipe or character device that is written into."""
OPEN: Final = 64
"""Unflushed files that are kept open; at that number all are flushed in parallel and get their names."""
_STEM: Final = 80
"""Bytes of a file's name that its hidden name repeats, so that no name becomes too long."""
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""Error codes of file systems without hard links, such as a memory stick's."""
_NO_FLUSH: Final = frozenset({errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
"""Error codes where a folder may be written but not read, or where a file system flushes no folders."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file that still has a hidden name."""

    file: NewFile
    target: Path
    xxh3: Xxh3 | None


def hidden_name(path: Path) -> Path:
    """Return a new hidden name beside `path`, which names this process as its maker."""
    stem = os.fsencode(path.name)[:_STEM].decode(errors="ignore")
    return path.with_name(f".{stem}.{new_name()}")


def find_place(target: Path) -> Place:
    """Return the state of a target.

    A link to a pipe or device, such as `/dev/stdout`, is followed: writing there replaces nothing.

    Raises:
        ConflictError: A folder, block device or socket lies there, or a link to anything else.
    """
    try:
        status = target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "free"
    if files.is_regular(status):
        return "file"
    if _leads_to_stream(target):
        return "stream"
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        raise ConflictError(
            f"{target} is a link to {target.readlink()}: name that file, or remove the link",
            hint=f"rm {quote(str(target))}",
        )
    kind = "a folder" if stat.S_ISDIR(mode) else "a block device" if stat.S_ISBLK(mode) else "a socket"
    raise ConflictError(f"{target} is {kind}, and never replaced by a file: write to another name")


def _leads_to_stream(target: Path) -> bool:
    try:
        return is_stream(files.get_status(target))
    except OSError:  # a link to nothing, or in a circle
        return False


class Copying:
    """Copies files out of the registry. Use as a context: a file without its final name at the end is removed.

    Args:
        replace: Let a file replace another regular one.
        durable: Make files and their names survive a power cut; scratch files need not.
        progress: Receives the number of bytes.
    """

    def __init__(self, *, replace: bool = False, durable: bool = True, progress: Progress = SILENT) -> None:
        self._replace = replace
        self._durable = durable
        self._progress = progress
        self._copies: list[_Copy] = []
        self._folders: set[Path] = set()

    def __enter__(self) -> Copying:
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies:
            copy.file.close()
            files.unlink(copy.file.path)

    def add_blob(self, content: Content, sha256: BlobHash, xxh3: Xxh3, target: Path, *, mode: int = 0o666) -> None:
        """Copy a blob to a file `target`, which gets its name later, in `finish` at the latest.

        Raises:
            ConflictError: Something else has taken the name since it was checked.
            CorruptError: The bytes do not match the digest.
        """
        copy = self._start(target, mode, xxh3)
        early = EarlyFlush(copy.file) if self._durable else None
        try:
            content.copy(sha256, xxh3, copy.file, early=early, progress=self._progress)
            if early:
                early.finish()
        except BaseException:
            if early:
                early.stop()
            raise
        self._hold()

    def add_file(self, source: Path, target: Path, sha256: BlobHash | None, *, mode: int = 0o666) -> None:
        """Copy a file from outside the registry, as `add_blob` does; check its `sha256` where that is known."""
        copy = self._start(target, mode, None)
        with open_reader(source) as fd:
            for chunk in iter_chunks(fd):
                copy.file.write(chunk)
                self._progress.advance(len(chunk))
        if sha256 and sha256_of_file(copy.file.path) != sha256:
            raise CorruptError(f"{source} {CHANGED}")
        self._hold()

    def count_on(self, target: Path) -> None:
        """Make the name of an existing file durable too: the run that wrote it may have been cut short."""
        self._folders.add(target.parent)

    def finish(self) -> None:
        """Give all files their names and make them durable.

        Raises:
            ConflictError: Something else has taken the name since it was checked.
        """
        self._place()
        if self._durable:
            flushing.each_parallel(_flush_dir, sorted(self._folders))

    def _start(self, target: Path, mode: int, xxh3: Xxh3 | None) -> _Copy:
        copy = _Copy(NewFile(hidden_name(target), mode), target, xxh3)
        self._copies.append(copy)
        return copy

    def _hold(self) -> None:
        if len(self._copies) >= OPEN:
            self._place()

    def _place(self) -> None:
        if self._durable:
            flushing.flush_all(copy.file for copy in self._copies)
        while self._copies:
            copy = self._copies[-1]
            copy.file.close()
            self._name(copy)
            self._folders.add(copy.target.parent)
            self._copies.pop()

    def _name(self, copy: _Copy) -> None:
        try:
            give_name(copy.file.path, copy.target)
        except FileExistsError:
            there = find_place(copy.target)
            if there == "file" and _is_same(copy):  # another run was faster
                files.unlink(copy.file.path)
            elif self._replace and there != "stream":
                files.rename(copy.file.path, copy.target)
            else:
                raise ConflictError(f"{copy.target} exists by now: --force replaces it") from None


def give_name(hidden: AnyPath, target: Path) -> None:
    """Rename a file of ours to a free name.

    Raises:
        FileExistsError: The name is taken; nothing has changed.
    """
    try:
        files.link(hidden, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        placeholder = NewFile(target)  # fails where the name is taken; the rename replaces our own empty file
        placeholder.close()
        files.rename(hidden, target)
    else:
        files.unlink(hidden)


def _is_same(copy: _Copy) -> bool:
    size = files.get_status(copy.file.path).st_size
    if files.get_status(copy.target).st_size != size:
        return False
    return xxh3_of_file(copy.target) == (copy.xxh3 or xxh3_of_file(copy.file.path))


def _flush_dir(path: Path) -> None:
    try:
        files.flush_dir(path)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
