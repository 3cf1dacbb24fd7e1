"""Temporary folders below the user's cache: removed after use, and later if their process was killed."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from registry_cli.store import files
from registry_cli.store.writer_name import find_owner, is_alive, new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def open_scratch(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent` and remove it with its content at the end; first remove those of dead processes."""
    files.make_dirs(parent)
    remove_leftovers(parent)
    folder = parent / new_name()
    files.make_dir(folder)
    try:
        yield folder
    finally:
        _remove(folder)


def remove_leftovers(parent: Path) -> None:
    """Remove the folders that dead processes left in `parent`."""
    for folder in parent.iterdir():
        owner = find_owner(folder.name)
        if owner and is_alive(owner, parent) is False:
            _remove(folder)


def _remove(folder: Path) -> None:
    with suppress(OSError):  # files that a script made unwritable are left to the user
        files.remove_tree(folder)
