"""Plans a collection: every unused blob, its stage, and when its next step is due.

Ages are differences of times of the file system itself. They only decide when a step may be announced: a wrong clock
delays or hastens a step, but no step deletes bytes that are in use.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from registry_cli.catalog.fold import changes
from registry_cli.dataclass import dataclass, replace
from registry_cli.registry.abandoned_attempts import list_abandoned
from registry_cli.store import files
from registry_cli.store.attempt_folders import list_dead
from registry_cli.store.blobs import iter_stored
from registry_cli.store.hashing import sha256_of_file
from registry_cli.store.litter import DAY, Litter, attempt_litter, list_litter, read_clock
from registry_cli.store.trash import Trashed, list_trash

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from registry_cli.catalog.read.garbage import Stage
    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry
    from registry_cli.registry.gc.mark import Mark
    from registry_cli.registry.settings import Policy


Decision = Literal["young", "condemn", "condemned", "sweep"]
"""Decision on an unused blob: too young, as a writer may be about to use it; announced by this run; announced before,
but its grace is not over; moved to the trash now."""

Names = Counter[tuple[int, int]]
"""Number of names by device and inode."""


@dataclass(frozen=True, slots=True)
class Unused:
    """A blob in its place that nothing uses.

    Attributes:
        size: Bytes that deleting it will free: 0 while it has a name outside of the registry.
        announced: True where the log already has its sweep, from a collector that did not finish.
    """

    blob: BlobHash
    size: int
    decision: Decision
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a collection, with the bytes that each step frees now or later.

    Attributes:
        unused: Unused blobs in their place.
        purge: Files of the trash that are deleted now.
        waiting: Files that stay in the trash until their time is over.
        back: Files of the trash that are in use and missing in their place.
        litter: Leftovers of dead processes, of versions that are gone and of attempts that are over.
        instant: True where swept blobs are deleted at once.
    """

    unused: tuple[Unused, ...] = ()
    purge: tuple[Trashed, ...] = ()
    waiting: tuple[Trashed, ...] = ()
    back: tuple[Trashed, ...] = ()
    litter: tuple[Litter, ...] = ()
    instant: bool = False

    def list_decided(self, *decisions: Decision) -> list[Unused]:
        """Return the unused blobs on which one of some decisions was taken."""
        return [unused for unused in self.unused if unused.decision in decisions]

    @property
    def now(self) -> int:
        """Bytes freed by this run."""
        swept = sum(unused.size for unused in self.list_decided("sweep")) if self.instant else 0
        return swept + sum(trashed.freed for trashed in self.purge) + sum(litter.size for litter in self.litter)

    @property
    def after_grace(self) -> int:
        """Bytes that are moved to the trash when their grace is over, unless something uses them before."""
        return sum(unused.size for unused in self.list_decided("condemn", "condemned"))

    @property
    def after_trash(self) -> int:
        """Bytes in the trash, or moved there now, that are deleted when their time there is over."""
        swept = 0 if self.instant else sum(unused.size for unused in self.list_decided("sweep"))
        return swept + sum(trashed.freed for trashed in self.waiting)

    @property
    def young(self) -> int:
        """Bytes of unused blobs that are too young to be announced."""
        return sum(unused.size for unused in self.list_decided("young"))


@dataclass(frozen=True, slots=True)
class Ages:
    """The ages that files must reach, in seconds, and the present time by the file system's clock."""

    now: float
    grace: float
    trash: float

    def is_over(self, since: float, period: float) -> bool:
        """Return whether a period has passed; False for a start in the future, which proves nothing."""
        return 0 <= self.now - since >= period

    def is_old(self, status: os.stat_result) -> bool:
        """Return whether a file was not touched, linked or freshened within the grace."""
        return self.is_over(status.st_ctime, self.grace)


def plan_collection(
    registry: Registry, mark: Mark, policy: Policy, *, instant: bool = False, emptying: bool = False
) -> Plan:
    """Return the plan of a collection.

    Args:
        registry: The registry.
        mark: The blobs in use.
        policy: The periods for which files stay.
        instant: Treat all periods as over: unused blobs are removed now.
        emptying: Treat the time in the trash as over.
    """
    grace = 0 if instant else policy.grace
    ages = Ages(read_clock(registry.layout), grace, 0 if instant or emptying else policy.trash)
    trash = list_trash(registry.layout)
    dead = list_dead(registry.layout, ages.now - max(ages.grace, DAY))
    mark.sync()  # after reading the clock, the trash and the dead: later files are in use, or younger
    used = mark.list_used({trashed.blob for trashed in trash if trashed.blob})
    litter = (
        *list_litter(registry.layout, mark.read_live(), ages.now, ages.grace),
        *attempt_litter(mark.read(lambda db: list_abandoned(db, dead))),
    )
    names = _count_names(litter, trash)
    trash = _share_out(trash, names)
    due = [trashed for trashed in trash if _is_due(trashed, used, ages)]
    return Plan(
        unused=tuple(_iter_unused(registry, mark, ages, names, instant=instant)),
        purge=tuple(due),
        waiting=tuple(trashed for trashed in trash if trashed not in due and trashed.blob not in used),
        back=tuple(
            trashed for trashed in trash
            if trashed.blob in used and trashed.reason == "swept" and not files.exists(trashed.home)
        ),
        litter=litter,
        instant=instant,
    )  # fmt: skip


def _is_due(trashed: Trashed, used: set[BlobHash], ages: Ages) -> bool:
    """Return whether a file of the trash may be deleted now: nothing needs it, or its place has verified bytes."""
    if trashed.blob in used and _find_inode(trashed.home) == _find_inode(trashed.path):
        return True  # a second name of a restored file
    if not ages.is_over(trashed.since, ages.trash):
        return False
    if trashed.blob is None:
        return files.exists(trashed.home)
    if trashed.blob not in used:
        return True
    return files.exists(trashed.home) and sha256_of_file(trashed.home) == trashed.blob


def _iter_unused(registry: Registry, mark: Mark, ages: Ages, names: Names, *, instant: bool) -> Iterator[Unused]:
    stages = mark.read_stages()
    for paths in iter_stored(registry.layout):
        unused = sorted(paths.keys() - mark.list_used(paths))
        named = mark.list_named(unused)
        for blob in unused:
            try:
                status = files.get_status(paths[blob])
            except FileNotFoundError:  # another collector was faster
                continue
            others = status.st_nlink - 1 - names[status.st_dev, status.st_ino]
            stage = stages.get(blob)
            decision = "sweep" if instant else _decide(registry, stage, ages.is_old(status), ages, named=blob in named)
            swept = stage is not None and stage.op == changes.SWEEP
            yield Unused(blob, 0 if others else status.st_size, decision, announced=swept)


def _decide(registry: Registry, stage: Stage | None, old: bool, ages: Ages, *, named: bool) -> Decision:
    if stage is None:  # removing its version released a named blob; a writer may be adding an unnamed one
        return "condemn" if old or named else "young"
    if not old:
        return "condemned"
    announced = files.get_status(registry.layout.slot(stage.seq))
    return "sweep" if stage.op == changes.SWEEP or ages.is_over(announced.st_ctime, ages.grace) else "condemned"


def _count_names(litter: Iterable[Litter], trash: Iterable[Trashed]) -> Names:
    """Return the number of names of each inode in the litter and the trash, which share bytes with blobs."""
    paths = [trashed.path for trashed in trash]
    for each in litter:
        paths.append(each.path)
        paths += [folder / name for folder, _, found in files.walk(each.path) for name in found]
    return Counter(inode for path in paths if (inode := _find_inode(path)))


def _share_out(trash: Iterable[Trashed], names: Names) -> list[Trashed]:
    """Return the files of the trash; of those that share bytes, only the last one counts as freeing them."""
    left, shared = Counter(inode for trashed in trash if (inode := _find_inode(trashed.path))), []
    for trashed in trash:
        inode = _find_inode(trashed.path)
        if inode is None:  # another collector was faster
            continue
        left[inode] -= 1
        last = left[inode] == 0 and trashed.links == names[inode]
        shared.append(replace(trashed, freed=trashed.size if last else 0))
    return shared


def _find_inode(path: Path) -> tuple[int, int] | None:
    status = files.find_status(path)
    return (status.st_dev, status.st_ino) if status else None
