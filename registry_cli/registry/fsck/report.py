"""What a check of the registry finds: damages with the versions and tasks they touch, and what else is worth knowing.

Knows how neither is found nor mended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import BlobHash, RecordId

Kind = Literal["format", "config", "log", "record", "blob", "view", "index", "trash", "layout"]
"""What the damaged file is to the registry."""
Level = Literal["fast", "default", "strong"]
"""How bytes are checked: names and sizes, XXH3-128 where it is known, or SHA-256."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One file that is not what it was.

    Attributes:
        path: Where it lies, or lay; absolute.
        problem: What is wrong with it, lower case.
        users: Versions, then tasks, that need it, oldest first; empty where it is nobody's, or where nobody can tell.
        seq: The slot of the log that it is.
        record: The record that it is.
        blob: The blob that it is, or that it shows.
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
    """What was looked at; `read` is bytes of blobs and views read through, `size` the bytes of all blobs."""

    entries: int = 0
    records: int = 0
    blobs: int = 0
    views: int = 0
    size: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What one check found.

    Attributes:
        damages: In the order of `Kind`, and by path.
        notes: Sentences about what is odd but no damage.
        names: How the versions and tasks that are touched are called, such as `fraud/xgb:3` and `task:baseline`; an id
            that has no name is left out.
    """

    level: Level
    damages: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)
    names: dict[UserId, str] = field(default_factory=dict)
