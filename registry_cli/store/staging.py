"""Brings the bytes of one commit to disk: blobs and records, written to `tmp/`, made durable, then named.

Two flush rounds end in `install`: the files, then the folders that name them. The log's slot is the third, and the only
commit point: a crash before it leaves nothing but litter. Knows no model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError, RegError
from registry_cli.ids import BlobHash, RecordId
from registry_cli.store import files, flushing
from registry_cli.store.adopting import Adopted, adopt, give_back
from registry_cli.store.beneath import hold_folders
from registry_cli.store.blobs import verify_blob
from registry_cli.store.digesting_copy import copy_chunks, copy_file
from registry_cli.store.hashing import Digests, digest_bytes, iter_chunks, xxh3_of_open
from registry_cli.store.incoming import SMALL, Incoming, changed
from registry_cli.store.install import Placing
from registry_cli.store.new_file import NewFile
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.syncfs import open_whole_sync
from registry_cli.store.writer_name import new_names

if TYPE_CHECKING:
    from registry_cli.store.layout import Layout

MODE: Final = 0o444
"""Of blobs, records and entries."""
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
        self._tmp = str(layout.tmp)
        self._new_name = new_names()
        self._names = Placing(layout, number)
        self._whole = open_whole_sync(layout.tmp, number) if cached else None
        self._opened: set[NewFile] = set()
        self._unflushed: list[NewFile] = []
        self._litter: list[str] = []
        self._adopted: list[Adopted] = []

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._opened:  # one whose bytes did not fit would keep their room while it is open
            file.close()
        self._end_whole()
        placed = set(self._names.placed.values())
        for adopted in self._adopted:
            if str(adopted.path) not in placed:
                give_back(adopted)
        with hold_folders():
            for path in self._litter:
                try:
                    files.unlink(path)
                except OSError:  # a collector takes it; what is in the log has not failed for it
                    pass

    def get_file(self, sha256: BlobHash) -> Path:
        """Return where the bytes of a blob that was added lie now, in `tmp/` or in their place."""
        target = self._layout.blob_text(sha256)
        return Path(self._names.staged.get(target, target))

    def read_file(self, source: Path) -> Digests:
        """Return a file's digests and take in nothing; raises as `add_file`."""
        with Incoming(source) as incoming:
            digests = self.read_open(incoming)
            incoming.check(digests)
        return digests

    def read_open(self, source: Incoming) -> Digests:
        """Return the digests of an open file, which the caller checks afterwards, and take in nothing."""
        digests = source.digest()
        self._progress.advance(digests.size)
        return digests

    def add_file(self, source: Path, twins: Twins = _no_twins, *, share: bool = False) -> Digests:
        """Take in the bytes of a file; as `add_open`.

        Raises:
            ConflictError: The file changed while it was read.
            UsageError: It is a folder, pipe, socket or device.
            RegError: It shall be shared and cannot be, as from another file system.
        """
        with Incoming(source) as incoming:
            digests = self.add_open(incoming, twins, share=share)
            incoming.check(digests)
        return digests

    def add_open(self, source: Incoming, twins: Twins = _no_twins, *, share: bool = False) -> Digests:
        """Take in the bytes of an open file; the caller checks afterwards that they stayed as they were.

        Args:
            source: A regular file; it stays where it is.
            twins: What is known to be stored; bytes that are there already are not written again.
            share: Make the blob a second name of the same file instead of a copy; it becomes read-only.

        Raises:
            ConflictError: Another file has its name by now.
            RegError: It shall be shared and cannot be.
        """
        if share:
            return self._share(source)
        if source.data is not None:
            self._progress.advance(len(source.data))
            return self.add_bytes(source.data)
        size = source.status.st_size
        if (known := twins(size)) and xxh3_of_open(source.fd, size) in known:
            digests = source.digest()
            if self._is_stored(digests, self._layout.blob_text(digests.sha256)):
                self._progress.advance(size)
                return digests
        source.rewind()
        file = self._new_file()
        return self._keep_written(file, copy_file(source.fd, source.status, file, self._progress))

    @property
    def flushes_all(self) -> bool:
        """True where one flush makes all small files durable, whichever process wrote them."""
        return self._whole is not None

    def reserve_name(self) -> str:
        """Return a name in `tmp/` for bytes that another process of ours writes; it is gone when all is done.

        Only where `flushes_all`: nobody flushes that file by itself.
        """
        path = self._new_path()
        self._litter.append(path)
        return path

    def write_beside(self, source: Incoming, path: str) -> Digests | None:
        """Write a small open file's bytes to a reserved name, in a process whose memory nobody will ask.

        Returns:
            None where they are stored already, or are not few: the caller's own process is to take them in.
        """
        if source.data is None:
            return None
        digests = digest_bytes(source.data)
        if self._names.is_there(self._layout.blob_text(digests.sha256)):
            return None
        with NewFile(path, MODE) as file:
            file.write(source.data)
        return digests

    def count_written(self, path: str, digests: Digests) -> None:
        """Take in what was written to a reserved name."""
        assert self._whole
        self._progress.advance(digests.size)
        self._names.staged.setdefault(self._layout.blob_text(digests.sha256), path)
        self._whole.add()

    def add_stream(self, fd: int) -> Digests:
        """Take in what a pipe gives until its end."""
        return self.add_chunks(iter_chunks(fd))

    def add_chunks(self, chunks: Iterable[bytes | memoryview]) -> Digests:
        """Take in bytes that come in pieces."""
        file = self._new_file()
        return self._keep_written(file, copy_chunks(chunks, file, self._progress))

    def add_bytes(self, data: bytes | memoryview) -> Digests:
        """Take in bytes from memory as a blob."""
        digests = digest_bytes(data)
        target = self._layout.blob_text(digests.sha256)
        if not self._is_stored(digests, target):
            self._stage_bytes(data, target)
        return digests

    def add_record(self, data: bytes) -> RecordId:
        """Take in a record's bytes; its id is their SHA-256."""
        record = RecordId(digest_bytes(data).sha256)
        target = str(self._layout.record(record))
        if files.exists(target):
            self._hit(target)
        else:
            self._stage_bytes(data, target)
        return record

    def need_blob(self, sha256: BlobHash) -> None:
        """Count on a stored blob that the entry will bring into use."""
        self._hit(self._layout.blob_text(sha256))

    def write_entry(self, data: bytes) -> str:
        """Write a log entry's bytes to a file in `tmp/`; `install` or `flush` makes it durable."""
        file = self._new_file()
        file.write(data)
        self._hold(file)
        return str(file.path)

    def flush(self) -> None:
        """Make all written files durable."""
        self._flush_open()
        if self._whole:
            self._whole.flush_added()

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
            CorruptError: It is not in the trash either: another process deleted it.
        """
        self._names.restore_lost()

    def _hit(self, target: str) -> None:
        if not self._litter:  # a file in `tmp/` shows the others that somebody is at work
            self._new_file().close()
        self._names.hits.add(target)

    def _keep_written(self, file: NewFile, digests: Digests) -> Digests:
        target = self._layout.blob_text(digests.sha256)
        if self._is_stored(digests, target):
            file.close()
            files.unlink(file.path)
        else:
            self._names.staged[target] = str(file.path)
            self._hold(file)
        return digests

    def _share(self, incoming: Incoming) -> Digests:
        fd, source = incoming.fd, Path(incoming.path)
        files.flush_open(source, fd)  # the user's bytes, not ours: they must be durable before a record names them
        held = self._new_path()
        try:
            files.link(source.resolve(), held)  # from here on, another file under the user's name changes nothing
        except OSError as error:
            raise RegError(
                f"{source} cannot share its bytes with the registry: {(error.strerror or 'link failed').lower()}; "
                "without --link it is copied"
            ) from None
        self._litter.append(held)
        if not os.path.samestat(os.fstat(fd), files.get_status(held)):
            raise changed(source)
        self._adopted.append(adopt(self._layout, Path(held), source))
        incoming.look()  # our own link and mode have moved the change time
        digests = self.read_open(incoming)
        if not self._cached:
            files.drop_cached(fd)
        target = self._layout.blob_text(digests.sha256)
        if not self._is_stored(digests, target):
            self._names.staged[target] = held
        return digests

    def _is_stored(self, digests: Digests, target: str) -> bool:
        """Return whether the blob is there or on its way, and whole; a rotten one is moved aside for the good bytes."""
        if target in self._names.staged:
            return True
        if not self._names.is_there(target):
            return False
        try:
            verify_blob(self._layout, digests.sha256, digests.xxh3, digests.size)
        except CorruptError:
            self._names.set_aside(target, digests.sha256)
            return False
        self._hit(target)
        return True

    def _stage_bytes(self, data: bytes | memoryview, target: str) -> None:
        if target in self._names.staged:
            return
        file = self._new_file()
        file.write(data)
        self._names.staged[target] = str(file.path)
        self._hold(file)

    def _new_path(self) -> str:
        return f"{self._tmp}/{next(self._new_name)}"

    def _new_file(self) -> NewFile:
        file = NewFile(self._new_path(), MODE)
        self._opened.add(file)
        self._litter.append(str(file.path))
        return file

    def _hold(self, file: NewFile) -> None:
        if self._whole and file.written <= SMALL:
            file.close()
            self._opened.discard(file)
            self._whole.add()
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
