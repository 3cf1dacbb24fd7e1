"""A version's record: one saved model as it was at birth. Immutable; named by the SHA-256 of its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import CorruptError, UsageError
from registry_cli.records.paths import check_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from registry_cli.ids import ModelName, TaskId, VersionId
    from registry_cli.records.parts import Design, FileEntry, Parent
    from registry_cli.records.values import Value

ROLES: Final = ("continue", "base", "input", "adapter", "merge", "distill", "quantize", "derive")
"""The ways in which a version is made from its parent."""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A version as it was saved.

    Attributes:
        model: Name at birth; the catalog knows the current one.
        nonce: ULID that makes two saves of the same bytes two versions.
        created: UTC.
        unset: Names of values that were given as null, such as `metadata.owner`.
        extra: Keys this program does not know, preserved as they are.

    Raises:
        CorruptError: Two of its files would collide on some file system.
    """

    model: ModelName
    nonce: str
    created: datetime
    author: str
    files: tuple[FileEntry, ...]
    message: str | None = None
    framework: str | None = None
    step: int | None = None
    task: TaskId | None = None
    parents: tuple[Parent, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    design: Design | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    metadata: Mapping[str, Value] = field(default_factory=dict)
    interface: Mapping[str, Value] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_files(self.files)


@dataclass(frozen=True, slots=True)
class Publication:
    """The seal on a version: everything that publishing makes permanent. It holds no number and no slot.

    Raises:
        CorruptError: Two of its files would collide on some file system.
    """

    version: VersionId
    created: datetime
    author: str
    files: tuple[FileEntry, ...]
    framework: str | None
    labels: Mapping[str, int]
    design: Design | None
    parents: tuple[Parent, ...]
    metrics: Mapping[str, int | float]
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_files(self.files)


def check_labels(labels: Mapping[str, object]) -> dict[str, int]:
    """Return `labels` as a table of names and integers.

    Raises:
        UsageError: A value is not an integer, or two labels share a non-zero id (ClearML's rule).
    """
    checked: dict[str, int] = {}
    owner: dict[int, str] = {}
    for name, value in labels.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise UsageError(f"label {name!r} has the id {value!r}; an id is an integer")
        if value and value in owner:
            raise UsageError(f"labels {owner[value]!r} and {name!r} have one id, {value}: each needs its own")
        owner[value] = name
        checked[name] = value
    return checked


def _check_files(files: Iterable[FileEntry]) -> None:
    try:
        check_paths(file.path for file in files)
    except UsageError as error:
        raise CorruptError(error.message) from None
