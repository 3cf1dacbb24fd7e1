"""Opens the index for completion: that of the registry that a command would use."""

from __future__ import annotations

import os

from registry_cli.catalog.index.names import open_names
from registry_cli.cli.complete.options import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from registry_cli.catalog.index.names import Names


def open_index(registry: str | None) -> Names:
    """Return the names in the index of the registry that a command would use."""
    return open_names(_find_index(registry or os.environ.get("REG_DIR")), SCHEMA)


def _find_index(named: str | None) -> str | None:
    """Return the index's path: in the named registry, else the nearest upward, else the user's own."""
    if named:
        return _index_in(named) or _index_in(f"{named}/.registry")
    folder = os.getcwd()  # noqa: PTH109  # pathlib costs as much as the interpreter
    while True:
        if os.path.isdir(f"{folder}/.registry"):  # noqa: PTH112
            return _index_in(f"{folder}/.registry") if _is_ours(f"{folder}/.registry") else None
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            from registry_cli.env import data_home

            return _index_in(f"{data_home()}/.registry")
        folder = above


def _is_ours(registry: str) -> bool:
    """Return True where a command would use a registry that was not named; for most, one check of its owner decides."""
    status = os.lstat(registry)
    if status.st_uid == os.geteuid() and status.st_mode & 0o170000 == 0o040000:
        return True
    from pathlib import Path

    from registry_cli.registry.ownership import is_usable

    return is_usable(Path(registry))


def _index_in(registry: str) -> str | None:
    path = f"{registry}/cache/index.sqlite"
    return path if os.path.isfile(path) else None  # noqa: PTH113
