"""Mends the log with entries from the index, else from another copy, each proved by the chain around it.

An entry that is lost in the middle is replaced by one that changes nothing and stands for it, so that later entries
stay readable. Damaged entries at the end that cannot be recovered are moved to the trash, and the log ends before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold.change_shapes import is_id
from registry_cli.catalog.fold.changes import ADD_VERSION, PUBLISH, TASK
from registry_cli.catalog.index import sqlite_file
from registry_cli.dataclass import dataclass
from registry_cli.ids import RecordId
from registry_cli.records.codec import dump_entry
from registry_cli.registry.repair.index_memory import Memory, open_memory
from registry_cli.registry.repair.log_gaps import Run, find_link, list_given_up, list_runs
from registry_cli.registry.repair.outcome import Outcome
from registry_cli.registry.repair.put_back import put_away, put_file
from registry_cli.registry.transaction import make_entry
from registry_cli.store import files
from registry_cli.store.file_locks import open_writer_lock
from registry_cli.store.log import Log, digest_entry
from registry_cli.store.trash import list_trash

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.registry.repair.other_copy import Sibling
    from registry_cli.store.layout import Layout

STANDS: Final = "stands for a lost entry"
"""Message of a stand-in entry."""
_FETCHED: Final = "copied from the other registry"


@dataclass(frozen=True, slots=True)
class _Found:
    """Entries for the first slots of a run, as they were written, and the words for their source."""

    entries: list[bytes]
    how: str


class LogMending:
    """Mends one log.

    Args:
        layout: The registry's paths.
        registry: The registry's id.
        index: Path of its index, or None.
        sibling: Another registry from which entries may be fetched, or None.
        author: Author of stand-in entries.
    """

    def __init__(self, layout: Layout, registry: str, index: Path | None, sibling: Sibling | None, author: str) -> None:
        self._layout = layout
        self._log = Log(layout)
        self._author = author
        self._memory: Memory | None = open_memory(index, registry, ours=index == layout.index)
        same = sibling is not None and (sibling.format is None or sibling.format.id == registry)
        self._theirs = sibling.log if sibling and same else None

    def plan(self) -> list[Outcome]:
        """Return the outcomes of `mend` without changing anything."""
        runs = list_runs(self._log, self._memory)
        return self._judge_strays() + [outcome for run in runs for outcome in self._judge(run)]

    def mend(self) -> list[Outcome]:
        """Mend the damaged slots, and return the outcomes."""
        before = None
        with open_writer_lock(self._layout):
            done = self._judge_strays()
            for outcome in done:
                put_away(self._layout, outcome.path)
            while (runs := list_runs(self._log, self._memory)) and (runs, self._memory) != before:
                before = runs, self._memory
                for run in runs:
                    done += self._mend(run)
        return done

    def restore(self, *, dry_run: bool = False) -> list[Outcome]:
        """Recover from the other registry the entries that earlier repairs declared lost, and return the outcomes."""
        done: list[Outcome] = []
        for run in list_given_up(self._log, max(self._find_trashed(), self._find_missing())) if self._theirs else []:
            entries = self._fetch(run)
            pairs = list(zip(run.slots, entries, strict=False))
            done += [Outcome("log", self._layout.slot(seq), _FETCHED) for seq, _ in pairs]
            if pairs and not dry_run:
                self._forget()  # the index does not know them
                for seq, data in (
                    pairs if run.wanted is None else reversed(pairs)
                ):  # each fits the entries in place by then
                    put_file(self._layout, self._layout.slot(seq), data, mode=0o444)
        return done

    def _find_trashed(self) -> int:
        return max((self._log.find_seq(trashed.home) or 0 for trashed in list_trash(self._layout)), default=0)

    def _find_missing(self) -> int:
        """Return the last slot of the other log beyond our end with a record that we have; 0 where there is none."""
        last, (seq, _) = 0, self._log.find_leap()
        while self._theirs and (link := find_link(self._theirs, seq := seq + 1)):
            named = [change.get(key) for change in link.entry.changes for key in ("version", "publication", "record")]
            adds = any(change["op"] in {ADD_VERSION, PUBLISH, TASK} for change in link.entry.changes)
            if adds and any(is_id(each) and files.exists(self._layout.record(RecordId(str(each)))) for each in named):
                last = seq
        return last

    def _mend(self, run: Run) -> list[Outcome]:
        outcomes = self._judge(run)
        if found := self._find(run):
            for seq, data in zip(run.slots, found.entries, strict=False):
                put_file(self._layout, self._layout.slot(seq), data, mode=0o444)
        elif run.wanted is not None:
            self._forget()  # the index holds the effects of the lost entries, and no other copy will
            for seq, data in zip(run.slots, self._stand_ins(run, run.wanted), strict=True):
                put_file(self._layout, self._layout.slot(seq), data, mode=0o444)
        elif self._memory is not None:  # without the index, some of them may prove to be right
            self._forget()
            return [outcome for outcome in outcomes if not files.exists(outcome.path)]
        else:
            for seq in reversed(run.slots):
                put_away(self._layout, self._layout.slot(seq))
        return outcomes

    def _judge_strays(self) -> list[Outcome]:
        """Return the outcomes of slots beyond a leap: no writer fills such a gap, so the log ends before it."""
        return [
            Outcome("log", self._layout.slot(seq), "moved to the trash: the log ends far before it", lost=lost)
            for seq in self._log.find_leap()[1]
            for lost in [find_link(self._log, seq) is not None]
        ]

    def _judge(self, run: Run) -> list[Outcome]:
        """Return the outcome of each slot of a run."""
        found = self._find(run)
        known = len(found.entries) if found else 0
        lost = "lost; an entry that changes nothing stands for it" if run.wanted else "lost; the log ends before it"
        return [
            Outcome("log", self._layout.slot(seq), found.how if found and at < known else lost, lost=at >= known)
            for at, seq in enumerate(run.slots)
        ]

    def _find(self, run: Run) -> _Found | None:
        entries = self._remember(run)
        if entries:
            return _Found(entries, "written again from the index, byte for byte")
        entries = self._fetch(run)
        return _Found(entries, _FETCHED) if entries else None

    def _remember(self, run: Run) -> list[bytes]:
        memory = self._memory
        if memory is None:
            return []
        if run.wanted is not None:
            return memory.rebuild(run.first, run.last, run.previous, run.wanted)
        built = memory.rebuild(run.first, memory.head.seq, run.previous, memory.head.digest)
        return built[: len(run.slots)]

    def _fetch(self, run: Run) -> list[bytes]:
        """Return the other copy's entries that follow the slot before a run and lead to the slot after it, if any."""
        entries: list[bytes] = []
        digest = run.previous
        for seq in run.slots:
            link = find_link(self._theirs, seq) if self._theirs else None
            if self._theirs is None or link is None or link.entry.previous != digest:
                break
            entries.append(self._theirs.get(seq))
            digest = link.digest
            anchor = self._memory.find_anchor(seq) if self._memory else None
            if anchor not in {None, digest}:
                return []
        return entries if run.wanted in {None, digest} else []

    def _stand_ins(self, run: Run, wanted: str) -> list[bytes]:
        entries: list[bytes] = []
        previous = run.previous
        for seq in run.slots:
            lost = wanted if seq == run.last else None
            entries.append(dump_entry(make_entry(seq, previous, self._author, (), STANDS, lost)))
            previous = digest_entry(entries[-1])
        return entries

    def _forget(self) -> None:
        """Remove the index, so that it neither demands the lost entries nor still shows them."""
        if self._memory is not None:
            sqlite_file.set_aside(self._memory.path)
            self._memory = None
