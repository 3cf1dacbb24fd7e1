"""The state of a check in progress: the registry, the level, and the findings so far."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.read.uses import list_users
from registry_cli.dataclass import dataclass, field
from registry_cli.errors import CorruptError, RegError
from registry_cli.registry.fsck.digests import Reader, Reading
from registry_cli.store import files
from registry_cli.store.progress import open_work

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.index.scratch import Fresh
    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry
    from registry_cli.registry.fsck.report import Damage, Level
    from registry_cli.store.layout import Layout
    from registry_cli.store.progress import Progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lost:
    """A slot of the log whose entry cannot be trusted: the problem, and the bytes that are there."""

    problem: str
    data: bytes


@dataclass(slots=True)
class Survey:
    """The state that the checks share.

    Attributes:
        fresh: The catalog, folded from the entries that could be read.
        counts: The fields of `Counts`, by name.
        lost: Slots whose entries cannot be trusted.
        orphans: Versions and tasks that have a record and that no readable entry names; collected only where slots are
            lost.
        refs: Addresses of versions and tasks that the readable entries do not name.
    """

    registry: Registry
    level: Level
    progress: Progress
    fresh: Fresh = field(init=False)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lost: dict[int, Lost] = field(default_factory=dict)
    orphans: list[UserId] = field(default_factory=list)
    refs: dict[UserId, str] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """The registry's paths."""
        return self.registry.layout

    def read(self, action: Callable[[Connection], T]) -> T:
        """Return what `action` reads in the catalog."""
        return self.fresh.read(action)

    def catch_up(self) -> None:
        """Fold the entries that other processes wrote meanwhile; the next check reports one that cannot be read."""
        if not self.lost:
            with suppress(RegError):
                self.fresh.sync()

    def note_foreign(self, area: str, paths: list[Path]) -> None:
        """Note foreign files in a folder where only ours belong."""
        if paths:
            first = paths[0].relative_to(self.layout.root.parent)
            self.notes.append(f"{count(len(paths), 'file')} in {area}/ that reg did not put there, such as {first}")

    def list_bad(self, label: str, total: int | None, readings: Iterable[Reading[T]]) -> list[tuple[Reading[T], str]]:
        """Read files, `total` bytes where known, and return those with wrong bytes, each with its problem."""
        reader = Reader(self.progress)
        with open_work(self.progress, label, total):
            bad = reader.list_bad(readings)
        self.counts["read"] += reader.read
        if reader.closed:
            self.notes.append(f"{count(reader.closed, 'file')} that this user may not read: not checked")
        return bad


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun, such as `1 file` and `1,200 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def list_touched(survey: Survey, sha256: BlobHash) -> tuple[UserId, ...]:
    """Return the versions and tasks that a damaged blob affects: the live ones that name it, else the removed ones."""
    users = survey.read(lambda db: list_users(db, sha256))
    return tuple(user.id for user in users if not user.removed) or tuple(user.id for user in users)


def iter_entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder as `files.iter_entries` does; none where a link is in its place."""
    with suppress(CorruptError):  # `check_kinds` reports it
        yield from files.iter_entries(folder)


def exists(path: Path) -> bool:
    """Return whether a file exists; below a link none does."""
    try:
        return files.exists(path)
    except CorruptError:
        return False
