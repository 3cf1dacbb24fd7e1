"""Checks a registry and mends the damage, in rounds: mending one file may reveal more damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli import env
from registry_cli.catalog.index.admission import BESIDE
from registry_cli.catalog.index.place import find_place
from registry_cli.catalog.read.uses import list_needed_blobs, list_shown
from registry_cli.errors import CorruptError
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.orphan_records import iter_strays
from registry_cli.registry.repair import small_files, stored
from registry_cli.registry.repair.log import LogMending
from registry_cli.registry.repair.outcome import Outcome, Repair
from registry_cli.registry.repair.put_back import put_away
from registry_cli.registry.repair.small_files import remove_view
from registry_cli.store import trash
from registry_cli.store.known_losses import Partial, write_partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import UserId
    from registry_cli.ids import BlobHash, RecordId
    from registry_cli.registry.api import Registry
    from registry_cli.registry.fsck.report import Damage, Kind, Level, Report
    from registry_cli.registry.repair.other_copy import Sibling
    from registry_cli.store.progress import Progress

T = TypeVar("T")

_ROUNDS: Final[tuple[tuple[Kind, ...], ...]] = (
    ("layout", "config"),
    ("log",),
    ("record",),
    ("index", "trash", "blob", "external", "view"),
)
"""Kinds that are mended in one round, in this order: the trash and the views may hold a blob's bytes, so damaged files
of the trash are marked before blobs are mended, and damaged views are removed after."""
_FETCHED: Final = "copied from the other registry"
_UNUSED: Final = "moved to the trash: nothing needs it"
_ELSEWHERE: Final = "moved to the trash: the upstream has its bytes"
_DERIVED: Final[dict[Kind, str]] = {
    "index": "moved to the trash, to be rebuilt from the log",
    "view": "removed, to be made again when it is used",
    "trash": "marked as damaged, so that nothing brings it back",
}


class Mending:
    """One repair of one registry.

    Args:
        registry: The registry; its format file is sound.
        sibling: Another registry from which bytes may be fetched, or None.
    """

    def __init__(self, registry: Registry, sibling: Sibling | None) -> None:
        self._registry = registry
        self._layout = registry.layout
        self._sibling = sibling
        self._names: dict[UserId, str] = {}
        self._problems: dict[Path, str] = {}
        """The problem of each damaged file at the first check."""

    def plan(self, damages: Iterable[Damage]) -> list[Outcome]:
        """Return the outcomes that damages would have."""
        damages = list(damages)
        outcomes = [self._foresee(damage) for damage in damages if damage.kind != "log"]
        if any(damage.kind == "log" for damage in damages):
            outcomes += self._open_log().plan()
        elif self._sibling:
            outcomes += self._open_log().restore(dry_run=True)
        return sorted(outcomes, key=lambda outcome: outcome.lost)

    def mend(self, formed: Iterable[Outcome], level: Level, progress: Progress) -> Repair:
        """Mend all damage that can be mended.

        Args:
            formed: Outcomes of what was mended before.
            level: Level of checking.
            progress: Reports the progress of the checks.
        """
        outcomes = list(formed)
        small_files.make_folders(self._layout)
        tried: set[Path] = set()
        done: list[Outcome] = []
        while True:
            report = check_registry(self._registry, level, progress)
            self._names |= report.names
            self._problems = {damage.path: damage.problem for damage in report.damages} | self._problems
            due = _choose([damage for damage in report.damages if damage.path not in tried])
            before, done = done, self._mend_round(due) if due else self._open_log().restore() if self._sibling else []
            if not due and done in ([], before):  # there is nothing to do, or it made no progress
                break
            tried.update(damage.path for damage in due)
            outcomes += done
            self._registry.close()  # its memory is from before the repair
        outcomes += self._bring_back()
        self._note_partial(report)
        return self._conclude(outcomes, report)

    def _mend_round(self, damages: list[Damage]) -> list[Outcome]:
        if damages[0].kind == "log":
            return self._open_log().mend()
        found = [(damage, self._mend(damage)) for damage in damages]
        return [Outcome(damage.kind, damage.path, how, users=damage.users) for damage, how in found if how]

    def _mend(self, damage: Damage) -> str | None:
        """Mend one damage and return how it was mended, or None where data is lost."""
        match damage.kind:
            case "config":
                return small_files.mend_config(self._layout)
            case "layout":
                return small_files.mend_place(self._layout, damage.path)
            case "record" | "blob":
                return self._mend_stored(damage)
            case "external":
                return self._mend_external(damage)
            case "index":
                self._registry.close()
                for path in (*(damage.path.with_name(damage.path.name + suffix) for suffix in BESIDE), damage.path):
                    put_away(self._layout, path)  # it may be another program's database
            case "view":
                remove_view(self._layout, damage.path)
            case "trash":
                trash.mark_damaged(damage.path)
        return _DERIVED[damage.kind]

    def _mend_stored(self, damage: Damage) -> str | None:
        if damage.record and (data := stored.find_record(damage.record, self._sibling)):
            stored.mend_record(self._layout, damage.record, data)
            return _FETCHED
        if damage.blob and (found := self._find_source(damage.blob)):
            stored.mend_blob(self._layout, damage.blob, found)
            return found.how
        put_away(self._layout, damage.path)
        return self._find_way(damage)

    def _find_way(self, damage: Damage) -> str | None:
        """Return how a damage without bytes to mend it ends well, or None where data is lost."""
        if damage.blob and self._registry.content.find_upstream(damage.blob) is not None:
            return _ELSEWHERE
        return None if damage.users else _UNUSED

    def _mend_external(self, damage: Damage) -> str | None:
        """Put the bytes of a file outside the registry into it; the file itself is never touched."""
        found = self._find_source(damage.blob) if damage.blob else None
        if damage.blob and found:
            stored.mend_blob(self._layout, damage.blob, found)
        return found.how if found else None

    def _foresee(self, damage: Damage) -> Outcome:
        how: str | None = _DERIVED.get(damage.kind, "made again")
        if damage.kind in {"record", "blob", "external"}:
            how = self._find_way(damage)
            if damage.record and stored.find_record(damage.record, self._sibling):
                how = _FETCHED
            elif damage.blob and (found := self._find_source(damage.blob)):
                how = found.how
        return Outcome(damage.kind, damage.path, how or damage.problem, lost=how is None, users=damage.users)

    def _find_source(self, blob: BlobHash) -> stored.Source | None:
        """Return a file with a blob's bytes; views are searched where the catalog can be read."""
        shown = self._query(lambda db: list_shown(db, blob))
        views = [self._layout.view(version) / path for version, path in shown]
        return stored.find_source(self._layout, blob, views, self._sibling)

    def _bring_back(self) -> list[Outcome]:
        """Restore blobs from the trash that are in use: a collector may have been stopped between two steps."""
        outcomes = []
        for blob in stored.list_swept(self._layout, self._query(list_needed_blobs)):
            found = stored.find_source(self._layout, blob, (), None)
            if found:
                stored.mend_blob(self._layout, blob, found)
                outcomes.append(Outcome("blob", self._layout.blob(blob), found.how))
        return outcomes

    def _open_log(self) -> LogMending:
        registry = self._registry
        registry.close()
        place = find_place(self._layout, registry.id, env.cache_home)
        return LogMending(self._layout, registry.id, place.path, self._sibling, registry.author)

    def _query(self, question: Callable[[Connection], list[T]]) -> list[T]:
        """Return what `question` reads from the catalog; an empty list where that cannot be read."""
        try:
            index = self._registry.index
        except CorruptError:  # the log is damaged too
            return []
        return index.read(question)

    def _note_partial(self, report: Report) -> None:
        needed = [damage for damage in report.damages if damage.users]
        blobs = frozenset(damage.blob for damage in needed if damage.kind == "blob" and damage.blob)
        records = frozenset(damage.record for damage in needed if damage.kind == "record" and damage.record)
        write_partial(self._layout, Partial(blobs, records))

    def _conclude(self, outcomes: list[Outcome], report: Report) -> Repair:
        mended = [outcome for outcome in outcomes if not outcome.lost]
        gone = [outcome for outcome in outcomes if outcome.lost]
        left = [Outcome(d.kind, d.path, self._describe(d), lost=True, users=d.users) for d in report.damages]
        return Repair((*mended, *gone, *left), report, self._list_orphans() if gone else (), self._names)

    def _describe(self, damage: Damage) -> str:
        """Return the problem of a file that could not be mended, and the place of its bytes."""
        first = self._problems.get(damage.path, damage.problem)
        return first if first == damage.problem else f"{first}; those bytes are in the trash"

    def _list_orphans(self) -> tuple[RecordId, ...]:
        """Return the records that no entry names."""
        return tuple(self._query(lambda db: list(iter_strays(self._layout, db))))


def _choose(damages: list[Damage]) -> list[Damage]:
    """Return the damages of the next round, in the order in which they are mended."""
    for kinds in _ROUNDS:
        due = [damage for damage in damages if damage.kind in kinds]
        if due:
            return sorted(due, key=lambda damage: kinds.index(damage.kind))
    return []
