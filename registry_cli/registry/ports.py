"""The two ports through which other floors take part in a change: a Gate may refuse it, a Listener is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from registry_cli.records.entry import Entry
    from registry_cli.registry.api import Registry


class Gate(Protocol):
    """Asked before an entry takes its slot, each time it is tried anew."""

    def check(self, registry: Registry, entry: Entry) -> None:
        """Let the entry pass.

        Raises:
            RefusedError: It must not pass.
        """


class Listener(Protocol):
    """Told after an entry is in the log; it cannot change that any more."""

    def notify(self, registry: Registry, entry: Entry) -> None:
        """Take notice of an entry."""
