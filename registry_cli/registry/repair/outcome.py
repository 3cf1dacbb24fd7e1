"""The outcomes of a repair. It does not know how files are mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import RecordId
    from registry_cli.registry.fsck.report import Kind, Report


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for one damaged file, real or planned.

    Attributes:
        path: Path of the file.
        how: Words for how it was mended, or why it was not.
        lost: True where data is lost for this copy of the registry.
        users: Versions and tasks that need the file.
    """

    kind: Kind
    path: Path
    how: str
    lost: bool = False
    users: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """The result of a repair, real or planned.

    Attributes:
        outcomes: The outcome for each damaged file; first the mended files, then the lost ones.
        report: Report of the last check; None where the registry cannot be opened yet.
        orphans: Records that no entry names, where a lost entry may have named them; they stay.
        names: Addresses of versions and tasks, such as `fraud/xgb:3`.
    """

    outcomes: tuple[Outcome, ...]
    report: Report | None
    orphans: tuple[RecordId, ...] = ()
    names: Mapping[UserId, str] = field(default_factory=dict)

    @property
    def lost(self) -> tuple[Outcome, ...]:
        """The outcomes for files that were not mended."""
        return tuple(outcome for outcome in self.outcomes if outcome.lost)
