"""The paths under `.registry`, defined here and nowhere else; no link is followed below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.store.beneath import guard

if TYPE_CHECKING:
    from registry_cli.ids import BlobHash, RecordId, TaskId, VersionId

DIRECTORY: Final = ".registry"
SHARD: Final = 1000
"""Slots of the log in one folder."""
FANOUT: Final = tuple(f"{number:02x}" for number in range(256))
"""The folders of blobs and records. `init` creates them all, so that no commit has to make one durable."""


class _Below:
    """A path at a fixed place below the root."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __get__(self, layout: Layout, owner: object) -> Path:
        return layout.root / self._place


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one registry.

    Attributes:
        root: The `.registry` folder itself.
        shared: True where the folder's group may write too.
    """

    root: Path
    shared: bool = False

    format = _Below("format.toml")
    """Layout version, registry id and feature flags."""
    config = _Below("config.toml")
    """Settings of this copy."""
    blobs = _Below("blobs")
    """Raw bytes of files, mode 0444."""
    records = _Below("records")
    """Versions, publications and finished tasks."""
    log = _Below("log")
    """The entries."""
    views = _Below("views")
    """Readable names for blobs; derived."""
    tmp = _Below("tmp")
    """Files being written, each named after its writer."""
    tasks = _Below("tasks")
    """Running tasks, one folder each."""
    trash = _Below("trash")
    """Files that were taken out of use and are not yet deleted; same fan-out as `blobs`."""
    hooks = _Below("hooks")
    """Programs that may veto a change, run only in a trusted registry."""
    cache = _Below("cache")
    """Files that can be deleted at any time."""
    index = _Below("cache/index.sqlite")
    """The catalog's SQLite copy."""
    reserve = _Below("reserve")
    """Bytes that are freed when the disk is full."""
    spares = _Below("spares")
    """Empty files that are removed when the disk has no inode left."""
    ignore = _Below(".gitignore")
    """File that keeps the registry out of git."""
    partial = _Below("partial.toml")
    """List of the known losses of this copy; missing where nothing is lost."""
    turn = _Below("turn")
    """The file that writers lock to take turns; empty."""

    def __post_init__(self) -> None:
        guard(self.root, shared=self.shared)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of a registry. Some may be empty, and git keeps no empty folder."""
        data = (self.blobs, self.records, self.log)
        return (*data, self.views, self.tmp, self.trash, self.hooks, self.cache, self.tasks)

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
