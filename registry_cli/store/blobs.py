"""Blobs and records as they lie on disk: whether they are there, their bytes opened, copied and checked.

`staging.py` brings them in, `copying.py` out. Outside `store/` a blob is asked for by its digest, not by its path.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash, Xxh3
from registry_cli.sha256 import sha256_hex
from registry_cli.store import files, trash
from registry_cli.store.hashing import iter_chunks, new_buffer, open_reader, sha256_of_file, xxh3_of_file
from registry_cli.store.layout import FANOUT
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.threads import try_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from registry_cli.ids import RecordId
    from registry_cli.store.flushing import EarlyFlush
    from registry_cli.store.layout import Layout
    from registry_cli.store.new_file import NewFile

MEND: Final = "reg repair"
"""Adding bytes whose blob is missing or rotten puts good ones in its place."""

LARGE: Final = 8 << 20
"""Bytes from which on a second thread pays; also what is copied at a time."""

_DIGEST: Final = 64
"""Hex digits of a SHA-256."""
_LOST: Final = frozenset({errno.EIO, errno.EISDIR})
"""A bad sector, a folder in a file's place: the disk has lost the bytes."""
_CANNOT: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSOCK, errno.EOPNOTSUPP})


def has_blob(layout: Layout, sha256: BlobHash) -> bool:
    """Return whether a blob's bytes are at hand; swept ones are brought back, as `find_blob` does."""
    return find_blob(layout, sha256) is not None


def is_in_place(layout: Layout, sha256: BlobHash) -> bool:
    """Return whether a blob is in its place; nothing is moved."""
    return files.exists(layout.blob(sha256))


def is_stored(layout: Layout, sha256: BlobHash) -> bool:
    """Return whether a blob is in its place or in the trash; nothing is moved."""
    path = layout.blob(sha256)
    # it may move either way meanwhile
    return files.exists(path) or trash.find_swept(layout, path) is not None or files.exists(path)


def is_blob(layout: Layout, sha256: BlobHash, status: os.stat_result) -> bool:
    """Return whether a status is that of a blob itself, be it under another name.

    Raises:
        FileNotFoundError: The blob is not in its place.
    """
    return os.path.samestat(status, files.get_status(layout.blob(sha256)))


def iter_stored(layout: Layout) -> Iterator[dict[BlobHash, Path]]:
    """Yield the blobs that are in their place with their paths, one folder at a time."""
    for fan in FANOUT:
        folder = layout.blobs / fan
        names = (name for name in files.list_names(folder) if len(name) == _DIGEST - len(fan))
        yield {BlobHash(fan + name): folder / name for name in names}


@contextmanager
def open_blob(layout: Layout, sha256: BlobHash) -> Iterator[BinaryIO]:
    """Open a blob's bytes, unchecked, for reading.

    Raises:
        CorruptError: It is missing.
    """
    path = get_blob(layout, sha256)
    with ExitStack() as stack:
        with _reading(path, sha256):
            fd = stack.enter_context(open_reader(path))
        yield stack.enter_context(os.fdopen(fd, "rb", closefd=False))


def read_blob(layout: Layout, sha256: BlobHash) -> bytes:
    """Return a small blob's bytes, unchecked.

    Raises:
        CorruptError: It is missing, or not small.
    """
    path = get_blob(layout, sha256)
    with _reading(path, sha256):
        return files.read_small(path)


def find_blob(layout: Layout, sha256: BlobHash) -> Path | None:
    """Return where a blob lies, or None.

    One that a collector moved to the trash while a version that needs it was being added is brought back.
    """
    path = layout.blob(sha256)
    try:
        return path if files.exists(path) or trash.bring_back(layout, path) else None
    except (OSError, CorruptError):  # we cannot write here; the bytes are as good where they are
        swept = trash.find_swept(layout, path)
        if swept is None:
            raise
        return swept


def get_blob(layout: Layout, sha256: BlobHash) -> Path:
    """Return where a blob lies.

    Raises:
        CorruptError: It is not there; the caller knows who needs it.
    """
    path = find_blob(layout, sha256)
    if path is None:
        raise CorruptError(f"blob {sha256[:12]} is missing", hint=MEND)
    return path


def verify_blob(layout: Layout, sha256: BlobHash, xxh3: Xxh3 | None, size: int | None, *, strong: bool = False) -> None:
    """Check a blob's bytes: size and XXH3-128 every day, SHA-256 when `strong`.

    Raises:
        CorruptError: It is missing, or its bytes are not what its digests say.
    """
    path = get_blob(layout, sha256)
    with _reading(path, sha256):
        actual = files.get_status(path).st_size
        if size is not None and actual != size:
            raise CorruptError(f"blob {sha256[:12]} has {actual:,} bytes instead of {size:,}", hint=MEND)
        good = sha256_of_file(path) == sha256 if strong or xxh3 is None else xxh3_of_file(path) == xxh3
    if not good:
        raise CorruptError(f"blob {sha256[:12]} does not hold the bytes it was given", hint=MEND)


def copy_blob(
    layout: Layout, sha256: BlobHash, xxh3: Xxh3, file: NewFile, *, early: EarlyFlush | None = None,
    progress: Progress = SILENT,
) -> None:  # fmt: skip
    """Copy a blob's bytes into a new file and check them on the way.

    Args:
        layout: The registry.
        sha256: Which blob.
        xxh3: Its check.
        file: Empty; the caller names, closes or removes it.
        early: Told how far the file has come, where it is to be durable.
        progress: Told of bytes.

    Raises:
        CorruptError: The bytes are not what the digest says.
    """
    blob = get_blob(layout, sha256)
    with _reading(blob, sha256), open_reader(blob) as source:
        if file.clone(source):
            digest = _digest_open(source)
            progress.advance(os.fstat(source).st_size)
        else:
            digest = _copy_and_digest(source, file, early, progress)
    if digest != xxh3:
        raise CorruptError(f"blob {sha256[:12]} does not hold the bytes it was given", hint=MEND)


def get_record(layout: Layout, record: RecordId) -> bytes:
    """Return a record's bytes, checked against its name.

    Raises:
        CorruptError: It is missing, cannot be read from the disk, or its bytes are not what its name says.
    """
    path = layout.record(record)
    try:
        data = files.read_small(path)
    except FileNotFoundError:
        raise CorruptError(f"{path.relative_to(layout.root.parent)} is missing") from None
    except OSError as error:
        if error.errno not in _LOST:
            raise
        raise CorruptError(f"{path.relative_to(layout.root.parent)} cannot be read: {error.strerror}") from None
    if sha256_hex(data) != record:
        raise CorruptError(f"{path.relative_to(layout.root.parent)} was changed after it was written")
    return data


@contextmanager
def _reading(path: Path, sha256: BlobHash) -> Iterator[None]:
    """Read a blob that a collector may move away in this moment: then no version has needed it any more."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename != str(path):
            raise
        raise CorruptError(f"blob {sha256[:12]} is missing", hint=MEND) from None


def _copy_and_digest(source: int, file: NewFile, early: EarlyFlush | None, progress: Progress) -> Xxh3:
    """Copy an open blob into a new file and return its digest: a large one in the kernel, digested beside the copy."""
    if os.fstat(source).st_size < LARGE:
        return _copy_through(source, file, early, progress)
    beside = os.dup(source)  # the thread may outlive us where we are interrupted
    digest = try_background(partial(_digest_and_close, beside))
    if digest is None:
        os.close(beside)
        return _copy_through(source, file, early, progress)
    done = 0

    def moved(more: int) -> None:
        nonlocal done
        done += more
        if early:
            early.advance(done)
        progress.advance(more)

    if not copy_in_kernel(source, file, moved):
        return _copy_through(source, file, early, progress)
    return digest.get()


def copy_in_kernel(source: int, file: NewFile, moved: Callable[[int], None], *, most: int = sys.maxsize) -> bool:
    """Append an open file's bytes to a new one without taking them into this process.

    Args:
        source: The open file; its position is left alone.
        file: Where they go.
        moved: Told of each piece's size in bytes when it is there.
        most: Bytes after which no more are copied.

    Returns:
        False where the system cannot do that for these files, and nothing has happened.
    """
    done = 0
    try:
        while done < most and (copied := file.copy_from(source, done, min(LARGE, most - done))):
            done += copied
            moved(copied)
    except OSError as error:
        if done or error.errno not in _CANNOT:
            raise
        return False
    return True


def _copy_through(source: int, file: NewFile, early: EarlyFlush | None, progress: Progress) -> Xxh3:
    from xxhash import xxh3_128

    digest = xxh3_128()
    for chunk in iter_chunks(source):
        file.write(chunk)
        digest.update(chunk)
        if early:
            early.advance(file.written)
        progress.advance(len(chunk))
    return Xxh3(digest.hexdigest())


def _digest_and_close(fd: int) -> Xxh3:
    try:
        return _digest_open(fd)
    finally:
        os.close(fd)


def _digest_open(fd: int) -> Xxh3:
    """Return the XXH3-128 of an open file; its position is left alone, which another thread may use."""
    from xxhash import xxh3_128

    digest, buffer, done = xxh3_128(), new_buffer(), 0
    while size := os.preadv(fd, [buffer], done):
        digest.update(buffer[:size])
        done += size
    return Xxh3(digest.hexdigest())
