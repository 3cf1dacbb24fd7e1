"""Verifies a version: compares its record, its publication and its bytes with their digests. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, RegError
from registry_cli.records.codec import load_publication, load_version
from registry_cli.registry.availability import list_collected, list_design_files, list_lost, name_record
from registry_cli.registry.external import check_external, find_outside
from registry_cli.registry.fetch import fetch_files
from registry_cli.registry.proof import check_proof
from registry_cli.store.blobs import get_record
from registry_cli.store.progress import SILENT, Progress, open_work

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a version.

    Attributes:
        what: The file or record.
        problem: Description of the problem.
        known: True where a repair has found it lost.
        hint: The command to try next, where that is not a repair.
    """

    what: str
    problem: str
    known: bool = False
    hint: str | None = None


def list_faults(
    registry: Registry, row: VersionRow, *, strong: bool = False, progress: Progress = SILENT
) -> list[Fault]:
    """Check a version's record, publication and bytes; return the faults, an empty list where all is well.

    Missing bytes of a removed version are no fault, and bytes that are elsewhere are fetched.

    Args:
        registry: The registry.
        row: The version.
        strong: Compare SHA-256 too, not XXH3 alone.
        progress: Reports the bytes done.

    Raises:
        RemoteError: Bytes are elsewhere and cannot be fetched.
    """
    lost = list_lost(registry, row)
    collected = list_collected(registry, row)
    faults = _record_faults(registry, row, lost)
    stored = [*row.files, *list_design_files(row)]
    fetch_files(registry, stored, row.ref, progress=progress)
    with open_work(progress, f"verify {row.ref}", row.size):
        for file in stored:
            problem = None if file.sha256 in collected else _problem(registry, row, file, strong)
            if problem:
                faults.append(_fault(file.path, problem.message, lost, hint=problem.hint))
            progress.advance(file.size or 0)
    return faults


def _fault(what: str, problem: str, lost: list[str], *, hint: str | None = None) -> Fault:
    if what in lost:
        return Fault(what, "known to be lost in this copy", known=True)
    return Fault(what, problem, hint=hint)


def _record_faults(registry: Registry, row: VersionRow, lost: list[str]) -> list[Fault]:
    faults = []
    checks = (
        [(row.id, load_version)]
        if row.publication is None
        else [(row.id, load_version), (row.publication, load_publication)]
    )
    for record, load in checks:
        try:
            load(get_record(registry.layout, record), name_record(record))
        except RegError as error:
            faults.append(_fault(name_record(record), error.message, lost))
    if not faults:
        try:
            check_proof(registry.layout, row)
        except CorruptError as error:
            faults.append(Fault(name_record(row.id), error.message))
    return faults


def _problem(registry: Registry, row: VersionRow, file: FileEntry, strong: bool) -> RegError | None:
    try:
        local = find_outside(registry, file)
        if local is not None:
            check_external(row, file, local)
        elif file.sha256 and (not file.url or registry.content.has(file.sha256)):
            registry.content.verify(file.sha256, file.xxh3, file.size, strong=strong)
    except RegError as error:
        return error
    return None
