"""Checks the views: each file has its blob's bytes, and there are no other files. Views are derived: none is lost."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from registry_cli.catalog.read.versions import find_row, is_live, list_files
from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, RegError
from registry_cli.ids import BlobHash, RecordId, VersionId
from registry_cli.registry.fsck.context import Survey, count, iter_entries
from registry_cli.registry.fsck.digests import GONE, Reading
from registry_cli.registry.fsck.report import Damage
from registry_cli.store import files
from registry_cli.store.views import STAMPS, load_stamp, look_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.records.parts import FileEntry

_VERSION: Final = re.compile(r"[0-9a-f]{64}")


class _Shown(NamedTuple):
    version: VersionId
    blob: BlobHash


@dataclass(slots=True)
class _Views:
    survey: Survey
    unstamped: int = 0

    def iter_readings(self) -> Iterator[Reading[_Shown]]:
        """Yield the files whose bytes are to be compared; report missing and surplus files."""
        for entry in iter_entries(self.survey.layout.views):
            name = entry.name.removesuffix(STAMPS)
            if not _VERSION.fullmatch(name):
                self.survey.note_foreign("views", [self.survey.layout.views / entry.name])
            elif entry.name == name:
                yield from self._check_view(VersionId(RecordId(name)))

    def report(self, version: VersionId, path: Path, problem: str, blob: BlobHash | None = None) -> None:
        """Add a damage to the report."""
        self.survey.damages.append(Damage("view", path, problem, (version,), blob=blob))

    def _check_view(self, version: VersionId) -> Iterator[Reading[_Shown]]:
        folder = self.survey.layout.view(version)
        row = self.survey.read(lambda db: find_row(db, version))
        if row is None:
            self.survey.notes.append(f"views/{version[:12]} belongs to no version")
            return
        if not files.is_dir(folder):  # `check_kinds` reports it
            return
        if not os.access(folder, os.R_OK | os.X_OK):
            self.survey.notes.append(f"views/{version[:12]} is another user's: it was not checked")
            return
        held = self.survey.read(lambda db: list_files(db, row))
        content = {file.path: file for file in held if file.sha256}
        shown = _list_files(folder)
        self._check_stamps(version, shown)
        for path in sorted(shown.keys() - content.keys()):
            self.report(version, folder / path, "belongs to no file of the version")
        for path, file in content.items():
            if path in shown:
                yield from self._check_file(version, folder / path, file, shown[path])
            elif not file.url and self._is_lacking(version, path):
                self.report(version, folder / path, "is missing", file.sha256)

    def _is_lacking(self, version: VersionId, path: str) -> bool:
        """Return whether a view still lacks a file, and is not a view that a collector is removing."""
        self.survey.catch_up()
        folder = self.survey.layout.view(version)
        live = self.survey.read(lambda db: is_live(db, version))
        return live and files.exists(folder) and not files.exists(folder / path)

    def _check_file(
        self, version: VersionId, path: Path, file: FileEntry, status: os.stat_result
    ) -> Iterator[Reading[_Shown]]:
        assert file.sha256 is not None
        self.survey.counts["views"] += 1
        if not files.is_regular(status):
            self.report(version, path, "is no file", file.sha256)
        elif status.st_size != file.size:
            self.report(version, path, f"has {status.st_size:,} bytes instead of {file.size:,}", file.sha256)
        elif self.survey.level != "fast" and not self._is_blob(file.sha256, status):
            xxh3 = file.xxh3 if self.survey.level == "default" else None
            yield Reading(path, file.sha256, xxh3, _Shown(version, file.sha256))

    def _is_blob(self, sha256: BlobHash, status: os.stat_result) -> bool:
        """Return whether a file is another name of the blob, which is checked in its own place."""
        try:
            blob = files.get_status(self.survey.layout.blob(sha256))
        except (CorruptError, OSError):
            return False
        return (blob.st_dev, blob.st_ino) == (status.st_dev, status.st_ino)

    def _check_stamps(self, version: VersionId, shown: dict[str, os.stat_result]) -> None:
        """Check the stamps: a crash leaves a view without any, a copied registry has other inodes; neither harms."""
        path = self.survey.layout.views / (version + STAMPS)
        try:
            stamp = load_stamp(files.read_small(path))
            self.unstamped += stamp.looks != {name: look_at(status) for name, status in shown.items()}
        except FileNotFoundError:
            self.unstamped += 1
        except (RegError, OSError, ValueError):
            self.report(version, path, "cannot be read")


def check_views(survey: Survey) -> None:
    """Check all views in the registry."""
    views = _Views(survey)
    for reading, problem in survey.list_bad("views", None, views.iter_readings()):
        if problem != GONE:
            views.report(reading.subject.version, reading.path, problem, reading.subject.blob)
    if views.unstamped:
        survey.notes.append(f"{count(views.unstamped, 'view')} whose stamps are not those of its files: read when used")


def _list_files(folder: Path) -> dict[str, os.stat_result]:
    found: dict[str, os.stat_result] = {}
    for place, _, names in files.walk(folder):
        for path in (place / name for name in names):
            status = files.find_status(path)
            if status is not None:
                found[path.relative_to(folder).as_posix()] = status
    return found
