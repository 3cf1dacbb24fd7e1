"""A log entry: one atomic transaction, in its stored form. The catalog gives its changes their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import EntryId


@dataclass(frozen=True, slots=True)
class Entry:
    """One slot of the log.

    Attributes:
        seq: The slot, counted from 1. Outside the log itself it is only a hint: the identity is `id`.
        previous: SHA-256 of the bytes of the previous slot; empty in the first.
        time: UTC by the writer's clock.
        tool: Program and version that wrote it.
        rules: Lowest version of the rules that its changes need; a reader with an older version becomes read-only.
        message: The reason, as given with `-m`.
        stands_for: SHA-256 of a lost entry whose slot this one fills, so that the next entry still follows.
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
