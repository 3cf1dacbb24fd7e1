"""A version as it is now, with every change applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from registry_cli.ids import AliasName, ModelName, RecordId, TagName, TaskId, VersionId, project_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.records.parts import Design, FileEntry
    from registry_cli.records.values import Value

UserId: TypeAlias = VersionId | TaskId
"""Who names records and blobs."""


@dataclass(frozen=True, slots=True)
class ParentRow:
    """A parent pointer with the name and number that its target has now."""

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
    """A version or task whose record cannot be read, and why; `ref` is its address, `id` the record's."""

    id: RecordId
    ref: str
    removed: bool
    problem: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as it is now: its record with every later change applied.

    Attributes:
        created: UTC.
        size: Bytes of all files whose size is known.
        publication: The publication record that seals it, or None for a draft.
        broken: Why its record cannot be read, or None; then little more than its name and number is known.
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
    broken: str | None = None

    @property
    def published(self) -> bool:
        """Whether a publication seals it."""
        return self.publication is not None

    @property
    def project(self) -> str:
        """All but the last segment of its name."""
        return project_of(self.name)

    @property
    def ref(self) -> str:
        """Its address, `name:number`."""
        return f"{self.name}:{self.number}"
