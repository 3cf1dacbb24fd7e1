"""File objects that a model was written to and that may still be open: their buffers are not in the file yet.

No strong reference to them is ever kept, not even for a moment: `torch.save(model, open(path, "wb"))` closes the file
by dropping its last reference, and with another one left the script would read half a file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

if TYPE_CHECKING:
    from collections.abc import Callable


class OpenStream:
    """A file object that is open.

    Args:
        stream: The file object; the caller holds it during this call.
    """

    def __init__(self, stream: Any) -> None:
        self._gone: list[object] = []
        self._stream = ref(stream, self._gone.append)
        self._number: int | None = None
        with suppress(Exception):  # fsspec's and the like have none, and raise various errors
            self._number = stream.fileno()

    def is_open(self, path: str) -> bool:
        """Return True while it may still write to the file at `path`; without a descriptor, until it is freed."""
        if self._gone:
            return False
        if self._number is None:
            return True
        try:
            return os.path.samestat(os.fstat(self._number), Path(path).stat())
        except OSError:
            return False

    def flush(self) -> None:
        """Flush its buffer; for the end of a process, when no code is about to close it."""
        flush: Callable[[], object] | None = getattr(self._stream(), "flush", None)
        if flush is not None:
            with suppress(Exception):
                flush()


def find_open(stream: ReferenceType[Any] | None) -> OpenStream | None:
    """Return an open file object as an `OpenStream`; None where it is closed or freed."""
    target = stream() if stream is not None else None
    return None if target is None or getattr(target, "closed", False) else OpenStream(target)
