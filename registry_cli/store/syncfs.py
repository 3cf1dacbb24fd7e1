"""Flushes a whole file system in one call, which for many small files costs less than one fsync each.

syncfs(2) also writes the unflushed bytes of other programs, so it is used only for many files, and only while few other
bytes wait to be written. It is trusted on Linux 5.8 and later, which reports lost writes since its descriptor was
opened, and on file systems whose implementation waits for data, names and the disk's cache. Elsewhere each file is
flushed by itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from registry_cli.store import files
from registry_cli.store.threads import Background, try_background

MANY: Final = 256
"""Files from which on one call pays, with its start-up and the bytes of other programs included."""
STRIDE: Final = 2048
"""Files after which a flush starts although more files follow."""
_SINCE: Final = (5, 8)
_KNOWN: Final = frozenset({0xEF53, 0x58465342, 0x9123683E, 0x01021994})
"""ext4, XFS, Btrfs and tmpfs, by their magic numbers (statfs(2))."""
_SHARE: Final = 256 << 10
"""Unwritten bytes of other programs that are accepted per file of ours: they cost about as much as one fsync."""


class WholeSync:
    """Makes everything durable that is written to a file system while this object is open.

    Raises:
        OSError: The folder cannot be opened.
    """

    def __init__(self, folder: Path, libc: Any) -> None:
        self._folder = folder
        self._libc = libc
        self._fd = files.open_file(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._waiting = 0
        self._running: Background[None] | None = None

    def is_known(self) -> bool:
        """Return whether this call does on the file system what an fsync of each file does."""
        import ctypes

        buffer = ctypes.create_string_buffer(512)  # the kernel fills in 120 bytes
        return self._libc.fstatfs(self._fd, buffer) == 0 and int.from_bytes(buffer.raw[:4], sys.byteorder) in _KNOWN

    def add(self) -> None:
        """Add one more written file; from time to time this starts a flush in the background.

        Raises:
            OSError: The previous flush failed, as in `flush`.
        """
        self._waiting += 1
        if self._waiting < STRIDE or (self._running and not self._running.done):
            return
        self._finish()
        self._running = try_background(self._flush)
        self._waiting = 0 if self._running else 1  # without a thread the last flush does it all

    def flush(self) -> None:
        """Make bytes and names durable. After an error they are lost: never flush again.

        Raises:
            OSError: Some could not be written.
        """
        self._finish()
        self._waiting = 0
        self._flush()

    def flush_added(self) -> None:
        """Make the files that were added since the last flush durable; raises as `flush`."""
        self._finish()
        if self._waiting:
            self.flush()

    def close(self) -> None:
        """Wait a moment for a running flush, and close the descriptor."""
        if self._running:
            self._running.give_up()
            self._running = None
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _finish(self) -> None:
        running, self._running = self._running, None
        if running:
            running.get()

    def _flush(self) -> None:
        files.flush_whole(self._folder, self._sync)

    def _sync(self) -> None:
        import ctypes

        if self._libc.syncfs(self._fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(self._folder))


def open_whole_sync(folder: Path, number: int) -> WholeSync | None:
    """Return an object that flushes `number` files below a folder at once; None where that does not pay.

    Call it before the files are written, and close the result.
    """
    if number < MANY or not _is_linux() or _read_waiting() > number * _SHARE:
        return None
    import ctypes

    whole = WholeSync(folder, ctypes.CDLL(None, use_errno=True))
    if whole.is_known():
        return whole
    whole.close()
    return None


def _is_linux() -> bool:
    if sys.platform != "linux":
        return False
    first, second, *_ = os.uname().release.split(".")
    return first.isdecimal() and second.isdecimal() and (int(first), int(second)) >= _SINCE


def _read_waiting() -> int:
    """Return the bytes that wait to be written to any disk of this machine (proc_meminfo(5)); 0 where unknown."""
    try:
        lines = [line.split() for line in Path("/proc/meminfo").read_bytes().splitlines()]
    except OSError:
        return 0
    return sum(int(size) << 10 for key, size, *_ in lines if key in {b"Dirty:", b"Writeback:"})
