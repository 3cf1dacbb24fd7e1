"""One stream of output on its way from the child to our own descriptor, unchanged, without ever waiting."""

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
"""Bytes read at once: what a pipe holds."""
SURE: Final = 512
"""Bytes that a writable pipe or terminal takes without waiting: POSIX's least PIPE_BUF."""


class Sink:
    """Our own standard output or error.

    It must not become non-blocking, for others share it. A pipe or terminal is opened anew where the system can;
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
        """Write what fits now and return its length; raises OSError when the reader is gone."""
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
        """Close what was opened here."""
        if self._own:
            os.close(self.fd)
            self._own = False


class Stream:
    """Bytes from `source` to `sink`; each chunk is given to `keep` once it was forwarded.

    A reader that leaves ends the stream, as it would end a pipe. A sink that fails otherwise, such as a file on a full
    disk, gets no more, and the rest goes to `keep` alone: the child's work is worth more than what it prints.

    Attributes:
        count: Bytes read so far.
        error: Why the sink gets no more, or None; a reader that left is no error.
    """

    def __init__(self, source: FileIO, sink: Sink, keep: Callable[[bytes], None]) -> None:
        self.count = 0
        self.error: str | None = None
        self._source, self._sink, self._keep = source, sink, keep
        self._chunk = b""
        self._rest = memoryview(b"")

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return not self._source.closed

    @property
    def is_waiting(self) -> bool:
        """Whether bytes were read that the sink has not taken."""
        return len(self._rest) > 0

    def count_waiting(self) -> int:
        """Return how many bytes lie between the child and us; of a terminal, those it has put through."""
        import fcntl
        import termios

        if not self.is_open:
            return 0
        return int.from_bytes(fcntl.ioctl(self._source.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)

    def watch(self, wanted: dict[int, int]) -> None:
        """Add the events to wait for; a sink's end is always told."""
        import select

        if not self.is_open:
            return
        if self.error is None:
            wanted[self._sink.fd] = select.POLLOUT if self.is_waiting else 0
        if not self.is_waiting:
            wanted[self._source.fileno()] = select.POLLIN

    def advance(self, ready: dict[int, int]) -> bool:
        """Move what can be moved, and return whether there was something."""
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
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if data is None:
            return
        if not data:
            self.close()
            return
        self.count += len(data)
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
        """Let the child see that nobody reads."""
        self._source.close()
        self._sink.close()
