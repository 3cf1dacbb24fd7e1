"""What became of damaged files. Knows not how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import RecordId
    from registry_cli.registry.fsck.report import Kind, Report


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one damaged file, or what would.

    Attributes:
        path: Where it lies, or lay.
        how: How it was mended, or why it was not.
        lost: Whether something is gone for this copy of the registry.
        users: Versions and tasks that need the file.
    """

    kind: Kind
    path: Path
    how: str
    lost: bool = False
    users: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did, or would do.

    Attributes:
        outcomes: What became of each damaged file; first what was mended, then what is lost.
        report: What the last check found; None where the registry cannot be opened yet.
        orphans: Records that no entry names, where an entry that was lost may have named them; they are kept.
        names: What versions and tasks are called, such as `fraud/xgb:3`.
    """

    outcomes: tuple[Outcome, ...]
    report: Report | None
    orphans: tuple[RecordId, ...] = ()
    names: Mapping[UserId, str] = field(default_factory=dict)

    @property
    def lost(self) -> tuple[Outcome, ...]:
        """What was not mended."""
        return tuple(outcome for outcome in self.outcomes if outcome.lost)
