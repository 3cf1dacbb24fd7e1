"""What frameworks loaded in this process, as versions: parents of what the script saves by its own word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.sdk.autolog.current_sink import peek_sink
from registry_cli.tasks.run.load_to_input import find_version

if TYPE_CHECKING:
    from registry_cli.ids import VersionId
    from registry_cli.sdk.current import Current
    from registry_cli.tasks.run.saved_files import Cache

_digests: Cache = {}
_found: dict[tuple[str, int, int], VersionId | None] = {}


def find_loaded(current: Current) -> list[VersionId]:
    """Return the versions whose bytes were loaded, in the order of that; a file is read once."""
    sink = peek_sink()
    if sink is None or sink.live != current.live:
        return []
    for load in sink.loads:
        if load not in _found:
            _found[load] = _find(current, *load)
    return [version for load in sink.loads if (version := _found[load]) is not None]


def _find(current: Current, path: str, size: int, mtime: int) -> VersionId | None:
    try:
        row = find_version(current.registry, current.task.id, Path(path), size, mtime, _digests)
    except (RegError, OSError):  # the file is gone: whoever follows the task says so
        return None
    return row.id if row is not None else None
