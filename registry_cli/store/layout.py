"""The paths under `.registry`, defined here and nowhere else; no link is followed below it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.store.beneath import guard

if TYPE_CHECKING:
    from registry_cli.ids import BlobHash, RecordId, TaskId, VersionId

DIRECTORY: Final = ".registry"
SHARD: Final = 1000
"""Slots of the log in one folder."""
FANOUT: Final = tuple(f"{number:02x}" for number in range(256))
"""The folders of blobs and records. `init` creates them all, so that no commit has to make one durable."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one registry.

    Attributes:
        root: The `.registry` folder itself.
        shared: True where the folder's group may write too.
    """

    root: Path
    shared: bool = False

    def __post_init__(self) -> None:
        guard(self.root, shared=self.shared)

    @property
    def format(self) -> Path:
        """Layout version, registry id and feature flags."""
        return self.root / "format.toml"

    @property
    def config(self) -> Path:
        """Settings of this copy."""
        return self.root / "config.toml"

    @property
    def blobs(self) -> Path:
        """Raw bytes of files, mode 0444."""
        return self.root / "blobs"

    @property
    def records(self) -> Path:
        """Versions, publications and finished tasks."""
        return self.root / "records"

    @property
    def log(self) -> Path:
        """The entries."""
        return self.root / "log"

    @property
    def views(self) -> Path:
        """Readable names for blobs; derived."""
        return self.root / "views"

    @property
    def tmp(self) -> Path:
        """Files being written, each named after its writer."""
        return self.root / "tmp"

    @property
    def tasks(self) -> Path:
        """Running tasks, one folder each."""
        return self.root / "tasks"

    @property
    def trash(self) -> Path:
        """Files that were taken out of use and are not yet deleted; same fan-out as `blobs`."""
        return self.root / "trash"

    @property
    def hooks(self) -> Path:
        """Programs that may veto a change, run only in a trusted registry."""
        return self.root / "hooks"

    @property
    def cache(self) -> Path:
        """Files that can be deleted at any time."""
        return self.root / "cache"

    @property
    def index(self) -> Path:
        """The catalog's SQLite copy."""
        return self.cache / "index.sqlite"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of a registry. Some may be empty, and git keeps no empty folder."""
        data = (self.blobs, self.records, self.log)
        return (*data, self.views, self.tmp, self.trash, self.hooks, self.cache, self.tasks)

    @property
    def reserve(self) -> Path:
        """Bytes that are freed when the disk is full."""
        return self.root / "reserve"

    @property
    def spares(self) -> Path:
        """Empty files that are removed when the disk has no inode left."""
        return self.root / "spares"

    @property
    def ignore(self) -> Path:
        """File that keeps the registry out of git."""
        return self.root / ".gitignore"

    @property
    def partial(self) -> Path:
        """List of the known losses of this copy; missing where nothing is lost."""
        return self.root / "partial.toml"

    @property
    def turn(self) -> Path:
        """The file that writers lock to take turns; empty."""
        return self.root / "turn"

    def blob(self, sha256: BlobHash) -> Path:
        """Return the path of the blob of that digest."""
        return Path(self.blob_text(sha256))

    def blob_text(self, sha256: BlobHash) -> str:
        """Return the path of a blob as text: a `Path` object costs more than the system call that uses it."""
        return f"{self.root}/blobs/{sha256[:2]}/{sha256[2:]}"

    def record(self, record: RecordId) -> Path:
        """Return the path of the record of that id."""
        return Path(f"{self.root}/records/{record[:2]}/{record[2:]}.toml")

    def slot(self, seq: int) -> Path:
        """Return the path of the entry in that slot."""
        return Path(f"{self.root}/log/{seq // SHARD:06d}/{seq:06d}.toml")

    def attempt(self, task: TaskId, number: int) -> Path:
        """Return the folder of one attempt at a task, which exists while it runs."""
        return self.tasks / task / str(number)

    def view(self, version: VersionId) -> Path:
        """Return the folder in which that version's files have their own names."""
        return self.views / version
