"""Checks the records: each has the digest in its name, and each that the log names exists and can be read."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold.task_rows import load_task_rows
from registry_cli.catalog.index.sqlite_file import list_damaged
from registry_cli.catalog.read.records import list_publication_records, list_task_records, list_version_records
from registry_cli.catalog.read.versions import is_broken, list_contents
from registry_cli.errors import RegError
from registry_cli.ids import RecordId, VersionId
from registry_cli.records.codec import load_publication, load_version
from registry_cli.records.task_codec import load_task
from registry_cli.registry.fsck.context import Survey, count, iter_entries
from registry_cli.registry.fsck.report import Damage
from registry_cli.store import files
from registry_cli.store.layout import FANOUT

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import UserId
    from registry_cli.records.version import Publication

_NAME: Final = re.compile(r"([0-9a-f]{62})\.toml")


def check_records(survey: Survey) -> None:
    """Check all records; those of versions and tasks were read when the log was folded."""
    records = survey.layout.records
    foreign = [records / entry.name for entry in iter_entries(records) if entry.name not in FANOUT]
    unread, unused = set(survey.read(list_damaged)), 0
    for shard in FANOUT:
        known = _check_versions(survey, shard) | _check_publications(survey, shard)
        known |= _check_tasks(survey, shard, unread)
        for entry in iter_entries(records / shard):
            name = _NAME.fullmatch(entry.name)
            if name is None:
                foreign.append(records / shard / entry.name)
                continue
            survey.counts["records"] += 1
            if RecordId(shard + name[1]) not in known:
                unused += 1
                _check_unused(survey, RecordId(shard + name[1]))
    survey.note_foreign("records", foreign)
    if unused:
        survey.notes.append(f"{count(unused, 'record')} that no entry names")


def _check_versions(survey: Survey, shard: str) -> set[RecordId]:
    found = survey.read(lambda db: list_version_records(db, shard))
    for version, broken in found:
        if broken is not None:
            _report(survey, version, broken, version)
    return {version for version, _ in found}


def _check_publications(survey: Survey, shard: str) -> set[RecordId]:
    found = survey.read(lambda db: list_publication_records(db, shard))
    for publication, version, row in found:
        data = _read(survey, publication, version)
        if data is None:
            continue
        try:
            sealed = load_publication(data, "it")
        except RegError as error:
            _report(survey, publication, error.message, version)
            continue
        if not _is_of(survey, sealed, version, row):
            _report(survey, publication, "seals something else than its version", version)
    return {seal.publication for seal in found}


def _check_tasks(survey: Survey, shard: str, unread: set[RecordId]) -> set[RecordId]:
    """Check the records of all stages of tasks; `unread` are those that the fold could not read."""
    named = survey.read(lambda db: list_task_records(db, shard))
    for record, task in named:
        if record in unread:
            data = _read(survey, record, task)
            if data is not None:
                _report(survey, record, _find_flaw(data), task)
    return {record for record, _ in named}


def _find_flaw(data: bytes) -> str:
    """Return the reason why bytes with the right digest are not the record of a task."""
    try:
        load_task_rows(RecordId("it"), data)
    except RegError as error:
        return error.message
    return "could not be read a moment ago"


def _is_of(survey: Survey, publication: Publication, version: VersionId, row: int) -> bool:
    held, broken = survey.read(lambda db: (list_contents(db, row), is_broken(db, row)))
    files = {(file.path, file.sha256) for file in publication.files}
    return publication.version == version and (broken or files == held)


def _check_unused(survey: Survey, record: RecordId) -> None:
    data = _read(survey, record, None)
    if data is None or not survey.lost:
        return
    with suppress(RegError):
        model = load_version(data, "it").model
        survey.orphans.append(VersionId(record))
        survey.refs.setdefault(VersionId(record), f"{model}:?")
    with suppress(RegError):
        task = load_task(data, "it")
        survey.orphans += [] if task.id in survey.orphans else [task.id]
        survey.refs.setdefault(task.id, f"task:{task.name}")


def _read(survey: Survey, record: RecordId, user: UserId | None) -> bytes | None:
    """Return a record's bytes; report them and return None where they are missing or wrong."""
    try:
        data = files.read_small(survey.layout.record(record))
    except FileNotFoundError:
        _report(survey, record, "is missing", user)
        return None
    except OSError as error:
        _report(survey, record, f"cannot be read: {error.strerror}", user)
        return None
    except RegError:
        _report(survey, record, "is no regular file", user)
        return None
    if hashlib.sha256(data).hexdigest() != record:
        _report(survey, record, "was changed after it was written", user)
        return None
    return data


def _report(survey: Survey, record: RecordId, problem: str, user: UserId | None) -> None:
    path = survey.layout.record(record)
    for subject in (f"{path.relative_to(survey.layout.root.parent)} ", f"record {record[:12]} ", "it "):
        problem = problem.removeprefix(subject)
    survey.damages.append(Damage("record", path, problem, (user,) if user else (), record=record))
