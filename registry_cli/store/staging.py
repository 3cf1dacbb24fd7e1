"""What one commit brings to disk: blobs and records, written to `tmp/`, made durable, then named.

Two flush rounds end in `install`: the files, then the folders that name them. The log's slot is the third, and the only
commit point: a crash before it leaves nothing but litter. Knows no model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, CorruptError, RegError, UsageError
from registry_cli.ids import BlobHash, RecordId, Xxh3
from registry_cli.store import files, flushing
from registry_cli.store.adopting import Adopted, adopt, give_back
from registry_cli.store.blobs import verify_blob
from registry_cli.store.files import NewFile
from registry_cli.store.flushing import EarlyFlush
from registry_cli.store.hashing import (
    CHUNK,
    Digests,
    Follower,
    digest_bytes,
    digest_open,
    iter_chunks,
    xxh3_of_open,
)
from registry_cli.store.owner import new_name
from registry_cli.store.placing import Placing
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.stamps import is_as_read
from registry_cli.store.syncfs import open_whole_sync

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout

SMALL: Final = 1 << 20
"""Files up to this many bytes are hashed in memory before anything is written."""
_HOLE: Final = bytes(CHUNK)
OPEN: Final = 64
"""Unflushed files kept open; more are flushed side by side."""

Twins = Callable[[int], Container[str]]
"""The XXH3 digests of known blobs of a size in bytes: whether it pays to look before writing."""


def _no_twins(_size: int) -> Container[str]:
    return ()


class Staging:
    """Blobs and records on their way in. Use as a context: whatever was not installed is removed at its end.

    Args:
        layout: Where.
        progress: Told of bytes.
        cached: Whether the system may keep what is written in memory; not while somebody beside us needs that.
        number: Files that will be added at once; many small ones are flushed together.
    """

    def __init__(self, layout: Layout, *, progress: Progress = SILENT, cached: bool = True, number: int = 0) -> None:
        self._layout = layout
        self._progress = progress
        self._cached = cached
        self._names = Placing(layout)
        self._whole = open_whole_sync(layout.tmp, number) if cached else None
        self._waits = False
        """Whether files that are closed wait for the whole file system to be flushed."""
        self._opened: list[NewFile] = []
        self._unflushed: list[NewFile] = []
        self._litter: list[Path] = []
        self._adopted: list[Adopted] = []

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._opened:  # one whose bytes did not fit would keep their room while it is open
            file.close()
        self._end_whole()
        placed = set(self._names.placed.values())
        for adopted in self._adopted:
            if adopted.path not in placed:
                give_back(adopted)
        for path in self._litter:
            try:
                files.unlink(path)
            except OSError:  # a collector takes it; what is in the log has not failed for it
                pass

    def get_file(self, sha256: BlobHash) -> Path:
        """Return where the bytes of a blob that was added lie now, in `tmp/` or in their place."""
        target = self._layout.blob(sha256)
        return self._names.staged.get(target, target)

    def read_file(self, source: Path) -> Digests:
        """Return a file's digests and take in nothing.

        Raises:
            ConflictError: The file changed while it was read.
            UsageError: It is a folder, pipe, socket or device.
        """
        with _open_source(source) as (fd, before):
            digests = digest_open(fd, before.st_size + 1)
            _check_unchanged(fd, source, before, digests)
        self._progress.advance(digests.size)
        return digests

    def add_file(self, source: Path, twins: Twins = _no_twins, *, share: bool = False) -> Digests:
        """Take in the bytes of a file.

        Args:
            source: A regular file; it stays where it is.
            twins: What is known to be stored; bytes that are there already are not written again.
            share: Make the blob a second name of the same file instead of a copy; it becomes read-only.

        Raises:
            ConflictError: The file changed while it was read.
            UsageError: It is a folder, pipe, socket or device.
            RegError: It shall be shared and cannot be, as from another file system.
        """
        with _open_source(source) as (fd, before):
            if share:
                return self._share(fd, source)
            digests = self._take_open(fd, before, twins)
            _check_unchanged(fd, source, before, digests)
        return digests

    def add_stream(self, fd: int) -> Digests:
        """Take in what a pipe gives until its end."""
        return self.add_chunks(iter_chunks(fd))

    def add_chunks(self, chunks: Iterable[bytes | memoryview]) -> Digests:
        """Take in bytes that come in pieces."""
        return self._write(chunks, self._new_file(0o444))

    def add_bytes(self, data: bytes | memoryview) -> Digests:
        """Take in bytes from memory as a blob."""
        digests = digest_bytes(data)
        if not self._is_stored(digests):
            self._stage_bytes(data, self._layout.blob(digests.sha256), mode=0o444)
        return digests

    def add_record(self, data: bytes) -> RecordId:
        """Take in a record's bytes; its id is their SHA-256."""
        record = RecordId(digest_bytes(data).sha256)
        target = self._layout.record(record)
        if files.exists(target):
            self._hit(target)
        else:
            self._stage_bytes(data, target, mode=0o444)
        return record

    def need_blob(self, sha256: BlobHash) -> None:
        """Count on a stored blob that the entry will bring into use."""
        self._hit(self._layout.blob(sha256))

    def write_entry(self, data: bytes) -> Path:
        """Write a log entry's bytes to a file in `tmp/`; `install` or `flush` makes it durable."""
        file = self._new_file(0o444)
        file.write(data)
        self._hold(file)
        return file.path

    def flush(self) -> None:
        """Make all written files durable."""
        self._flush_open()
        if self._whole and self._waits:
            self._whole.flush()
        self._waits = False

    def install(self) -> None:
        """Make everything durable and give it its name.

        Called again before each try for a slot: what a collector took since the last one is brought back.

        Raises:
            ConflictError: A collector has deleted bytes that were stored when we looked.
        """
        self.flush()
        self._names.place(self._whole)
        self._end_whole()  # what comes from now on is a record and an entry

    def restore_lost(self) -> None:
        """Bring back what a collector took between our `install` and our slot in the log.

        Raises:
            CorruptError: It is not in the trash either: somebody else deleted it.
        """
        self._names.restore_lost()

    def _hit(self, target: Path) -> None:
        if not self._litter:  # a file in `tmp/` shows the others that somebody is at work
            self._new_file(0o444).close()
        self._names.hits.add(target)

    def _take_open(self, fd: int, status: os.stat_result, twins: Twins) -> Digests:
        if status.st_size <= SMALL:
            data = os.read(fd, SMALL + 1)
            self._progress.advance(len(data))
            return self.add_bytes(data)
        if (known := twins(status.st_size)) and xxh3_of_open(fd, status.st_size) in known:
            os.lseek(fd, 0, os.SEEK_SET)
            digests = digest_open(fd, status.st_size + 1)
            if self._is_stored(digests):
                self._progress.advance(status.st_size)
                return digests
        os.lseek(fd, 0, os.SEEK_SET)
        return self._write_file(fd, status)

    def _write_file(self, fd: int, status: os.stat_result) -> Digests:
        file = self._new_file(0o444)
        cloned = file.clone(fd)  # holes and all
        sparse = not cloned and status.st_blocks * 512 < status.st_size
        return self._write(iter_chunks(fd, most=status.st_size + 1), file, cloned=cloned, sparse=sparse)

    def _write(
        self, chunks: Iterable[bytes | memoryview], file: NewFile, *, cloned: bool = False, sparse: bool = False
    ) -> Digests:
        """Write chunks to a new file while a second thread takes their SHA-256 behind us.

        Args:
            chunks: The bytes; each piece is valid until the next.
            file: Where they go.
            cloned: The file has them already: only take the digests.
            sparse: Leave a hole for a chunk of zeros.
        """
        from xxhash import xxh3_128

        follower, early = Follower(file.fd), EarlyFlush(file)
        digest, size = xxh3_128(), 0
        try:
            for chunk in chunks:
                digest.update(chunk)
                if sparse and bytes(chunk) == _HOLE[: len(chunk)]:
                    file.skip(len(chunk))
                elif not cloned:
                    file.write(chunk)
                size += len(chunk)
                if sparse:
                    file.set_length(size)
                follower.advance(size)
                early.advance(size)
                self._progress.advance(len(chunk))
            sha256 = follower.finish()
            early.finish()
        except BaseException:
            follower.stop()
            early.stop()
            raise
        digests = Digests(size, sha256, Xxh3(digest.hexdigest()))
        if self._is_stored(digests):
            file.close()
            files.unlink(file.path)
        else:
            self._names.staged[self._layout.blob(sha256)] = file.path
            self._hold(file)
        return digests

    def _share(self, fd: int, source: Path) -> Digests:
        files.flush_open(source, fd)  # the user's bytes, not ours: they must be durable before a record names them
        held = self._layout.tmp / new_name()
        try:
            files.link(source.resolve(), held)  # from here on, another file under the user's name changes nothing
        except OSError as error:
            raise RegError(
                f"{source} cannot share its bytes with the registry: {(error.strerror or 'link failed').lower()}",
                hint="add it without --link",
            ) from None
        self._litter.append(held)
        if not os.path.samestat(os.fstat(fd), files.get_status(held)):
            raise _changed(source)
        self._adopted.append(adopt(self._layout, held, source))
        before = os.fstat(fd)  # our own link and mode have moved the change time
        digests = digest_open(fd, before.st_size + 1)
        _check_unchanged(fd, source, before, digests)
        self._progress.advance(digests.size)
        if not self._cached:
            files.drop_cached(fd)
        if not self._is_stored(digests):
            target = self._layout.blob(digests.sha256)
            self._names.staged[target] = held
        return digests

    def _is_stored(self, digests: Digests) -> bool:
        """Return whether the blob is there or on its way, and whole; a rotten one is moved aside for the good bytes."""
        target = self._layout.blob(digests.sha256)
        if target in self._names.staged:
            return True
        if not files.exists(target):
            return False
        try:
            verify_blob(self._layout, digests.sha256, digests.xxh3, digests.size)
        except CorruptError:
            self._names.set_aside(target, digests.sha256)
            return False
        self._hit(target)
        return True

    def _stage_bytes(self, data: bytes | memoryview, target: Path, *, mode: int) -> None:
        if target in self._names.staged:
            return
        file = self._new_file(mode)
        file.write(data)
        self._names.staged[target] = file.path
        self._hold(file)

    def _new_file(self, mode: int) -> NewFile:
        file = NewFile(self._layout.tmp / new_name(), mode)
        self._opened.append(file)
        self._litter.append(file.path)
        if self._layout.shared:  # whatever the user's umask is, the others must be able to read
            file.set_mode(mode)
        return file

    def _hold(self, file: NewFile) -> None:
        if self._whole and file.written <= SMALL:
            file.close()
            self._waits = True
            return
        self._unflushed.append(file)
        if len(self._unflushed) >= OPEN:
            self._flush_open()

    def _flush_open(self) -> None:
        pending, self._unflushed = self._unflushed, []
        flushing.flush_all(pending, cached=self._cached)

    def _end_whole(self) -> None:
        if self._whole:
            self._whole.close()
            self._whole = None


@contextmanager
def _open_source(source: Path) -> Iterator[tuple[int, os.stat_result]]:
    """Open a user's file, which must be a regular one."""
    fd = files.open_file(source, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not files.is_regular(status):
            raise UsageError(f"{source} is no regular file", hint=f"cat {source} | reg model add NAME - --filename F")
        yield fd, status
    finally:
        os.close(fd)


def _check_unchanged(fd: int, source: Path, before: os.stat_result, digests: Digests) -> None:
    if not is_as_read(fd, before, digests) or not os.path.samestat(before, files.get_status(source)):
        raise _changed(source)


def _changed(source: Path) -> ConflictError:
    return ConflictError(f"{source} changed while it was read", hint="add it again when its writer is done")
