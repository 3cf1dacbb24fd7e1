"""Copies bytes into a new file and computes their digests on the way. Knows no names and no registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from registry_cli.store.blobs import copy_in_kernel
from registry_cli.store.flushing import EarlyFlush
from registry_cli.store.hashing import CHUNK, Digests, Follower, digest_open, iter_chunks

if TYPE_CHECKING:
    import os

    from registry_cli.store.new_file import NewFile
    from registry_cli.store.progress import Progress

_HOLE: Final = bytes(CHUNK)

Moved = Callable[[int], None]
"""Called with the number of bytes that were written."""


def copy_file(fd: int, status: os.stat_result, file: NewFile, progress: Progress) -> Digests:
    """Copy an open file: as a clone, else in the kernel, else through memory, which a file with holes needs.

    Args:
        fd: Its descriptor, at the first byte.
        status: Its status before the first byte was read.
        file: The new file.
        progress: Receives the bytes copied.
    """
    most = status.st_size + 1
    if file.clone(fd):  # holes and all
        digests = digest_open(fd, most)
        progress.advance(digests.size)
        return digests
    if status.st_blocks * 512 < status.st_size:
        return _copy(lambda moved: _write_sparse(iter_chunks(fd, most=most), file, moved), file, progress)

    def copy(moved: Moved) -> None:
        if not copy_in_kernel(fd, file, moved, most=most):
            _write_chunks(iter_chunks(fd, most=most), file, moved)

    return _copy(copy, file, progress)


def copy_chunks(chunks: Iterable[bytes | memoryview], file: NewFile, progress: Progress) -> Digests:
    """Copy bytes that come in pieces."""
    return _copy(lambda moved: _write_chunks(chunks, file, moved), file, progress)


def _copy(write: Callable[[Moved], None], file: NewFile, progress: Progress) -> Digests:
    """Let `write` fill a new file, while a second thread digests behind it."""
    follower, early, size = Follower(file.fd), EarlyFlush(file), 0

    def moved(more: int) -> None:
        nonlocal size
        size += more
        follower.advance(size)
        early.advance(size)
        progress.advance(more)

    try:
        write(moved)
        digests = follower.finish()
        early.finish()
    except BaseException:
        follower.stop()
        early.stop()
        raise
    return digests


def _write_chunks(chunks: Iterable[bytes | memoryview], file: NewFile, moved: Moved) -> None:
    for chunk in chunks:
        file.write(chunk)
        moved(len(chunk))


def _write_sparse(chunks: Iterable[memoryview], file: NewFile, moved: Moved) -> None:
    """Write chunks, and leave a hole for one of zeros."""
    size = 0
    for chunk in chunks:
        if bytes(chunk) == _HOLE[: len(chunk)]:
            file.skip(len(chunk))
        else:
            file.write(chunk)
        size += len(chunk)
        file.set_length(size)
        moved(len(chunk))
