"""The report of a check: damages with the versions and tasks that they affect, and notes.

It does not know how damage is found or repaired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import BlobHash, RecordId

Kind = Literal["format", "config", "log", "record", "blob", "view", "index", "trash", "layout", "external"]
"""The role of a damaged file in the registry; `external` is a file outside it that a version points to."""
Level = Literal["fast", "default", "strong"]
"""Level of checking: names and sizes, XXH3-128 where it is known, or SHA-256."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged or missing file.

    Attributes:
        path: Its absolute path.
        problem: Description of the problem, in lower case.
        users: Versions, then tasks, that need it, oldest first; empty where there are none, or where they are unknown.
        seq: The slot, if it is an entry of the log.
        record: The record, if it is one.
        blob: The blob, if it is one or a view of one.
    """

    kind: Kind
    path: Path
    problem: str
    users: tuple[UserId, ...] = ()
    seq: int | None = None
    record: RecordId | None = None
    blob: BlobHash | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of what was checked; `read` is the bytes of blobs and views that were read, `size` those of all blobs."""

    entries: int = 0
    records: int = 0
    blobs: int = 0
    views: int = 0
    size: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one check.

    Attributes:
        damages: Damages in the order of `Kind`, then by path.
        notes: Sentences about oddities that are no damage.
        names: Addresses of the affected versions and tasks, such as `fraud/xgb:3` and `task:baseline`; an id without a
            known address is left out.
    """

    level: Level
    damages: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)
    names: dict[UserId, str] = field(default_factory=dict)
