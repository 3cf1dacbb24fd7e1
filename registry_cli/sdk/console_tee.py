"""Copies a script's output into its task's log; the bytes that reach the terminal or file stay the same.

It patches the `write` of the script's own streams and replaces no stream, so that output through a reference to one is
logged too. Output of C code and other processes bypasses it; `reg log` records that as well.

The streams of a notebook's kernel repeat all their output to an `echo`, also that of C code and other processes. It is
logged there, as IPython patches their `write` for the time of each cell and then restores it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


_AT_MOST: Final = 5.0
"""Longest wait for the pipes of a kernel, in seconds."""
_LOOK: Final = 0.02
"""Seconds between two looks at them."""
_QUIET: Final = 5
"""Looks in a row that find them empty and nothing new in the log, after which all has been read."""


class Tee:
    """Logs all writes to streams of this process.

    Attributes:
        problem: A message that explains a gap in the log; None while there is none.
        paused: True while output is not logged.

    Args:
        log: The file to append to.
        names: Those of `stdout` and `stderr` to log.
    """

    def __init__(self, log: Path, names: Iterable[str] = ("stdout", "stderr")) -> None:
        self.problem: str | None = None
        self.paused = False
        self._names = frozenset(names)
        self._log = AppendFile(log)
        self._patched: list[Any] = []
        self._echoes: list[tuple[Any, _Echo]] = []
        self._streams = [stream for name in names if (stream := getattr(sys, name, None)) is not None]
        for stream in self._streams:
            if hasattr(stream, "echo"):
                self._listen_to_echo(stream)
            else:
                self._listen(getattr(stream, "buffer", stream))

    def log(self, name: str, text: str) -> None:
        """Log text that belongs to the output of `stdout` or `stderr` and passes no stream."""
        if name in self._names:
            self._keep(text)

    def flush(self) -> None:
        """Flush the streams' buffers to their destinations, and so to the log."""
        for stream in self._streams:
            try:
                stream.flush()
            except (OSError, ValueError):  # a pipe without a reader, a stream that was closed
                pass

    def close(self) -> None:
        """Restore the streams' own `write`."""
        self.flush()
        if self._echoes:
            self._wait_for_pipes()
        for sink in self._patched:
            sink.__dict__.pop("write", None)
        self._patched.clear()
        for stream, echo in self._echoes:
            if stream.echo is echo:
                stream.echo = echo.next
        self._echoes.clear()
        self._log.close()

    def _wait_for_pipes(self) -> None:
        """Wait until a kernel has read what other processes wrote: it does so bit by bit, in a thread."""
        until, quiet, logged = monotonic() + _AT_MOST, 0, -1
        while quiet < _QUIET and monotonic() < until:
            sleep(_LOOK)
            is_same = self._log.written == logged and not any(_count_unread(stream) for stream, _ in self._echoes)
            quiet, logged = quiet + 1 if is_same else 0, self._log.written

    def _listen(self, sink: Any) -> None:
        write = sink.write

        def write_both(data: Any) -> Any:
            written = write(data)
            self._keep(data[:written] if isinstance(written, int) else data)
            return written

        try:
            sink.write = write_both
        except AttributeError:  # a stream without assignable attributes
            return
        self._patched.append(sink)

    def _listen_to_echo(self, stream: Any) -> None:
        echo = _Echo(self._keep, stream.echo)
        stream.echo = echo
        self._echoes.append((stream, echo))

    def _keep(self, data: Any) -> None:
        if self.paused:
            return
        try:
            self._log.write(data.encode(errors="replace") if isinstance(data, str) else data)
        except OSError as error:
            self.problem = f"the log is not whole: {(error.strerror or str(error)).lower()}"


def _count_unread(stream: Any) -> int:
    """Return the number of bytes in the pipe that a kernel's stream reads; 0 where it has none."""
    import fcntl
    import termios

    pipe = getattr(stream, "_fid", None)
    if not isinstance(pipe, int):
        return 0
    with suppress(OSError):
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
    return 0


class _Echo:
    """The destination to which a kernel's stream repeats its output: logs it, and repeats it to the one before."""

    def __init__(self, keep: Callable[[str], None], before: Any) -> None:
        self.next = before
        self._keep = keep

    def write(self, text: str) -> None:
        if self.next is not None:
            self.next.write(text)
        self._keep(text)

    def flush(self) -> None:
        if self.next is not None:
            self.next.flush()
