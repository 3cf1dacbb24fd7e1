"""Finds the damaged slots of a log from the entries around them. Changes nothing.

An entry vouches for itself by its seal and for the one before by its `previous`; the index may vouch for the last. So
the log is read from its end: an entry with the digest that the next one names is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.records.codec import load_entry
from registry_cli.store.log import LEAP, digest_entry

if TYPE_CHECKING:
    from registry_cli.records.entry import Entry
    from registry_cli.registry.repair.index_memory import Memory
    from registry_cli.store.log import Log


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring slots that are damaged or missing.

    Attributes:
        previous: Digest of the slot before them; empty where they are the first.
        wanted: Digest of the last of them, as the slot after them names it; None at the end of the log.
    """

    first: int
    last: int
    previous: str
    wanted: str | None

    @property
    def slots(self) -> range:
        """Their numbers, lowest first."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a link of the chain: `digest` is the one that the next entry must name."""

    entry: Entry
    digest: str


def find_link(log: Log, seq: int) -> Link | None:
    """Return the entry of a slot, or None where it is missing, unreadable, or of another slot."""
    try:
        data = log.find(seq)
        entry = None if data is None else load_entry(data, "")
    except (CorruptError, OSError):
        return None
    if data is None or entry is None or entry.seq != seq:
        return None
    return Link(entry, entry.stands_for or digest_entry(data))


def list_runs(log: Log, memory: Memory | None) -> list[Run]:
    """Return the damaged runs, oldest first; slots beyond a leap are left out."""
    last_taken, _ = log.find_leap()
    end = max(last_taken, min(memory.durable, last_taken + LEAP) if memory else 0)
    runs: list[Run] = []
    last, after, wanted = None, None, memory.find_anchor(end) if memory else None
    for seq in range(end, 0, -1):
        link = find_link(log, seq)
        if link and _is_right(log, link, end, wanted):
            if last is not None:
                runs.append(Run(seq + 1, last, link.digest, after))
                last = None
            wanted = link.entry.previous
        else:
            if last is None:
                last, after = seq, wanted if seq < end else None
            wanted = None
    if last is not None:
        runs.append(Run(1, last, "", after))
    return runs[::-1]


def _is_right(log: Log, link: Link, end: int, wanted: str | None) -> bool:
    """Return whether an entry is the one that was written: the next one names it, or else it fits the one before."""
    if wanted is not None:
        return link.digest == wanted
    seq = link.entry.seq
    if seq == 1:
        return link.entry.previous == ""
    before = find_link(log, seq - 1) if seq == end else None
    return before is None or before.digest == link.entry.previous


def list_given_up(log: Log, trashed: int) -> list[Run]:
    """Return the runs that earlier repairs declared lost: slots with stand-in entries, and those removed at the end.

    Args:
        log: The slots, none of them damaged.
        trashed: The highest slot that the log may have had; damaged bytes of it are in the trash, or the other log has
            it.
    """
    runs: list[Run] = []
    end, _ = log.find_leap()
    digest, first = "", None
    for seq in range(1, end + 1):
        link = find_link(log, seq)
        if link is None:
            return []
        if link.entry.changes:  # only a stand-in has no changes
            first = None
        elif first is None:
            first = Run(seq, seq, digest, None)
        if first is not None and link.entry.stands_for:
            runs.append(Run(first.first, seq, first.previous, link.digest))
            first = None
        digest = link.digest
    return [*runs, Run(end + 1, trashed, digest, None)] if trashed > end else runs
