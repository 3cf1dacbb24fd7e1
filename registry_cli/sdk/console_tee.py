"""Copies a script's output into its task's log; the bytes that reach the terminal or file stay the same.

It patches the `write` of the script's own streams and replaces no stream, so that output through a reference to one is
logged too. Output of C code and other processes bypasses it; `reg log` records that as well.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Tee:
    """Logs all writes to streams of this process.

    Attributes:
        problem: A message that explains a gap in the log; None while there is none.

    Args:
        log: The file to append to.
        names: Those of `stdout` and `stderr` to log.
    """

    def __init__(self, log: Path, names: Iterable[str] = ("stdout", "stderr")) -> None:
        self.problem: str | None = None
        self._log = AppendFile(log)
        self._patched: list[Any] = []
        self._streams = [stream for name in names if (stream := getattr(sys, name, None)) is not None]
        for stream in self._streams:
            self._listen(getattr(stream, "buffer", stream))

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
        for sink in self._patched:
            sink.__dict__.pop("write", None)
        self._patched.clear()
        self._log.close()

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

    def _keep(self, data: Any) -> None:
        try:
            self._log.write(data.encode(errors="replace") if isinstance(data, str) else data)
        except OSError as error:
            self.problem = f"the log is not whole: {(error.strerror or str(error)).lower()}"
