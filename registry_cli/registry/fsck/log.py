"""Reads the log as far as possible, and reports the slots that cannot be trusted with the versions they affect."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.entries import find_columns, list_slots, list_void
from registry_cli.catalog.read.tasks import find_task
from registry_cli.errors import RegError
from registry_cli.ids import RecordId, TaskId, VersionId
from registry_cli.records.codec import load_entry
from registry_cli.registry.fsck.context import Lost, Survey, count, exists, iter_entries
from registry_cli.registry.fsck.index import open_kept
from registry_cli.registry.fsck.report import Damage
from registry_cli.store.log import LEAP, Head, digest_entry
from registry_cli.store.progress import open_work

if TYPE_CHECKING:
    from registry_cli.catalog.fold.record_source import Entries
    from registry_cli.catalog.read.rows import UserId
    from registry_cli.records.entry import Entry
    from registry_cli.registry.fsck.index import Kept

_NAMED: Final = re.compile(rb'version = "([0-9a-f]{64})"')
_NAMED_TASK: Final = re.compile(rb'task = "([0-9A-Z]{26})"')
_SHARD: Final = re.compile("[0-9]{6,}")
_SHOWN: Final = 10
"""Most void entries that are named one by one."""


def read_log(survey: Survey) -> Entries:
    """Yield the readable entries in order, and remember the slots of the others.

    The entry after such a slot is accepted as it is: its seal vouches for it, and only it knows the digest before.
    """
    log = survey.registry.log
    (last, _), seq = log.find_leap(), 0
    digest: str | None = ""
    with open_work(survey.progress, "log", last, "items"):
        while (seq := seq + 1) <= last or log.exists(seq):
            survey.progress.advance(1)
            entry, data = _read_slot(survey, seq)
            if entry is None:
                digest = None
                continue
            if digest is not None and entry.previous != digest:
                broken = max(seq - 1, 1)
                survey.lost[broken] = Lost(f"is not the entry that {log.where(seq)} follows", log.find(broken) or b"")
            if entry.stands_for:
                survey.notes.append(f"{log.where(seq)} stands for an entry that was lost")
            digest = entry.stands_for or digest_entry(data)
            survey.counts["entries"] += 1
            yield entry, Head(seq, digest)


def check_log(survey: Survey) -> None:
    """Report the slots that cannot be trusted, void entries, and other files between the slots."""
    known: dict[int, list[UserId]] = {}
    with open_kept(survey) as kept:
        if kept is not None:
            _check_end(survey, kept)
            for seq in survey.lost:
                refs = kept.file.read_refs(seq)
                known[seq] = list(refs)
                survey.refs.update(refs)
    first = min(survey.lost, default=0)
    good = survey.read(lambda db: list_slots(db, first))
    for seq, lost in survey.lost.items():
        after = len(good) - bisect_right(good, seq)
        place = (
            f"{count(after, 'readable entry follows', 'readable entries follow')} it" if after else "the log ends there"
        )
        touched = known.get(seq) or _list_named(survey, lost.data) or survey.orphans
        survey.damages.append(
            Damage("log", survey.layout.slot(seq), f"{lost.problem}; {place}", tuple(touched), seq=seq)
        )
    _check_strays(survey)
    if not survey.lost and not survey.counts["entries"] and survey.counts["records"] > 1:
        # a first command that was killed may leave one record, but not two
        records = count(survey.counts["records"], "record")
        survey.damages.append(
            Damage("log", survey.layout.slot(1), f"is missing: there are {records} and no entry", seq=1)
        )
    if survey.lost:  # entries are void because others are missing
        survey.notes.append("what the lost entries added is not checked; numbers of later versions may be off")
    else:
        _note_void(survey)
    _note_foreign(survey)


def _read_slot(survey: Survey, seq: int) -> tuple[Entry | None, bytes]:
    data, problem = b"", "is missing"
    try:
        found = survey.registry.log.find(seq)
        if found is not None:
            data = found
            entry = load_entry(data, "it")
            if entry.seq == seq:
                return entry, data
            problem = f"is the entry of slot {entry.seq}"
    except RegError as error:
        problem = error.message.removeprefix("it ").removeprefix(f"{survey.layout.slot(seq)} ")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    survey.lost[seq] = Lost(problem, data)
    return None, data


def _check_end(survey: Survey, kept: Kept) -> None:
    """Check that the log still has the entries that the index knows to be durable."""
    head, (last, _) = kept.head, survey.registry.log.find_leap()
    for seq in range(last + 1, min(kept.durable, last + LEAP) + 1):
        survey.lost[seq] = Lost("is missing, and the index knows that it was written", b"")
    if not 0 < head.seq <= kept.durable or head.seq in survey.lost:
        return
    entry, data = _read_slot(survey, head.seq)
    if entry is None or head.digest in {digest_entry(data), entry.stands_for}:
        return
    if kept.file.find_columns(head.seq) != survey.read(lambda db: find_columns(db, head.seq)):
        survey.lost[head.seq] = Lost("is not the entry that the index knows", data)


def _check_strays(survey: Survey) -> None:
    last, far = survey.registry.log.find_leap()
    for seq in far:
        problem = f"lies {seq - last:,} slots beyond the end of the log"
        survey.damages.append(Damage("log", survey.layout.slot(seq), problem, seq=seq))


def _list_named(survey: Survey, data: bytes) -> list[UserId]:
    """Return the versions and tasks that the remains of an entry name and that exist."""
    named = dict.fromkeys(VersionId(RecordId(found.decode())) for found in _NAMED.findall(data))
    tasks = dict.fromkeys(TaskId(found.decode()) for found in _NAMED_TASK.findall(data))
    return [
        *(version for version in named if exists(survey.layout.record(version))),
        *(task for task in tasks if task in survey.refs or survey.read(partial(find_task, task=task)) is not None),
    ]


def _note_void(survey: Survey) -> None:
    found = survey.read(list_void)
    survey.notes += [f"{survey.registry.log.where(seq)} is void: {void}" for seq, void in found[:_SHOWN]]
    if len(found) > _SHOWN:
        survey.notes.append(f"{len(found) - _SHOWN:,} more entries are void: reg events")


def _note_foreign(survey: Survey) -> None:
    foreign = []
    for shard in (survey.layout.log / entry.name for entry in iter_entries(survey.layout.log)):
        if not _SHARD.fullmatch(shard.name):
            foreign.append(shard)
            continue
        slots = [shard / slot.name for slot in iter_entries(shard)]
        foreign += [slot for slot in slots if survey.registry.log.find_seq(slot) is None]
    survey.note_foreign("log", foreign)
