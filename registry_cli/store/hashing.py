"""Digests of bytes: SHA-256 is the identity, XXH3-128 the everyday check against rot.

XXH3 gives no protection against an attacker: a collision is forged in a millisecond. It runs at memory speed, ten times
faster than SHA-256 with hardware support. Sources: FIPS 180-4;
https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from errno import EINVAL
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash, Xxh3
from registry_cli.store.beneath import is_guarded, open_file
from registry_cli.store.threads import Background, try_background

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.store.beneath import AnyPath

CHANGED: Final = "changed since its digest was recorded"
"""The problem of a file outside the registry that has other bytes than the version that points to it."""
CHUNK: Final = 1 << 18
"""Bytes read at a time: large enough for the disk, small enough to stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The digest that names some bytes, and the one that checks them; `size` in bytes."""

    size: int
    sha256: BlobHash
    xxh3: Xxh3


def digest_bytes(data: bytes | memoryview) -> Digests:
    """Return the digests of bytes in memory."""
    from xxhash import xxh3_128_hexdigest

    return Digests(len(data), BlobHash(hashlib.sha256(data).hexdigest()), Xxh3(xxh3_128_hexdigest(data)))


def digest_open(fd: int, most: int) -> Digests:
    """Return the digests of an open file's bytes from its position on, `most` of them or fewer."""
    from xxhash import xxh3_128

    sha256, xxh3, size = hashlib.sha256(), xxh3_128(), 0
    for chunk in iter_chunks(fd, most=most):
        sha256.update(chunk)
        xxh3.update(chunk)
        size += len(chunk)
    return Digests(size, BlobHash(sha256.hexdigest()), Xxh3(xxh3.hexdigest()))


def iter_chunks(fd: int, buffer: memoryview | None = None, *, most: int = sys.maxsize) -> Iterator[memoryview]:
    """Yield an open file's bytes from its position on; each chunk is valid until the next is requested.

    Args:
        fd: The file.
        buffer: Buffer for a chunk, for callers that read many files; by default a new one.
        most: Bytes after which reading stops: a file may grow as fast as it is read.
    """
    room = new_buffer() if buffer is None else buffer
    while size := os.readv(fd, [room[:most]]):
        yield room[:size]
        most -= size


def new_buffer() -> memoryview:
    """Return a buffer for a chunk."""
    return memoryview(bytearray(CHUNK))


def xxh3_of_file(path: AnyPath, *, most: int = sys.maxsize) -> Xxh3:
    """Return the XXH3-128 of a file, or of its first `most` bytes."""
    with open_reader(path) as fd:
        return xxh3_of_open(fd, most)


def xxh3_of_open(fd: int, most: int) -> Xxh3:
    """Return the XXH3-128 of an open file's bytes from its position on, `most` of them or fewer."""
    from xxhash import xxh3_128

    digest = xxh3_128()
    for chunk in iter_chunks(fd, most=most):
        digest.update(chunk)
    return Xxh3(digest.hexdigest())


def sha256_of_file(path: AnyPath, *, most: int = sys.maxsize) -> BlobHash:
    """Return the SHA-256 of a file, or of its first `most` bytes."""
    digest = hashlib.sha256()
    with open_reader(path) as fd:
        for chunk in iter_chunks(fd, most=most):
            digest.update(chunk)
    return BlobHash(digest.hexdigest())


class open_reader:  # noqa: N801 - a context manager, named as one
    """Open a file for one pass from start to end, as a plain descriptor.

    Raises:
        OSError: EINVAL for a pipe, socket or device, which may never end; else the error of the system.
        CorruptError: A pipe, socket, device or link lies in a registry.
    """

    def __init__(self, path: AnyPath) -> None:
        self.fd = open_file(path, os.O_RDONLY | os.O_NONBLOCK)
        mode = os.fstat(self.fd).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a folder fails by itself
            os.close(self.fd)
            if is_guarded(path):
                raise CorruptError(f"{path} is not a regular file", hint="reg fsck")
            raise OSError(EINVAL, "not a regular file", str(path))
        if hasattr(os, "posix_fadvise"):  # macOS has none
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


class Follower:
    """Digests a file while another thread writes it, by reading behind the writer from the page cache.

    A second thread fed through a queue costs a third of the rate; reading our own file back costs a few percent.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._written = 0
        self._stopped = False
        self._more: SimpleQueue[bool] = SimpleQueue()
        self._thread: Background[Digests] | None = None

    def advance(self, written: int) -> None:
        """Report that the first `written` bytes are in the file."""
        self._written = written
        self._more.put(True)
        if self._thread is None:
            self._thread = try_background(self._follow)  # without one `finish` does the work

    def finish(self) -> Digests:
        """Wait for the last byte and return the digests; call it after the writer has stopped.

        Raises:
            OSError: The file could not be read back.
        """
        self._more.put(False)
        return self._thread.get() if self._thread else self._follow()

    def stop(self) -> None:
        """Stop without digests, after the writer failed or was interrupted."""
        self._stopped = True
        self._more.put(False)
        if self._thread:
            self._thread.give_up()

    def _follow(self) -> Digests:
        from xxhash import xxh3_128

        sha256, xxh3, buffer, done, more = hashlib.sha256(), xxh3_128(), new_buffer(), 0, True
        while more:
            more = self._more.get()
            while done < self._written and not self._stopped:
                size = os.preadv(self._fd, [buffer[: self._written - done]], done)
                if size == 0:
                    raise OSError(f"the file lost bytes after {done} while it was written")
                sha256.update(buffer[:size])
                xxh3.update(buffer[:size])
                done += size
        return Digests(done, BlobHash(sha256.hexdigest()), Xxh3(xxh3.hexdigest()))
