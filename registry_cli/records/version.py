"""A version's record: what one saved model was at birth. Immutable; named by the SHA-256 of its bytes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from registry_cli.ids import ModelName, TaskId, VersionId
    from registry_cli.records.parts import Design, FileEntry, Parent
    from registry_cli.records.values import Value

ROLES: Final = ("continue", "base", "input", "adapter", "merge", "distill", "quantize", "derive")
"""How a version was made from its parent."""

_ABSOLUTE: Final = re.compile(r"^([A-Za-z]:|[/\\])")


@dataclass(frozen=True, slots=True)
class Version:
    """What a version was when it was saved.

    Attributes:
        model: Name at birth; the catalog knows today's.
        nonce: ULID, so that two saves of the same bytes are two versions.
        created: UTC.
        unset: Names of values that were given as null, such as `metadata.owner`.
        extra: Keys this program does not know, kept as they came.

    Raises:
        CorruptError: Two of its files would be one on some file system.
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
    """The seal on a version: everything that publishing fixes for ever. It holds no number and no slot.

    Raises:
        CorruptError: Two of its files would be one on some file system.
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
    """Return `labels` as name to integer.

    Raises:
        UsageError: A value is no integer, or two labels have one non-zero id (ClearML's rule).
    """
    checked: dict[str, int] = {}
    owner: dict[int, str] = {}
    for name, value in labels.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise UsageError(f"label {name!r} has the id {value!r}; an id is an integer")
        if value and value in owner:
            raise UsageError(f"labels {owner[value]!r} and {name!r} have one id, {value}", hint="give each its own")
        owner[value] = name
        checked[name] = value
    return checked


def check_path(path: str) -> str:
    """Return a file's path inside its version, in NFC.

    Raises:
        UsageError: It is absolute, climbs with `..`, is empty, or holds a control character.
    """
    normal = unicodedata.normalize("NFC", path)
    parts = normal.split("/")
    if _ABSOLUTE.match(normal) or any(part in {"", ".", ".."} for part in parts):
        raise UsageError(f"{path!r} is no path inside a version", hint="it must be relative and must not climb")
    if not normal.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in normal):
        raise UsageError(f"{path!r} holds a control character")
    return normal


def check_paths(paths: Iterable[str]) -> None:
    """Check that no two paths are one on a file system that folds case, and that none is a folder of another.

    Raises:
        UsageError: Two of them collide.
    """
    seen: dict[str, str] = {}
    for path in paths:
        key = unicodedata.normalize("NFC", path.casefold())
        if key in seen:
            if seen[key] == path:
                raise UsageError(f"two files are called {path!r}", hint="rename one of the files, or add their folder")
            raise UsageError(f"{seen[key]!r} and {path!r} differ only by case", hint="rename one of the files")
        seen[key] = path
    for key, path in seen.items():
        above = key.rpartition("/")[0]
        while above:
            if above in seen:
                raise UsageError(f"{seen[above]!r} is a file and the folder of {path!r}")
            above = above.rpartition("/")[0]


def _check_files(files: Iterable[FileEntry]) -> None:
    try:
        check_paths(file.path for file in files)
    except UsageError as error:
        raise CorruptError(error.message) from None
