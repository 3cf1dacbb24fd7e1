"""The mark: which blobs are in use, from the log and the records themselves.

Never from the index on disk, but where somebody only asks what a collection would do.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.blob_effects import list_used
from registry_cli.catalog.index.scratch import open_fresh
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.task_address import PREFIX as TASK
from registry_cli.errors import CorruptError
from registry_cli.ids import KEEP_TAG, BlobHash, VersionId
from registry_cli.registry.orphan_records import iter_strays, list_blobs
from registry_cli.store.blobs import get_record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.catalog.index.index import Index
    from registry_cli.catalog.index.scratch import Fresh
    from registry_cli.registry.api import Registry

_REMOVED_ANCESTORS: Final = """
WITH RECURSIVE up (id, child) AS (
    SELECT p.parent, v.row FROM parents p JOIN versions v ON v.row = p.child WHERE v.removed = 0
    UNION SELECT p.parent, up.child FROM up JOIN versions v ON v.id = up.id AND v.removed = 1
        JOIN parents p ON p.child = v.row
)
SELECT v.row, min(up.child) FROM up JOIN versions v ON v.id = up.id WHERE v.removed = 1 GROUP BY v.row
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a collector is with a blob: what the last entry about it said, and its slot."""

    op: str
    seq: int


class Mark:
    """What is in use as the log says now; `sync` follows it. Use as a context.

    Args:
        registry: Where.
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

    @property
    def db(self) -> sqlite3.Connection:
        """The catalog, folded from the log for this mark alone unless the index is believed."""
        return self._catalog.db

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
        used = set(list_used(self.db, wanted))
        if not used.issuperset(wanted):
            used |= self._get_strays() & set(wanted)
        if self._kept:
            used |= {blob for blob, row in self._iter_uses(wanted) if row in self._kept} - self._released
        return used

    def list_named(self, blobs: Iterable[BlobHash]) -> set[BlobHash]:
        """Return those of some blobs that a version or task names, be it removed."""
        return {blob for blob, _ in self._iter_uses(list(blobs))}

    def _close(self) -> None:
        if self._fresh is not None:  # the index is the registry's, which goes on with it
            self._fresh.close()

    def _look(self) -> None:
        self._check_known()
        if not self._forced:
            self._kept, self._strays = self._find_kept(), None
            if self._fresh is not None:  # a collection looks before it does anything
                self._get_strays()
        self._released = {BlobHash(blob) for (blob,) in self.db.execute("SELECT sha256 FROM garbage")}

    def _iter_uses(self, blobs: Sequence[BlobHash]) -> Iterator[tuple[BlobHash, int | None]]:
        """Yield some blobs with the row of each version that names them, None for a task."""
        for at in range(0, len(blobs), versions.BATCH):
            batch = blobs[at : at + versions.BATCH]
            marks = ",".join("?" * len(batch))
            yield from self.db.execute(f"SELECT sha256, version FROM uses WHERE sha256 IN ({marks})", batch)

    def read_stages(self) -> dict[BlobHash, Stage]:
        """Return how far collectors are with the blobs they have announced."""
        found = self.db.execute("SELECT sha256, stage, seq FROM garbage WHERE stage != ?", (changes.PURGE,))
        return {BlobHash(sha256): Stage(op, seq) for sha256, op, seq in found}

    def read_live(self) -> set[VersionId]:
        """Return the ids of the versions that are not removed."""
        return {version for (version,) in self.db.execute("SELECT id FROM versions WHERE removed = 0")}

    def _check_known(self) -> None:
        for broken in versions.list_broken(self.db):
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
        for record in iter_strays(layout, self.db):
            with suppress(CorruptError):  # damaged
                strays |= list_blobs(get_record(layout, record))
        return strays

    def _find_kept(self) -> dict[int, str]:
        """Return the removed versions whose bytes stay, by row, and why."""
        refs = "SELECT v.row, l.name || ':' || v.number FROM versions v JOIN lines l ON l.id = v.line WHERE v.row = ?"
        kept = {}
        for row, child in self.db.execute(_REMOVED_ANCESTORS).fetchall():
            (_, ref) = self.db.execute(refs, (child,)).fetchone()
            kept[row] = f"{ref} was made from it"
        tagged = "SELECT v.row FROM versions v JOIN tags t ON t.version = v.row WHERE v.removed = 1 AND t.tag = ?"
        kept |= {row: f"tag {KEEP_TAG}" for (row,) in self.db.execute(tagged, (KEEP_TAG,))}
        published = "SELECT row FROM versions WHERE removed = 1 AND publication IS NOT NULL"
        return kept | {row: "published" for (row,) in self.db.execute(published)}
