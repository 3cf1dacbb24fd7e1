"""Forwards one stream of output from the child to our own descriptor, unchanged, and never blocks."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

CHUNK: Final = 1 << 16
"""Bytes read at once: the capacity of a pipe."""
SURE: Final = 512
"""Bytes that a writable pipe or terminal takes without blocking: POSIX's minimum of PIPE_BUF."""


class Sink:
    """Our own standard output or error.

    It must not become non-blocking, as other processes share it. A pipe or terminal is reopened where the system can;
    elsewhere little is written at a time, and only when it fits.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._size = CHUNK
        self._own = False
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            self._open_anew()

    def _open_anew(self) -> None:
        try:
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            self.fd = os.open(f"/proc/self/fd/{self.fd}", flags)
            self._own = True
        except OSError:
            self._size = SURE

    def write(self, data: memoryview) -> int:
        """Write as much as fits now and return its length; raises OSError if the reader is gone."""
        if self._size == SURE and not self._is_writable():
            return 0
        try:
            return os.write(self.fd, data[: self._size])
        except BlockingIOError:
            return 0

    def _is_writable(self) -> bool:
        import select

        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Close the descriptor if it was opened here."""
        if self._own:
            os.close(self.fd)
            self._own = False


class Stream:
    """Copies bytes from `source` to `sink`, and calls `keep` with each chunk once it was forwarded.

    A reader that closes its end ends the stream, as it would end a pipe. A sink that fails in another way, such as a
    file on a full disk, gets no more, and the rest goes to `keep` alone: the child's work is worth more than what it
    prints.

    Attributes:
        count: Bytes read so far.
        mid_line: True where the last byte read ended no line.
        error: Reason why the sink gets no more, or None; a reader that closed its end is no error.
    """

    def __init__(self, source: FileIO, sink: Sink, keep: Callable[[bytes], None]) -> None:
        self.count = 0
        self.mid_line = False
        self.error: str | None = None
        self._source, self._sink, self._keep = source, sink, keep
        self._chunk = b""
        self._rest = memoryview(b"")

    @property
    def is_open(self) -> bool:
        """True while more may come."""
        return not self._source.closed

    @property
    def is_waiting(self) -> bool:
        """True while bytes were read that the sink has not taken."""
        return len(self._rest) > 0

    def count_waiting(self) -> int:
        """Return the number of bytes that wait between the child and us; of a terminal, those it has processed."""
        import fcntl
        import termios

        if not self.is_open:
            return 0
        return int.from_bytes(fcntl.ioctl(self._source.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)

    def watch(self, wanted: dict[int, int]) -> None:
        """Add the events to wait for; the end of a sink is always reported."""
        import select

        if not self.is_open:
            return
        if self.error is None:
            wanted[self._sink.fd] = select.POLLOUT if self.is_waiting else 0
        if not self.is_waiting:
            wanted[self._source.fileno()] = select.POLLIN

    def advance(self, ready: dict[int, int]) -> bool:
        """Read or write once if that is possible now, and return whether it was."""
        if not self.is_open:
            return False
        if self.error is None and ready.get(self._sink.fd):
            if self.is_waiting:
                self._forward()
            else:
                self.close()
        elif not self.is_waiting and ready.get(self._source.fileno()):
            self._read()
        else:
            return False
        return True

    def _read(self) -> None:
        try:
            data = self._source.read(CHUNK)
        except OSError:  # a terminal that no process has open any more
            data = b""
        if data is None:
            return
        if not data:
            self.close()
            return
        self.count += len(data)
        self.mid_line = not data.endswith(b"\n")
        self._chunk, self._rest = data, memoryview(data)
        self._forward()

    def _forward(self) -> None:
        try:
            self._rest = self._rest[self._sink.write(self._rest) if self.error is None else len(self._rest) :]
        except OSError as error:
            self._rest = memoryview(b"")
            if error.errno in {errno.EPIPE, errno.ECONNRESET}:
                self.close()
            else:
                self.error = f"output was lost: {os.strerror(error.errno or 0).lower()}"
        if not self._rest:
            self._keep(self._chunk)
            self._chunk = b""

    def close(self) -> None:
        """Close both ends, so that the child sees that nothing reads its output."""
        self._source.close()
        self._sink.close()
