"""The mark: finds the blobs in use, from the log and the records themselves.

It uses the index on disk only for explanations, which decide nothing.
"""

from __future__ import annotations

from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.blob_effects import list_used
from registry_cli.catalog.index.scratch import Fresh
from registry_cli.catalog.read import garbage
from registry_cli.catalog.read.records import list_broken
from registry_cli.catalog.read.task_address import PREFIX as TASK
from registry_cli.catalog.read.uses import iter_uses
from registry_cli.errors import CorruptError
from registry_cli.registry.orphan_records import iter_strays, list_blobs
from registry_cli.store.blobs import get_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.index.index import Index
    from registry_cli.catalog.read.garbage import Stage
    from registry_cli.ids import BlobHash, VersionId
    from registry_cli.registry.api import Registry

T = TypeVar("T")


class Mark:
    """The blobs in use according to the log; `sync` follows it. Use it as a context manager.

    Args:
        registry: The registry.
        forced: Release also versions that were removed by force, published ones and those that others were made from,
            and blobs that only a lost entry may have named.
        indexed: Use the registry's index instead of folding the log: no decision may depend on that.

    Raises:
        CorruptError: A record of a version or task is lost, so that its blobs are unknown.
    """

    def __init__(self, registry: Registry, *, forced: bool = False, indexed: bool = False) -> None:
        self._registry = registry
        self._fresh = None if indexed else Fresh(registry.layout, registry.log, registry.id)
        self._catalog: Fresh | Index = self._fresh or registry.index
        self._forced = forced
        self._kept: dict[int, str] = {}
        self._released: set[BlobHash] = set()
        self._strays: set[BlobHash] | None = set() if forced else None
        try:
            self._look()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Mark:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def read(self, action: Callable[[Connection], T]) -> T:
        """Return what `action` reads from the catalog, which is folded for this mark alone unless it is `indexed`."""
        return self._catalog.read(action)

    @property
    def seq(self) -> int:
        """The last slot that the mark includes."""
        return self._catalog.head.seq

    def sync(self) -> None:
        """Follow the log to its end."""
        before = self.seq
        self._catalog.sync()
        if before != self.seq:
            self._look()

    def find_stay(self, row: int) -> str | None:
        """Return the reason why a removed version's bytes stay, or None."""
        return self._kept.get(row)

    def list_used(self, blobs: Iterable[BlobHash]) -> set[BlobHash]:
        """Return those of the given blobs that stay.

        They are used by a version or task that is not removed, or by a removed version whose bytes stay and were not
        released by a forced collection.
        """
        wanted = list(blobs)
        used = set(self.read(lambda db: list_used(db, wanted)))
        if not used.issuperset(wanted):
            used |= self._get_strays() & set(wanted)
        if self._kept:
            used |= {blob for blob, row in self._list_uses(wanted) if row in self._kept} - self._released
        return used

    def list_named(self, blobs: Iterable[BlobHash]) -> set[BlobHash]:
        """Return those of the given blobs that a version or task names, removed or not."""
        return {blob for blob, _ in self._list_uses(list(blobs))}

    def _close(self) -> None:
        if self._fresh is not None:  # the index belongs to the registry, which still uses it
            self._fresh.close()

    def _look(self) -> None:
        self._check_known()
        if not self._forced:
            self._kept, self._strays = self.read(garbage.read_kept), None
            if self._fresh is not None:  # a collection checks before it does anything
                self._get_strays()
        self._released = self.read(garbage.list_announced)

    def _list_uses(self, blobs: Sequence[BlobHash]) -> list[tuple[BlobHash, int | None]]:
        return self.read(lambda db: list(iter_uses(db, blobs)))

    def read_stages(self) -> dict[BlobHash, Stage]:
        """Return the stages of the blobs that collectors have announced."""
        return self.read(lambda db: garbage.read_stages(db, but=changes.PURGE))

    def read_live(self) -> set[VersionId]:
        """Return the ids of the versions that are not removed."""
        return self.read(garbage.list_live_ids)

    def _check_known(self) -> None:
        for broken in self.read(list_broken):
            if not broken.removed:
                removal = f"reg {'task' if broken.ref.startswith(TASK) else 'model'} remove {quote(broken.ref)}"
                raise CorruptError(
                    f"the bytes that {broken.ref} uses are unknown: {broken.problem}; `{removal}` removes it",
                    hint="reg repair",
                )

    def _get_strays(self) -> set[BlobHash]:
        if self._strays is None:
            self._strays = self._find_strays()
        return self._strays

    def _find_strays(self) -> set[BlobHash]:
        """Return the blobs that orphan records name: their entry may have been lost, and may come back."""
        layout = self._registry.layout
        strays: set[BlobHash] = set()
        for record in self.read(lambda db: list(iter_strays(layout, db))):
            with suppress(CorruptError):  # damaged
                strays |= list_blobs(get_record(layout, record))
        return strays
