"""Blobs and records as they lie on disk: find them, check them, copy them out. `staging.py` brings them in."""

from __future__ import annotations

import errno
import hashlib
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError
from registry_cli.ids import Xxh3
from registry_cli.store import files, trash
from registry_cli.store.files import NewFile
from registry_cli.store.hashing import iter_chunks, open_reader, sha256_of_file, xxh3_of_file
from registry_cli.store.owner import new_name
from registry_cli.store.parallel import Background
from registry_cli.store.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.ids import BlobHash, RecordId
    from registry_cli.store.layout import Layout

MEND: Final = "add the same file again, or reg repair --from PATH, a copy of the registry"
"""Adding bytes whose blob is missing or rotten puts good ones in its place."""

LARGE: Final = 8 << 20
"""Bytes from which on a second thread pays; also what is copied at a time."""

_LOST: Final = frozenset({errno.EIO, errno.EISDIR})
"""A bad sector, a folder in a file's place: the disk has lost the bytes."""
_CANNOT: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSOCK, errno.EOPNOTSUPP})


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
    layout: Layout, sha256: BlobHash, xxh3: Xxh3, target: Path, *, mode: int = 0o666, durable: bool = False,
    progress: Progress = SILENT,
) -> None:  # fmt: skip
    """Copy a blob to a new file `target` and check the bytes on the way.

    The bytes go to a hidden file beside `target`, which gets its name when they are whole and right: a reader never
    sees half a model. A file `target` is replaced. `durable` makes the bytes survive a power loss.

    Raises:
        CorruptError: The bytes are not what the digest says; `target` is as it was.
    """
    hidden = target.parent / f".{target.name[:80]}.{new_name()}"
    blob = get_blob(layout, sha256)
    file = NewFile(hidden, mode)
    try:
        with _reading(blob, sha256), open_reader(blob) as source:
            if file.clone(source):
                digest = xxh3_of_file(blob)
                progress.advance(files.get_status(blob).st_size)
            else:
                digest = _copy_and_digest(blob, source, file, progress)
        if digest != xxh3:
            raise CorruptError(f"blob {sha256[:12]} does not hold the bytes it was given", hint=MEND)
        if durable:
            file.flush()
        file.close()
        files.rename(hidden, target)
    except BaseException:
        file.close()
        files.unlink(hidden)
        raise


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
    if hashlib.sha256(data).hexdigest() != record:
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


def _copy_and_digest(blob: Path, source: int, file: NewFile, progress: Progress) -> Xxh3:
    """Copy an open blob into a new file and return its digest: a large one in the kernel, digested beside the copy."""
    size = files.get_status(blob).st_size
    if size < LARGE:
        return _copy_through(source, file, progress)
    try:
        digest = Background(partial(xxh3_of_file, blob))
    except RuntimeError:  # the interpreter is about to end and starts no more threads
        return _copy_through(source, file, progress)
    done = 0
    try:
        while copied := file.copy_from(source, done, LARGE):
            done += copied
            progress.advance(copied)
    except OSError as error:
        if done or error.errno not in _CANNOT:
            raise
        return _copy_through(source, file, progress)
    return digest.get()


def _copy_through(source: int, file: NewFile, progress: Progress) -> Xxh3:
    from xxhash import xxh3_128

    digest = xxh3_128()
    for chunk in iter_chunks(source):
        file.write(chunk)
        digest.update(chunk)
        progress.advance(len(chunk))
    return Xxh3(digest.hexdigest())
