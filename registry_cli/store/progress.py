"""The port through which long work tells how far it is.

Whoever draws it lives above; here nobody knows of a terminal.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

Unit = Literal["bytes", "items"]


class Progress(Protocol):
    """Told of one piece of long work at a time; `advance` may be called from any thread."""

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        """Begin a piece of work of `total` units, None where that is not known."""

    def advance(self, n: int) -> None:
        """Say that `n` more units are done."""

    def stop(self) -> None:
        """End the piece of work, whether or not all of it was done."""


class _Silent:
    """Listens and draws nothing."""

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        """Begin."""

    def advance(self, n: int) -> None:
        """Go on."""

    def stop(self) -> None:
        """End."""


SILENT: Final[Progress] = _Silent()
"""The default: nobody is told."""
