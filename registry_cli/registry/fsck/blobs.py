"""Checks the blobs that versions and tasks name, also in the trash: each must have its size and its bytes.

One that is missing is damage, unless it is elsewhere.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.needs import read_needs
from registry_cli.catalog.read.uses import sum_blob_sizes
from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash
from registry_cli.registry.fsck.context import Survey, count, exists, iter_entries, list_touched
from registry_cli.registry.fsck.digests import GONE, Reading
from registry_cli.registry.fsck.report import Damage
from registry_cli.store import files
from registry_cli.store.layout import FANOUT
from registry_cli.store.trash import find_swept, list_trash

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from registry_cli.catalog.read.needs import Need
    from registry_cli.registry.fsck.report import Kind
    from registry_cli.store.trash import Trashed

_NAME: Final = re.compile(r"[0-9a-f]{62}")


@dataclass(slots=True)
class _Tally:
    """Counts of unused blobs and of those elsewhere, of their bytes, and of blobs and files in the trash."""

    unused: int = 0
    unused_size: int = 0
    elsewhere: int = 0
    elsewhere_size: int = 0
    trashed: int = 0
    aside: int = 0


class _Blobs:
    """The walk over all blobs, one fan-out folder after the other."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.tally = _Tally()
        self.missing: list[BlobHash] = []
        self.foreign: list[Path] = []
        self._swept = self._list_swept()

    def iter_readings(self) -> Iterator[Reading[BlobHash]]:
        """Yield the blobs whose bytes are to be compared; record those that are missing or have another size."""
        for shard in FANOUT:
            needs = self.survey.read(partial(read_needs, prefix=shard))
            stored = self._list(self.survey.layout.blobs / shard)
            swept = [trashed for trashed in self._swept if trashed.blob and trashed.blob.startswith(shard)]
            there = stored.keys() | {trashed.blob for trashed in swept}
            for sha256, need in needs.items():
                if need.kept and sha256 not in there:
                    self._note_absent(sha256)
            for sha256, status in stored.items():
                self.survey.counts["blobs"] += 1
                self.survey.counts["size"] += status.st_size
                path = self.survey.layout.blob(sha256)
                yield from self._judge(sha256, path, status, needs.get(sha256))
            for trashed in swept:
                yield from self._judge_swept(trashed, stored, needs)

    def report(self, sha256: BlobHash, path: Path, problem: str) -> None:
        """Add a damage to the report, with the versions and tasks that it affects."""
        kind: Kind = "blob" if path == self.survey.layout.blob(sha256) else "trash"
        users = list_touched(self.survey, sha256)
        self.survey.damages.append(Damage(kind, path, problem, users, blob=sha256))

    def _note_absent(self, sha256: BlobHash) -> None:
        size = self.survey.registry.content.find_upstream(sha256)
        if size is None:
            self.missing.append(sha256)
        else:
            self.tally.elsewhere += 1
            self.tally.elsewhere_size += size

    def _judge_swept(
        self, trashed: Trashed, stored: Mapping[BlobHash, os.stat_result], needs: Mapping[BlobHash, Need]
    ) -> Iterator[Reading[BlobHash]]:
        status = files.find_status(trashed.path)
        if status is None:  # deleted, or brought back
            return
        sha256 = BlobHash(str(trashed.blob))
        need = needs.get(sha256)
        if sha256 not in stored:
            self.tally.trashed += need is not None and need.kept
        elif stored[sha256].st_ino == status.st_ino:
            return
        yield from self._judge(sha256, trashed.path, status, need)

    def _judge(
        self, sha256: BlobHash, path: Path, status: os.stat_result, need: Need | None
    ) -> Iterator[Reading[BlobHash]]:
        level = self.survey.level
        if need is None and path.parents[1] == self.survey.layout.blobs:
            self.tally.unused += 1
            self.tally.unused_size += status.st_size
        if not files.is_regular(status):
            self.report(sha256, path, "is no file")
        elif need is not None and need.size not in {None, status.st_size}:
            self.report(sha256, path, f"has {status.st_size:,} bytes instead of {need.size:,}")
        elif level == "strong":
            yield Reading(path, sha256, None, sha256)
        elif level == "default" and need is not None and (need.xxh3 or need.used):
            yield Reading(path, sha256, need.xxh3, sha256)

    def _list(self, folder: Path) -> dict[BlobHash, os.stat_result]:
        found: dict[BlobHash, os.stat_result] = {}
        for entry in iter_entries(folder):
            if not _NAME.fullmatch(entry.name):
                self.foreign.append(folder / entry.name)
                continue
            try:
                found[BlobHash(folder.name + entry.name)] = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # a collector has just moved it
                continue
        return found

    def _list_swept(self) -> list[Trashed]:
        try:
            trashed = list_trash(self.survey.layout)
        except CorruptError:  # a link is in its place: `check_kinds` reports it
            return []
        self.tally.aside = sum(file.reason == "damaged" for file in trashed)
        return [file for file in trashed if file.blob and file.reason == "swept"]


def check_blobs(survey: Survey) -> None:
    """Check all blobs, in `blobs/` and in `trash/`."""
    blobs = _Blobs(survey)
    folder = survey.layout.blobs
    blobs.foreign += [folder / entry.name for entry in iter_entries(folder) if entry.name not in FANOUT]
    for reading, problem in survey.list_bad("blobs", _estimate(survey), blobs.iter_readings()):
        if problem == GONE:  # moved into the trash or out of it, or deleted by a collector
            blobs.missing.append(reading.subject)
        else:
            blobs.report(reading.subject, reading.path, problem)
    _check_missing(survey, blobs)
    _note(survey, blobs)


def _check_missing(survey: Survey, blobs: _Blobs) -> None:
    """Report the blobs that are still missing and still needed: other processes may have changed both meanwhile."""
    if blobs.missing:
        survey.catch_up()
    for sha256 in dict.fromkeys(blobs.missing):
        need = survey.read(partial(read_needs, prefix=sha256)).get(sha256)
        if need is not None and need.kept and not _is_somewhere(survey, sha256):
            blobs.report(sha256, survey.layout.blob(sha256), "is missing")


def _is_somewhere(survey: Survey, sha256: BlobHash) -> bool:
    """Return whether a blob is in its place, in the trash or elsewhere; it may move meanwhile."""
    path = survey.layout.blob(sha256)
    try:
        here = exists(path) or find_swept(survey.layout, path) is not None or exists(path)
    except CorruptError:  # a link is in the place of the trash
        here = False
    return here or survey.registry.content.find_upstream(sha256) is not None


def _estimate(survey: Survey) -> int:
    if survey.level == "fast":
        return 0
    return survey.read(sum_blob_sizes)


def _note(survey: Survey, blobs: _Blobs) -> None:
    tally = blobs.tally
    survey.note_foreign("blobs", blobs.foreign)
    if tally.elsewhere:
        what = f"{count(tally.elsewhere, 'blob')} of {tally.elsewhere_size:,} bytes"
        survey.notes.append(f"{what} at the upstream alone: fetched when needed")
    if tally.unused:
        known = not any(
            damage.kind in {"log", "record"} for damage in survey.damages
        )  # else damaged entries or records may name them
        advice = ": reg gc" if known else ""
        survey.notes.append(f"{count(tally.unused, 'blob')} that nothing names, {tally.unused_size:,} bytes{advice}")
    if tally.trashed:
        survey.notes.append(f"{count(tally.trashed, 'blob')} in the trash that something needs: reg repair")
    if tally.aside:
        survey.notes.append(f"{count(tally.aside, 'damaged file')} put aside in the trash")
