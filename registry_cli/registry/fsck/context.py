"""One check of a registry while it goes on: where, how thoroughly, and what was found so far."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.read.uses import list_users
from registry_cli.errors import CorruptError, RegError
from registry_cli.store import files

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
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
    """A slot of the log whose entry cannot be relied on: what is wrong, and the bytes that are there."""

    problem: str
    data: bytes


@dataclass(slots=True)
class Survey:
    """What the checks share.

    Attributes:
        fresh: The catalog, folded from the entries that could be read.
        counts: Of `Counts`, by name.
        lost: Slots whose entries cannot be relied on.
        orphans: Versions and tasks whose records are there and which no readable entry names; looked for where slots
            are lost.
        refs: What versions and tasks are called that the readable entries do not tell of.
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
        """Fold what others have written meanwhile; an entry that cannot be read is for the next check to tell."""
        if not self.lost:
            with suppress(RegError):
                self.fresh.sync()

    def note_foreign(self, area: str, paths: list[Path]) -> None:
        """Tell of files in a folder where only ours belong."""
        if paths:
            first = paths[0].relative_to(self.layout.root.parent)
            self.notes.append(f"{count(len(paths), 'file')} in {area}/ that reg did not put there, such as {first}")

    def note_closed(self, number: int) -> None:
        """Tell of files that this user may not read."""
        if number:
            self.notes.append(f"{count(number, 'file')} that this user may not read: not checked")


def count(number: int, one: str, many: str | None = None) -> str:
    """Return such as `1 file` and `1,200 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def list_touched(survey: Survey, sha256: BlobHash) -> tuple[UserId, ...]:
    """Return whom a damaged blob touches: those live that name it, or where there are none the others."""
    users = survey.read(lambda db: list_users(db, sha256))
    return tuple(user.id for user in users if not user.removed) or tuple(user.id for user in users)


def iter_entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what a folder holds, as `files.iter_entries` does; nothing where a link is in its place."""
    with suppress(CorruptError):  # `check_kinds` reports it
        yield from files.iter_entries(folder)


def exists(path: Path) -> bool:
    """Return whether a file is there; below a link there is none."""
    try:
        return files.exists(path)
    except CorruptError:
        return False
