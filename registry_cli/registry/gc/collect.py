"""Carries out a collection, with each step announced in the log before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold import changes
from registry_cli.dataclass import dataclass
from registry_cli.errors import ConflictError
from registry_cli.registry.gc.mark import Mark
from registry_cli.registry.gc.plan import Plan, plan_collection
from registry_cli.registry.settings import read_policy
from registry_cli.registry.transaction import transact
from registry_cli.store import files, trash
from registry_cli.store.disk_reserve import FULL, free_reserve, make_reserve, make_spares, with_room
from registry_cli.store.litter import list_live_writers, remove_litter
from registry_cli.store.progress import SILENT, Progress, open_work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from registry_cli.catalog.fold.changes import Change
    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry
    from registry_cli.registry.gc.plan import Unused
    from registry_cli.store.litter import Litter
    from registry_cli.store.trash import Trashed

NAMED: Final = 1_000_000
"""Most blobs that one entry names, in some 70 MB. More are split: each part is an independent step."""
_FEW: Final = 4
"""Most inodes that an entry and its folder need."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The result of a collection: what it did and what it left for later, in bytes as `Plan` counts them.

    Attributes:
        blobs: Number of files of the trash that were deleted.
        leftovers: Number of leftovers that were deleted.
    """

    now: int
    after_grace: int
    after_trash: int
    young: int
    blobs: int = 0
    leftovers: int = 0


def preview_collection(registry: Registry, *, instant: bool = False, forced: bool = False) -> Plan:
    """Return the plan of `run_collection` without changing anything; raises the same errors."""
    _check_allowed(registry, alone=instant)
    with Mark(registry, forced=forced) as mark:
        return plan_collection(registry, mark, mark.read(read_policy), instant=instant)


def run_collection(
    registry: Registry, *, instant: bool = False, forced: bool = False, message: str | None = None,
    progress: Progress = SILENT,
) -> Collected:  # fmt: skip
    """Take the next step with all unused files.

    Args:
        registry: The registry.
        instant: Take all steps at once.
        forced: Release also versions that were removed by force: published ones, and those that others were made from.
        message: Reason, for the log.
        progress: Reports the blobs done.

    Raises:
        ConflictError: `instant`, and another process is writing.
        RefusedError: The registry has features that this program does not know.
        CorruptError: A record or entry cannot be read, so that the blobs in use are unknown.
    """
    _check(registry, alone=instant)
    with Mark(registry, forced=forced) as mark:
        plan = plan_collection(registry, mark, mark.read(read_policy), instant=instant)
        with open_work(progress, "collect", len(plan.unused) + len(plan.purge) + len(plan.litter), "items"):
            done = _Collection(registry, mark, message, progress).run(plan)
    make_reserve(registry.layout)
    return done


def preview_emptying(registry: Registry) -> tuple[Trashed, ...]:
    """Return the files that `empty_trash` would delete now; raises the same errors."""
    _check_allowed(registry, alone=False)
    with Mark(registry) as mark:
        return plan_collection(registry, mark, mark.read(read_policy), emptying=True).purge


def empty_trash(registry: Registry, *, message: str | None = None) -> int:
    """Delete the files in the trash, whatever their age, and return the bytes freed.

    A file that a version or task still needs, and that exists nowhere else, stays.
    """
    _check(registry, alone=False)
    with Mark(registry) as mark:
        plan = plan_collection(registry, mark, mark.read(read_policy), emptying=True)
        collection = _Collection(registry, mark, message, SILENT)
        collection.bring_back(plan.back)
        return collection.purge(plan.purge)


class _Collection:
    """One run of a collection, with the blobs in use according to `mark`."""

    def __init__(self, registry: Registry, mark: Mark, message: str | None, progress: Progress) -> None:
        self._registry = registry
        self._mark = mark
        self._message = message
        self._progress = progress
        self._freed = 0
        """Bytes of the blobs that were swept and deleted in this run."""

    def run(self, plan: Plan) -> Collected:
        """Carry out a plan; steps that free space come first."""
        self.bring_back(plan.back)
        freed = self._clean(plan.litter) + self.purge(plan.purge)
        announced = self._condemn(plan)
        swept = self._sweep(plan)
        if plan.instant:
            self._purge_swept(swept)
        in_trash = 0 if plan.instant else sum(unused.size for _, unused in swept)
        return Collected(
            now=freed + self._freed,
            after_grace=announced + sum(unused.size for unused in plan.list_decided("condemned")),
            after_trash=in_trash + sum(trashed.freed for trashed in plan.waiting),
            young=plan.young,
            blobs=len(plan.purge) + (len(swept) if plan.instant else 0),
            leftovers=len(plan.litter),
        )

    def bring_back(self, lost: Iterable[Trashed]) -> None:
        """Restore files that are in use: a collector and a writer died while both handled them."""
        for trashed in lost:
            if trash.bring_back(self._registry.layout, trashed.home):
                files.flush_dir(trashed.home.parent)

    def purge(self, due: Sequence[Trashed]) -> int:
        """Delete files of the trash and return the bytes freed."""
        swept = {trashed.blob for trashed in due if trashed.blob and trashed.reason == "swept"}
        used = self._mark.list_used(swept)
        gone = set(self._announce(sorted(swept - used), changes.PURGE))
        freed = 0
        for trashed in due:
            if trashed.reason == "damaged" or trashed.blob in gone or (trashed.blob in used and _is_spare(trashed)):
                freed += _delete(trashed.path)
            self._progress.advance(1)
        return freed

    def _clean(self, litter: Iterable[Litter]) -> int:
        freed = 0
        for each in litter:
            remove_litter(each)
            freed += each.size
            self._progress.advance(1)
        return freed

    def _condemn(self, plan: Plan) -> int:
        """Announce the blobs to collect, and return their bytes."""
        sizes = {unused.blob: unused.size for unused in plan.list_decided("condemn")}
        self._progress.advance(len(sizes))
        return sum(sizes[blob] for blob in self._announce(list(sizes), changes.CONDEMN))

    def _sweep(self, plan: Plan) -> list[tuple[Path, Unused]]:
        """Move the due blobs to the trash and return them, each with its path there."""
        due = {unused.blob: unused for unused in plan.list_decided("sweep")}
        ops = (changes.CONDEMN, changes.SWEEP) if plan.instant else (changes.SWEEP,)
        new = [unused.blob for unused in due.values() if not unused.announced]
        allowed = {*self._announce(new, *ops), *(due.keys() - set(new))}
        used = self._mark.list_used(allowed)  # announcing has followed the log
        swept: list[tuple[Path, Unused]] = []
        if plan.instant:
            make_spares(self._registry.layout, _FEW)  # for the entry that deletes, if the moves use the rest
        for blob in sorted(allowed):
            if blob not in used:
                moved = self._move(blob, swept if plan.instant else [])
                if moved is not None:
                    swept.append((moved, due[blob]))
                    used = self._look_again(allowed, used)
            self._progress.advance(1)
        return swept

    def _move(self, blob: BlobHash, swept: Sequence[tuple[Path, Unused]]) -> Path | None:
        """Move a blob to the trash; if the disk has no inode left for its folder, delete the `swept` blobs first."""
        layout = self._registry.layout
        while True:
            try:
                return trash.sweep(layout, layout.blob(blob))
            except OSError as error:
                if error.errno not in FULL or not (self._purge_swept(swept) or free_reserve(layout)):
                    raise
            make_spares(layout, _FEW)

    def _purge_swept(self, swept: Sequence[tuple[Path, Unused]]) -> bool:
        """Delete the blobs that this run has moved to the trash; return False where they are gone already."""
        moved = {path for path, _ in swept}
        due = [trashed for trashed in trash.list_trash(self._registry.layout) if trashed.path in moved]
        self._freed += self.purge(due)
        return bool(due)

    def _look_again(self, due: Collection[BlobHash], used: set[BlobHash]) -> set[BlobHash]:
        """Return the blobs of `due` that are in use by now, and restore those that came into use during the move."""
        before = self._mark.seq
        self._mark.sync()
        if self._mark.seq == before:
            return used
        used = self._mark.list_used(due)
        for blob in used:
            home = self._registry.layout.blob(blob)
            if trash.bring_back(self._registry.layout, home):
                files.flush_dir(home.parent)
        return used

    def _announce(self, blobs: Sequence[BlobHash], *ops: str) -> list[BlobHash]:
        """Write the next step of blobs to the log, and return the blobs announced, which excludes those in use."""
        announced: list[BlobHash] = []
        for at in range(0, len(blobs), NAMED):
            announced += self._announce_batch(blobs[at : at + NAMED], ops)
        return announced

    def _announce_batch(self, blobs: Sequence[BlobHash], ops: Sequence[str]) -> list[BlobHash]:
        still: list[BlobHash] = []

        def plan() -> list[Change]:
            self._catch_up()
            used = self._mark.list_used(blobs)
            still[:] = [blob for blob in blobs if blob not in used]
            return [changes.collect(op, still) for op in ops] if still else []

        with_room(self._registry.layout, lambda: transact(self._registry, plan, message=self._message))
        return still

    def _catch_up(self) -> None:
        """Follow the log with the mark, at least to the slot at which the entry is planned.

        Where the mark is further than that, another writer has taken the entry's slot, and it is planned again.

        Raises:
            ConflictError: The log has become shorter.
        """
        self._mark.sync()
        planned, log = self._registry.index.head.seq, self._registry.log
        if self._mark.seq != planned and not log.exists(planned + 1):
            raise ConflictError("the registry was replaced while it was collected", hint="reg gc")


def _is_spare(trashed: Trashed) -> bool:
    """Return whether a file in use is in its place, durably; then its name in the trash is not needed."""
    if not files.exists(trashed.home):
        return False
    files.flush_dir(trashed.home.parent)  # a reader may have restored it, without waiting for the disk
    return True


def _delete(path: Path) -> int:
    """Delete a file and return the bytes freed."""
    try:
        status = files.get_status(path)
    except FileNotFoundError:
        return 0
    files.unlink(path)
    return status.st_size if status.st_nlink == 1 else 0


def _check(registry: Registry, *, alone: bool) -> None:
    """Check that a collection may begin; raises the same errors as `_check_allowed`."""
    with_room(registry.layout, registry.check_writable)
    _check_allowed(registry, alone=alone)


def _check_allowed(registry: Registry, *, alone: bool) -> None:
    """Check that a collection is allowed to begin.

    Raises:
        ConflictError: `alone` is asked for, and another process is writing.
        RefusedError: The registry has features or entries that this program does not know.
        CorruptError: A record cannot be read.
    """
    registry.format.check_gc()
    registry.format.check_write()
    registry.index.check_writable()
    registry.index.check_undamaged()
    if alone:
        _check_alone(registry)


def _check_alone(registry: Registry) -> None:
    writers = list_live_writers(registry.layout)
    if writers:
        listed = ", ".join(f"process {owner.pid}" for owner in writers[:3])
        raise ConflictError(
            f"other processes are writing ({listed}{', …' if len(writers) > 3 else ''}): not all can go now",
            hint="reg gc",
        )
