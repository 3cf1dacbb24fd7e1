"""Checks the local files that versions point to (`add --reference`): each must still have its bytes.

A file whose bytes are also in the registry or elsewhere is left out, since the version is read from there.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from registry_cli.catalog.read.uses import list_local_files
from registry_cli.errors import RemoteError
from registry_cli.registry.external import find_local
from registry_cli.registry.fsck.context import exists
from registry_cli.registry.fsck.digests import GONE, Reading
from registry_cli.registry.fsck.report import Damage
from registry_cli.store.hashing import CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.catalog.read.uses import LocalFile
    from registry_cli.records.parts import FileEntry
    from registry_cli.registry.fsck.context import Survey


def check_external(survey: Survey) -> None:
    """Check the local files that versions which are not removed point to and whose bytes are not in the registry."""
    for reading, problem in survey.list_bad("files outside", None, _iter_readings(survey)):
        _report(survey, reading.path, reading.subject, problem if problem == GONE else CHANGED)


def _iter_readings(survey: Survey) -> Iterator[Reading[LocalFile]]:
    """Yield the files whose bytes are to be compared; report those that are gone or have another size."""
    for local in survey.read(list_local_files):
        file, path = local.file, _find_path(local.file)
        if path is None or file.sha256 is None:
            continue
        if exists(survey.layout.blob(file.sha256)) or survey.registry.content.find_upstream(file.sha256) is not None:
            continue
        problem = _find_problem(path, file.size)
        if problem is not None:
            _report(survey, path, local, problem)
        elif survey.level != "fast":
            yield Reading(path, file.sha256, file.xxh3 if survey.level == "default" else None, local)


def _find_path(file: FileEntry) -> Path | None:
    try:
        return find_local(file)
    except RemoteError:  # an address that cannot be parsed
        return None


def _find_problem(path: Path, size: int | None) -> str | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return GONE
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    return CHANGED if size not in {None, status.st_size} else None


def _report(survey: Survey, path: Path, local: LocalFile, problem: str) -> None:
    survey.damages.append(Damage("external", path, problem, local.versions, blob=local.file.sha256))
