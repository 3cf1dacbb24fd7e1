"""The mark: which blobs are in use, from the log and the records themselves.

Never from the index on disk, but where somebody only asks what a collection would do.
"""

from __future__ import annotations

from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.blob_effects import list_used
from registry_cli.catalog.index.scratch import open_fresh
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
    from registry_cli.catalog.index.scratch import Fresh
    from registry_cli.catalog.read.garbage import Stage
    from registry_cli.ids import BlobHash, VersionId
    from registry_cli.registry.api import Registry

T = TypeVar("T")


class Mark:
    """What is in use as the log says now; `sync` follows it. Use as a context.

    Args:
        registry: The registry.
        forced: Let go also what was removed by force, published versions and those that others were made from, and
            what only a lost entry may have named.
        indexed: Believe the registry's index rather than fold the log: nothing may be decided on that.

    Raises:
        CorruptError: A record of a version or task is lost, so that nobody knows what it uses.
    """

    def __init__(self, registry: Registry, *, forced: bool = False, indexed: bool = False) -> None:
        self._registry = registry
        self._fresh = None if indexed else open_fresh(registry.layout, registry.log, registry.id)
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
        """Return what `action` reads in the catalog, folded from the log for this mark alone unless it is `indexed`."""
        return self._catalog.read(action)

    @property
    def seq(self) -> int:
        """The last slot that is seen."""
        return self._catalog.head.seq

    def sync(self) -> None:
        """Follow the log to its end."""
        before = self.seq
        self._catalog.sync()
        if before != self.seq:
            self._look()

    def find_stay(self, row: int) -> str | None:
        """Return why a removed version's bytes stay, or None."""
        return self._kept.get(row)

    def list_used(self, blobs: Iterable[BlobHash]) -> set[BlobHash]:
        """Return those of some blobs that stay.

        A version or task uses them which is not removed; or a version that is, whose bytes stay unless somebody has let
        them go.
        """
        wanted = list(blobs)
        used = set(self.read(lambda db: list_used(db, wanted)))
        if not used.issuperset(wanted):
            used |= self._get_strays() & set(wanted)
        if self._kept:
            used |= {blob for blob, row in self._list_uses(wanted) if row in self._kept} - self._released
        return used

    def list_named(self, blobs: Iterable[BlobHash]) -> set[BlobHash]:
        """Return those of some blobs that a version or task names, be it removed."""
        return {blob for blob, _ in self._list_uses(list(blobs))}

    def _close(self) -> None:
        if self._fresh is not None:  # the index is the registry's, which goes on with it
            self._fresh.close()

    def _look(self) -> None:
        self._check_known()
        if not self._forced:
            self._kept, self._strays = self.read(garbage.read_kept), None
            if self._fresh is not None:  # a collection looks before it does anything
                self._get_strays()
        self._released = self.read(garbage.list_announced)

    def _list_uses(self, blobs: Sequence[BlobHash]) -> list[tuple[BlobHash, int | None]]:
        return self.read(lambda db: list(iter_uses(db, blobs)))

    def read_stages(self) -> dict[BlobHash, Stage]:
        """Return how far collectors are with the blobs they have announced."""
        return self.read(lambda db: garbage.read_stages(db, but=changes.PURGE))

    def read_live(self) -> set[VersionId]:
        """Return the ids of the versions that are not removed."""
        return self.read(garbage.list_live_ids)

    def _check_known(self) -> None:
        for broken in self.read(list_broken):
            if not broken.removed:
                give_up = f"reg {'task' if broken.ref.startswith(TASK) else 'model'} remove {quote(broken.ref)}"
                raise CorruptError(
                    f"nobody knows which bytes {broken.ref} uses: {broken.problem}; `{give_up}` gives it up",
                    hint="reg repair",
                )

    def _get_strays(self) -> set[BlobHash]:
        if self._strays is None:
            self._strays = self._find_strays()
        return self._strays

    def _find_strays(self) -> set[BlobHash]:
        """Return what those records name that no entry does: the entry may have been lost, and may come back."""
        layout = self._registry.layout
        strays: set[BlobHash] = set()
        for record in self.read(lambda db: list(iter_strays(layout, db))):
            with suppress(CorruptError):  # damaged
                strays |= list_blobs(get_record(layout, record))
        return strays
