"""Rows of the catalog: versions and tasks in their present state, with every change applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from registry_cli.dataclass import dataclass
from registry_cli.ids import AliasName, ModelName, RecordId, TagName, TaskId, VersionId, project_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import RecordId, TagName
    from registry_cli.records.parts import Design, FileEntry
    from registry_cli.records.status import Status
    from registry_cli.records.values import Value


UserId: TypeAlias = VersionId | TaskId
"""Id of a version or task, the users of records and blobs."""


@dataclass(frozen=True, slots=True)
class ParentRow:
    """A parent pointer with the present name and number of its target."""

    id: VersionId
    role: str
    name: ModelName
    number: int


@dataclass(frozen=True, slots=True)
class User:
    """A version or task that names a blob; `ref` is its address."""

    id: UserId
    ref: str
    removed: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A version or task whose record cannot be read, with the problem; `ref` is its address, `id` the record's."""

    id: RecordId
    ref: str
    removed: bool
    problem: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in its present state: its record with every later change applied.

    Attributes:
        created: Time in UTC.
        size: Bytes of all files whose size is known.
        params: Its own parameters, and by names without `params.` those of its task that it lacks, as in a `TaskRow`.
        own_params: The parameters in its own record.
        publication: The publication record that seals it, or None for a draft.
        broken: Reason why its record cannot be read, or None; a broken version has little more than name and number.
        attempt: The attempt of its task that made it; None where the log does not say.
    """

    id: VersionId
    name: ModelName
    number: int
    framework: str | None
    author: str
    created: datetime
    message: str | None
    comment: str | None
    step: int | None
    task: TaskId | None
    size: int
    tags: tuple[TagName, ...]
    aliases: tuple[AliasName, ...]
    metadata: Mapping[str, Value]
    metrics: Mapping[str, Value]
    params: Mapping[str, Value]
    labels: Mapping[str, int]
    interface: Mapping[str, Value]
    design: Design | None
    publication: RecordId | None
    archived: bool
    removed: bool
    files: tuple[FileEntry, ...]
    parents: tuple[ParentRow, ...]
    own_params: Mapping[str, Value]
    broken: str | None = None
    attempt: int | None = None

    @property
    def published(self) -> bool:
        """True where a publication seals it."""
        return self.publication is not None

    @property
    def project(self) -> str:
        """All but the last segment of its name."""
        return project_of(self.name)

    @property
    def ref(self) -> str:
        """Its address, `name:number`."""
        return f"{self.name}:{self.number}"


@dataclass(frozen=True, slots=True)
class InputRow:
    """A named input of a task; `ref` is the version's present address, None if the registry does not hold it."""

    name: str
    version: VersionId
    ref: str | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An attempt at a task: the fields of its last record that the index holds.

    The attempt that stands for the task is the last one; one that did not complete gives way to the last completed one.

    Attributes:
        status: Status in the log; an attempt that is `running` there may have crashed.
        attempt: Its number; 0 of a draft.
        created: Time in UTC, as are `started` and `ended`.
        commit: Full id of the commit it ran from.
        command: Its words quoted for a shell; truncated where it is very long.
        record: The attempt's last record, which holds all other fields.
        newest: True for the last attempt.
        broken: Reason why that record cannot be read, or None; a broken task has little more than id and status.
        metrics: By name without `metrics.`.
        bounds: The bounds `NAME.min`, `NAME.max` and `NAME.last` of the curve of a metric `NAME`.
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
    bounds: Mapping[str, int | float]
    params: Mapping[str, str | int | float | bool]
    newest: bool = True

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None until the task has ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None
