"""Takes in the files of a new version: their bytes, their digests, and the facts in their headers."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.uses import read_twins
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import ConflictError
from registry_cli.formats.sniff import Facts, sniff, sniff_folder, sniff_open
from registry_cli.records.parts import EXECUTABLE, FileEntry
from registry_cli.registry.moving import Mode, may_share
from registry_cli.store.beneath import hold_folders
from registry_cli.store.incoming import SMALL, Incoming

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.registry.sources import Source
    from registry_cli.store.hashing import Digests
    from registry_cli.store.staging import Staging

FACTS: Final = "weights"
"""The table of `metadata` that holds the facts from the headers of weight files."""
SHARED_OUT: Final = 2048
"""Number of files from which on several processes take in the small ones."""
CHUNK: Final = 256
"""Files that one process takes in at a time."""

_Job = tuple[int, str, str, str]
"""Position of a source, its name on the disk, its path in the version, and a name in `tmp/` for its bytes."""
_Done = tuple[int, "Digests", Facts]
"""Position of a source that was taken in, the digests of its bytes, and the facts in its header."""


@dataclass(frozen=True, slots=True)
class Content:
    """The files of a new version, and the framework and metadata found in them."""

    files: tuple[FileEntry, ...]
    framework: str | None
    metadata: Mapping[str, Value]


def take_files(registry: Registry, staging: Staging, sources: Sequence[Source], mode: Mode) -> Content:
    """Take in files; several processes take in many small ones, because reading and hashing them takes the time.

    Raises:
        ConflictError: A file changed while it was read.
        UsageError: A path is not a regular file.
    """
    taken: list[FileEntry | None] = [None] * len(sources)
    known: dict[int, Facts] = {}

    def keep(at: int, digests: Digests, facts: Facts) -> None:
        url = sources[at].file.absolute().as_uri() if mode == "reference" else None
        taken[at] = _entry(sources[at].path, digests, facts, url)
        if facts.framework or facts.fields:
            known[at] = facts

    if mode == "copy" and staging.flushes_all and len(sources) >= SHARED_OUT and (os.cpu_count() or 1) > 1:
        for done in _share_out(staging, sources):
            keep(*done)
    with hold_folders():
        for at, source in enumerate(sources):
            if taken[at] is None:
                keep(at, *_take(registry, staging, source, mode))
    return _content([file for file in taken if file], [(sources[at].path, known[at]) for at in sorted(known)])


def take_stream(registry: Registry, staging: Staging, fd: int, name: str) -> Content:
    """Take in the bytes of an open descriptor up to its end, as a file of the given name.

    Raises:
        ConflictError: The same bytes were stored before, and a collector has deleted them since.
    """
    digests = staging.add_stream(fd)
    facts = _sniff_stored(registry, staging, digests, name)
    return _content([_entry(name, digests, facts)], [(name, facts)])


def _take(registry: Registry, staging: Staging, source: Source, mode: Mode) -> tuple[Digests, Facts]:
    def twins(size: int) -> Container[str]:
        return registry.read(lambda db: read_twins(db, size))

    share = may_share(registry.layout, source, mode)
    with Incoming(source.name) as incoming:
        copied, status = mode != "reference", incoming.status  # a shared file becomes read-only
        digests = staging.add_open(incoming, twins, share=share) if copied else staging.read_open(incoming)
        facts = _sniff(incoming, digests, source.path, status)
        incoming.check(digests)
    return digests, facts


def _share_out(staging: Staging, sources: Sequence[Source]) -> Iterator[tuple[int, Digests, Facts]]:
    """Yield position, digests and facts of the small files that other processes could take in."""
    from registry_cli.store.workers import Workers

    def work(jobs: list[_Job]) -> list[_Done]:
        with hold_folders():
            return [done for job in jobs if (done := _take_in_worker(staging, *job))]

    reserved: dict[int, str] = {}

    def chunks() -> Iterator[list[_Job]]:
        small = (at for at, source in enumerate(sources) if source.size <= SMALL)
        while some := list(islice(small, CHUNK)):
            reserved.update((at, staging.reserve_name()) for at in some)
            yield [(at, sources[at].name, sources[at].path, reserved[at]) for at in some]

    with closing(Workers(work)) as workers:
        for at, digests, facts in workers.work(chunks()):
            staging.count_written(reserved.pop(at), digests)
            yield at, digests, facts


def _take_in_worker(staging: Staging, at: int, source: str, path: str, reserved: str) -> _Done | None:
    """Take in a file in a worker process; None leaves the file, and any error, to the process that adds."""
    try:
        with Incoming(source) as incoming:
            digests = staging.write_beside(incoming, reserved)
            if digests is None:
                return None
            facts = _sniff(incoming, digests, path, incoming.status)
            incoming.check(digests)
    except Exception:
        return None
    return at, digests, facts


def _sniff(incoming: Incoming, digests: Digests, path: str, status: os.stat_result) -> Facts:
    facts = sniff_open(incoming.open_reader(), digests.size, path)
    return replace(facts, media=f"{facts.media}; {EXECUTABLE}=1") if status.st_mode & stat.S_IXUSR else facts


def _sniff_stored(registry: Registry, staging: Staging, digests: Digests, name: str) -> Facts:
    """Return the facts in the stored bytes, whatever happens to the user's file.

    Raises:
        ConflictError: They were stored before, and a collector has deleted them since.
    """
    try:
        return sniff(staging.get_file(digests.sha256), name)
    except FileNotFoundError:  # a collector moved them
        if not registry.content.has(digests.sha256):
            raise ConflictError(f"{name} was collected while it was added: the command can run again") from None
    with registry.content.open(digests.sha256) as file:
        return sniff_open(file, digests.size, name)


def _entry(path: str, digests: Digests, facts: Facts, url: str | None = None) -> FileEntry:
    return FileEntry(path, digests.size, digests.sha256, digests.xxh3, facts.media, url)


def _content(entries: Sequence[FileEntry], known: Sequence[tuple[str, Facts]]) -> Content:
    """Return files as the content of a version; `known` are the facts of those that have any, by path."""
    framework = known[0][1].framework if known and len(entries) == 1 else sniff_folder(known)
    merged = _merge_facts([facts for _, facts in known])
    return Content(tuple(entries), framework, {FACTS: merged} if merged else {})


def _merge_facts(known: Sequence[Facts]) -> dict[str, Value]:
    """Return the facts of headers as one table: counts are summed, lists joined, of other values the first counts."""
    merged: dict[str, Value] = {}
    for facts in known:
        for key, value in facts.fields.items():
            before = merged.get(key)
            if isinstance(value, list):
                joined = [*before, *value] if isinstance(before, list) else value
                merged[key] = sorted(set(joined))
            elif key in {"tensors", "parameters"} and isinstance(value, int) and isinstance(before, int):
                merged[key] = before + value
            elif before is None:
                merged[key] = value
    return {key: value for key, value in merged.items() if value != []}
