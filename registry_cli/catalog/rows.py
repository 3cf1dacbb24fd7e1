"""What the catalog answers with: a version, a model, an entry as they are now, with every change applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry_cli.ids import AliasName, EntryId, ModelName, RecordId, TagName, TaskId, VersionId, project_of
from registry_cli.records.values import Value
from registry_cli.records.version import Design, FileEntry


@dataclass(frozen=True, slots=True)
class ParentRow:
    """A parent pointer with the name and number that its target has now."""

    id: VersionId
    role: str
    name: ModelName
    number: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as it is now: its record with every later change applied.

    Attributes:
        created: UTC.
        size: Bytes of all files whose size is known.
        publication: The publication record that seals it, or None for a draft.
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


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A line as `reg model list` shows it: live versions are those neither archived nor removed.

    Attributes:
        size: Bytes of the distinct blobs of its versions that are not removed.
        aliases: Alias and the number it stands on, sorted by alias.
    """

    name: ModelName
    versions: int
    latest: int | None
    aliases: tuple[tuple[AliasName, int], ...]
    published: int
    size: int
    updated: datetime


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of the log as it took effect.

    Attributes:
        event: `<entry id>/<position>`, the name of this change that holds in every copy of the registry.
        ref: Address of the version it is about, else the line's name, else None.
        change: The change as it is stored.
        before: What it replaced, or None.
        void: Why its entry has no effect, or None.
    """

    event: str
    entry: EntryId
    seq: int
    time: datetime
    author: str
    tool: str
    message: str | None
    op: str
    version: VersionId | None
    ref: str | None
    change: Mapping[str, object]
    before: Mapping[str, object] | None
    void: str | None
