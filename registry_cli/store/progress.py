"""The port through which long work reports its progress.

Higher floors draw it; this one knows no terminal.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

Unit = Literal["bytes", "items"]


class Progress(Protocol):
    """Receives the progress of one piece of work at a time; `advance` may be called from any thread."""

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        """Start a piece of work of `total` units, None where the number is unknown."""

    def advance(self, n: int) -> None:
        """Report that `n` more units are done."""

    def stop(self) -> None:
        """End the piece of work, whether or not it is complete."""


class _Silent:
    """Ignores all progress."""

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        """Do nothing."""

    def advance(self, n: int) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


SILENT: Final[Progress] = _Silent()
"""The default, which reports nothing."""


@contextmanager
def open_work(progress: Progress, label: str, total: int | None, unit: Unit = "bytes") -> Iterator[None]:
    """Report what the context does as one piece of work of `total` units, None where the number is unknown."""
    progress.start(label, total, unit)
    try:
        yield
    finally:
        progress.stop()
