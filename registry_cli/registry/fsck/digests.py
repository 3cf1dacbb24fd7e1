"""Reads many files and compares their digests, in a few threads: hashing releases the lock of the interpreter."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from registry_cli.dataclass import dataclass
from registry_cli.store.hashing import iter_chunks, new_buffer, open_reader, sha256_of_file
from registry_cli.store.threads import run_parallel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from registry_cli.ids import BlobHash, Xxh3
    from registry_cli.store.progress import Progress

T = TypeVar("T")

READERS: Final = 2
"""Number of threads: with only one, the disk is idle during hashing."""
STEP: Final = 16 << 20
"""Bytes between two reports of progress and checks for Ctrl-C."""
GONE: Final = "is gone"
"""The problem of a file that was there when it was listed."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A file to read.

    Attributes:
        sha256: The digest that its bytes must have.
        xxh3: The digest that is compared instead of `sha256`, where it is known and sufficient.
        subject: The caller's own value for the file.
    """

    path: Path
    sha256: BlobHash
    xxh3: Xxh3 | None
    subject: T


class Reader:
    """Reads files; Ctrl-C stops it soon.

    Attributes:
        read: Bytes read so far.
        closed: Number of files that this user may not read, whose bytes are therefore unchecked.
    """

    def __init__(self, progress: Progress) -> None:
        self.read = 0
        self.closed = 0
        self._progress = progress
        self._lock = threading.Lock()
        self._stopped = False

    def list_bad(self, readings: Iterable[Reading[T]]) -> list[tuple[Reading[T], str]]:
        """Return the files that do not have the expected bytes, each with its problem."""
        source, bad = iter(readings), list[tuple[Reading[T], str]]()

        def work() -> None:
            buffer = new_buffer()
            while True:
                with self._lock:
                    reading = next(source, None)
                if reading is None or self._stopped:
                    return
                problem = self._find_problem(reading, buffer)
                if problem:
                    with self._lock:
                        bad.append((reading, problem))

        run_parallel(work, READERS, self._stop)
        return bad

    def _stop(self) -> None:
        self._stopped = True

    def _find_problem(self, reading: Reading[T], buffer: memoryview) -> str | None:
        try:
            if self._digest(reading, buffer) == (reading.xxh3 or reading.sha256):
                return None
            if (
                reading.xxh3 and sha256_of_file(reading.path) == reading.sha256
            ):  # the XXH3 digest in the record is wrong
                return None
        except FileNotFoundError:
            return GONE
        except PermissionError:
            with self._lock:
                self.closed += 1
            return None
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return "does not hold the bytes it was given"

    def _digest(self, reading: Reading[T], buffer: memoryview) -> str:
        from xxhash import xxh3_128

        digest = xxh3_128() if reading.xxh3 else hashlib.sha256()
        size = reported = 0
        with open_reader(reading.path) as fd:
            for chunk in iter_chunks(fd, buffer):
                digest.update(chunk)
                size += len(chunk)
                if size - reported >= STEP:
                    self._progress.advance(size - reported)
                    reported = size
                    if self._stopped:
                        break
        self._progress.advance(size - reported)
        with self._lock:
            self.read += size
        return digest.hexdigest()
