"""A log entry: one atomic transaction, in the shape in which it is stored. What its changes mean is the catalog's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import EntryId


@dataclass(frozen=True, slots=True)
class Entry:
    """One slot of the log.

    Attributes:
        seq: The slot, counted from 1. A hint everywhere but in the log itself: the identity is `id`.
        previous: SHA-256 of the bytes of the slot before; empty in the first.
        time: UTC by the writer's clock.
        tool: Program and version that wrote it.
        rules: Lowest version of the rules that its changes need; a reader that knows fewer goes read-only.
        message: Why, as given with `-m`.
        stands_for: SHA-256 of a lost entry in whose slot this one was put, so that the next still follows.
    """

    seq: int
    previous: str
    id: EntryId
    time: datetime
    author: str
    tool: str
    rules: int
    message: str | None
    changes: tuple[Mapping[str, object], ...]
    stands_for: str | None = None
