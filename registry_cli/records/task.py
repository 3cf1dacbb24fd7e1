"""A task's record: all that is known of an experiment at one stage of it. Immutable, named by the SHA-256 of its bytes.

A task has one record as a draft, one when an attempt starts and one when it ends; the newest holds all that the ones
before said, so that nobody reads two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.errors import CorruptError, UsageError
from registry_cli.records.parts import check_digests, check_text
from registry_cli.records.paths import check_paths
from registry_cli.records.status import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry_cli.ids import BlobHash, TaskId, VersionId
    from registry_cli.records.parts import FileEntry
    from registry_cli.records.status import Status
    from registry_cli.records.values import Value

Loads = Literal["known", "all", "none"]
LOADS: Final[tuple[Loads, ...]] = ("known", "all", "none")

CONSOLE: Final = "console.log"
DIFF: Final = "code.diff"
BUNDLE: Final = "commits.bundle"
LOCK: Final = "requirements.txt"
SCALARS: Final = "scalars.tsv"
UNTRACKED: Final = "untracked/"
"""Prefix of the files that git did not track, each a blob of the task."""
PLOTS: Final = "plots/"
"""Prefix of tables and plots, each a JSON document."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code that ran.

    Attributes:
        root: Folder of the work tree on the machine where it was recorded.
        commit: Full id; None in a repository without commits, or without git.
        remote: URL of the remote, without user and password.
        branch: Its name; None where none was checked out.
        dirty: Whether anything differs from the commit.
        cut: What was not kept: files with secrets, tracked or not; untracked files that are too large or cannot be
            read; changes inside a submodule, as `sub/`; a diff or commits that are too large.
    """

    root: str
    commit: str | None = None
    remote: str | None = None
    branch: str | None = None
    dirty: bool = False
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A version that a task was given.

    Attributes:
        name: Under which the script asks for it.
        version: Its id.
        ref: Its address as it was typed.
        path: The file or folder that the script loaded it from, as the script's own working folder sees it, or
            absolute; None where it asked by `name`.
    """

    name: str
    version: VersionId
    ref: str
    path: str | None = None

    def __post_init__(self) -> None:
        check_text(self.name, self.ref, *filter(None, [self.path]))
        check_digests(self.version)


@dataclass(frozen=True, slots=True)
class Data:
    """A file that a task read; its bytes are not kept.

    Attributes:
        path: As it was named, `/` between its parts.
        size: Bytes.
    """

    path: str
    size: int
    sha256: BlobHash

    def __post_init__(self) -> None:
        check_text(self.path)
        check_digests(self.sha256, size=self.size)


@dataclass(frozen=True, slots=True)
class Curve:
    """What a scalar did, point by point in its blob; here its summary."""

    count: int
    last: float
    min: float
    max: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Auto:
    """How the saves and loads of frameworks are heard.

    Attributes:
        frameworks: For a framework's key whether it is heard, or globs of the files that are; others are heard.
        loads: Which loads are inputs: of bytes that the registry knows, all, or none.
        keep: Which of the versions it makes stay, in the retention grammar; None for all.
    """

    frameworks: Mapping[str, bool | tuple[str, ...]] = field(default_factory=dict)
    loads: Loads = "known"
    keep: str | None = None

    def __post_init__(self) -> None:
        if self.loads not in LOADS:
            raise CorruptError(f"{self.loads!r:.40} does not say which loads are inputs")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is run and how its results are told: all that a re-run needs and a draft lets one edit.

    Attributes:
        argv: The command and its words.
        cwd: Relative to the code's root where it lies below it, else absolute.
        env: Variables that were set for it on purpose.
        params: Values that `connect` gives to the script instead of its own.
        outputs: Globs of files to keep as versions.
        data: Globs of files that it reads.
        metrics: Files in which it tells numbers.
        model: Name of the line its outputs go to; None for one line a file.
        keep_failed: Whether the outputs of a failed run are kept.
        auto: How the saves and loads of frameworks are heard; None where the script alone decides.
    """

    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Value] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    model: str | None = None
    keep_failed: bool = True
    auto: Auto | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task at one stage.

    Attributes:
        id: ULID, the same at every stage and attempt.
        name: As it is shown; need not be unique.
        attempt: Counted from 1; 0 in a draft that never ran.
        created: UTC, as `started` and `ended`.
        source: The task it is a clone of.
        code: None where there is no git repository.
        exit_code: Of the command; None where a signal ended it, it never ended, or nobody saw it.
        signal: Such as `SIGTERM`.
        problem: Why it did not run as it should, in words.
        environment: Chosen variables as they were; none that looks like a secret.
        python: Version, executable and platform of the child's Python.
        host: Machine, processors, memory, accelerators.
        seeds: Seeds where they are known.
        inputs: Versions it was given.
        data: Files it read.
        files: Its blobs: console, diff, untracked files, lock, scalars, plots.
        params: What it ran with.
        metrics: Last value of each scalar.
        curves: Summary of each scalar that has several points.
        extra: Keys this program does not know, kept as they came.

    Raises:
        CorruptError: Two of its files would be one on some file system, or its status is none.
    """

    id: TaskId
    name: str
    project: str
    status: Status
    attempt: int
    created: datetime
    author: str
    recipe: Recipe
    started: datetime | None = None
    ended: datetime | None = None
    source: TaskId | None = None
    comment: str | None = None
    tags: tuple[str, ...] = ()
    code: Code | None = None
    exit_code: int | None = None
    signal: str | None = None
    problem: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    python: Mapping[str, Value] = field(default_factory=dict)
    host: Mapping[str, Value] = field(default_factory=dict)
    seeds: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    data: tuple[Data, ...] = ()
    files: tuple[FileEntry, ...] = ()
    params: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise CorruptError(f"{self.status!r:.40} is no status of a task")
        try:
            check_paths(file.path for file in self.files)
        except UsageError as error:
            raise CorruptError(error.message) from None

    def find_file(self, path: str) -> FileEntry | None:
        """Return the task's blob of that path, such as `CONSOLE`, or None."""
        return next((file for file in self.files if file.path == path), None)
