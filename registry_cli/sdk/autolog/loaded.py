"""Finds the versions that frameworks loaded in this process: parents of the versions that the script commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.sdk.autolog.current_sink import peek_sink
from registry_cli.tasks.run.load_to_input import find_version

if TYPE_CHECKING:
    from registry_cli.ids import BlobHash, VersionId
    from registry_cli.sdk.current import Current
    from registry_cli.tasks.run.saved_files import Cache

_digests: Cache = {}
_found: dict[tuple[str, int, int, BlobHash | None], VersionId | None] = {}


def find_loaded(current: Current) -> list[VersionId]:
    """Return the versions whose bytes were loaded, in the order of the loads; each file is read once."""
    sink = peek_sink()
    if sink is None or sink.live != current.live:
        return []
    for load in sink.loads:
        if load not in _found:
            _found[load] = _find(current, *load)
    return [version for load in sink.loads if (version := _found[load]) is not None]


def _find(current: Current, path: str, size: int, mtime: int, sha256: BlobHash | None) -> VersionId | None:
    try:
        row = find_version(current.registry, current.task.id, Path(path), size, mtime, _digests, sha256=sha256)
    except (RegError, OSError):  # the file is gone: the task's follower reports it
        return None
    return row.id if row is not None else None
