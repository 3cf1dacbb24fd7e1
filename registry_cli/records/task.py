"""A task's record: everything known about an experiment at one stage. Immutable; named by the SHA-256 of its bytes.

A task has one record as a draft, one when an attempt starts and one when it ends; each repeats all that the earlier
ones of its attempt hold, so that a reader needs the last one of an attempt alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass, field
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
PROPERTIES: Final = "properties"
"""Table of parameters that describe a task and that no script asks for: ClearML's user properties."""
CELLS: Final = "cells.py"
"""The cells of a notebook or prompt that ran."""
UNTRACKED: Final = "untracked/"
"""Prefix of the files that git did not track, each a blob of the task."""
PLOTS: Final = "plots/"
"""Prefix of tables and plots, each a JSON document."""
ARTIFACTS: Final = "artifacts/"
"""Prefix of files that a script keeps with its task; `MEDIA` is that of images, `CONFIGURATION` of settings."""
MEDIA: Final = "media/"
CONFIGURATION: Final = "configuration/"
REPORTED: Final = (PLOTS, ARTIFACTS, MEDIA, CONFIGURATION)
"""Prefixes of the files that a script reports."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code that ran.

    Attributes:
        root: Folder of the work tree on the machine that recorded it.
        commit: Full id; None in a repository without commits, or without git.
        remote: URL of the remote, without user and password.
        branch: Its name; None where none was checked out.
        dirty: True where anything differs from the commit; None where git did not say.
        cut: Things that were left out: files with secrets, tracked or not; untracked files that are too large or cannot
            be read; changes inside a submodule, as `sub/`; a diff or commits that are too large.
    """

    root: str
    commit: str | None = None
    remote: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """A version that a task uses.

    Attributes:
        name: Name by which the script requests it.
        version: Its id.
        ref: Its address as it was typed.
        path: The file or folder that the script loaded it from, relative to the script's working folder or absolute;
            None where the script requested it by `name`.
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
    """A file that a task read; its bytes are not stored.

    Attributes:
        path: Path as it was given, `/` between its parts.
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
    """The summary of a scalar; its blob holds each point."""

    count: int
    last: float
    min: float
    max: float
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Auto:
    """The rules of automatic logging: which saves and loads of frameworks are recorded.

    Attributes:
        frameworks: For a framework's key True or False, or globs of the files that are recorded; a framework that is
            missing here is recorded.
        loads: The loads that become inputs: of bytes that the registry knows, all, or none.
        keep: The versions to retain of those it makes, in the retention grammar; None for all.
    """

    frameworks: Mapping[str, bool | tuple[str, ...]] = field(default_factory=dict)
    loads: Loads = "known"
    keep: str | None = None

    def __post_init__(self) -> None:
        if self.loads not in LOADS:
            raise CorruptError(f"{self.loads!r:.40} does not say which loads are inputs")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The command of a task and the places of its results: all that a re-run needs and that a draft lets a user edit.

    Attributes:
        argv: The command and its arguments.
        cwd: Working folder; relative to the code's root where it lies below it, else absolute.
        env: Variables that were set for it explicitly.
        params: Values that `connect` passes to the script instead of its own.
        outputs: Globs of files to store as versions.
        data: Globs of files that it reads.
        metrics: Files to which it writes numbers.
        model: Name of the line its outputs go to; None for one line per file.
        keep_failed: True where the outputs of a failed run are stored too.
        auto: The rules of automatic logging; None where the script alone decides.
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
        name: Name as shown; need not be unique.
        attempt: Counted from 1; 0 in a draft that never ran.
        created: UTC, as `started` and `ended`.
        source: The task it is a clone of.
        code: None where there is no git repository.
        exit_code: Exit code of the command; None where a signal ended it, it never ended, or the code is unknown.
        signal: Name of the signal that ended it, such as `SIGTERM`.
        problem: The reason why it did not run properly, in words.
        environment: Values of selected variables; none that looks like a secret.
        python: Version, executable and platform of the child's Python.
        host: Machine, processors, memory, accelerators.
        seeds: Seeds where they are known.
        inputs: Versions it used.
        data: Files it read.
        files: Its blobs: console, diff, untracked files, cells, lock, scalars, and those below `REPORTED`.
        params: Parameters of the run.
        options: Options of the command line by the names of their parameters, where the script's parser told them.
        metrics: Last value of each scalar.
        curves: Summary of each scalar that has several points.
        extra: Keys this program does not know, preserved as they are.

    Raises:
        CorruptError: Two of its files would collide on some file system, or its status is unknown.
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
    options: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, int | float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise CorruptError(f"{self.status!r:.40} is not a status of a task")
        try:
            check_paths(file.path for file in self.files)
        except UsageError as error:
            raise CorruptError(error.message) from None

    def find_file(self, path: str) -> FileEntry | None:
        """Return the task's file of that path, such as `CONSOLE`, or None."""
        return next((file for file in self.files if file.path == path), None)
