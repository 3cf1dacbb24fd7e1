"""File objects that a model was written to and that may still be open: what they hold is not in the file yet.

They are never held, not even for a moment: `torch.save(model, open(path, "wb"))` closes the file by letting it go, and
whoever held it then would have the script read half a file.
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
        stream: Whose caller holds it while this is made.
    """

    def __init__(self, stream: Any) -> None:
        self._gone: list[object] = []
        self._stream = ref(stream, self._gone.append)
        self._number: int | None = None
        with suppress(Exception):  # fsspec's and the like have none, and say so in many ways
            self._number = stream.fileno()

    def is_open(self, path: str) -> bool:
        """Return whether it may still write to the file at `path`; one that cannot be asked is until it is let go."""
        if self._gone:
            return False
        if self._number is None:
            return True
        try:
            return os.path.samestat(os.fstat(self._number), Path(path).stat())
        except OSError:
            return False

    def flush(self) -> None:
        """Let it write what it holds; for the end of a process, where nobody is about to let it go."""
        flush: Callable[[], object] | None = getattr(self._stream(), "flush", None)
        if flush is not None:
            with suppress(Exception):
                flush()


def find_open(stream: ReferenceType[Any] | None) -> OpenStream | None:
    """Return a file object as one that is open; None where it is closed, or let go."""
    target = stream() if stream is not None else None
    return None if target is None or getattr(target, "closed", False) else OpenStream(target)
