"""A task as it is now, and what it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import RecordId, TagName, TaskId, VersionId
    from registry_cli.records.status import Status


@dataclass(frozen=True, slots=True)
class InputRow:
    """A version that a task was given under a name; `ref` is the version's address now, None if nobody holds it."""

    name: str
    version: VersionId
    ref: str | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as its newest record has it, as far as the index does.

    Attributes:
        status: As in the log; one that is `running` there may have crashed.
        created: UTC, as are `started` and `ended`.
        commit: Full id of the commit it ran from.
        command: Its words as a shell would read them; cut where it is very long.
        record: The newest record, which holds all the rest.
        broken: Why that record cannot be read, or None; then little more than id and status is known.
        metrics: By name without `metrics.`; of one with a curve also its `NAME.min`, `NAME.max` and `NAME.last`.
        params: By name without `params.`, nested names joined by dots; a list is its JSON text, a time its ISO text.
    """

    id: TaskId
    name: str
    project: str
    status: Status
    attempt: int
    author: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    exit_code: int | None
    source: TaskId | None
    comment: str | None
    commit: str | None
    command: str
    record: RecordId
    archived: bool
    removed: bool
    broken: str | None
    tags: tuple[TagName, ...]
    metrics: Mapping[str, int | float]
    params: Mapping[str, str | int | float | bool]

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None until it has ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None
