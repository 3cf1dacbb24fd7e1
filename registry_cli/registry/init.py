"""Creates a registry: builds it under a temporary name, flushes it and renames it, so that it is whole or absent."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError, UsageError
from registry_cli.ids import new_ulid
from registry_cli.store import files
from registry_cli.store.disk_reserve import make_reserve
from registry_cli.store.format import Format, dump_format
from registry_cli.store.layout import DIRECTORY, FANOUT, Layout
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import find_owner, is_alive, new_name

if TYPE_CHECKING:
    from pathlib import Path

CONFIG: Final = b"# settings of this copy: reg config list\n"
"""Content of `config.toml` where nothing is set."""
IGNORE: Final = b"*\n"
"""Content of `.gitignore`, so that `git add .` never adds weights."""
OWN_DIR: Final = 0o755
"""Most permissions of the root and the cache of a registry that is not shared."""


def find_place(path: Path) -> Path:
    """Return the root of the registry that `make_registry(path)` makes or finds.

    Args:
        path: A folder that gets a `.registry`, or the registry itself: a path that ends in `.registry`, or the root of
            an existing registry by whatever name.

    Raises:
        UsageError: It lies inside a registry, or a file is where a folder must be.
    """
    path = path.absolute()
    there = next(place for place in (path, *path.parents) if place.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file, no folder", hint="reg init --help")
    around = next((above for above in path.parents if above.name == DIRECTORY and _is_registry(above)), None)
    if around is not None:
        raise UsageError(f"{path} lies inside the registry {around}", hint="reg init --help")
    return path if path.name == DIRECTORY or _is_registry(path) else path / DIRECTORY


def _is_registry(folder: Path) -> bool:
    return (folder / "format.toml").is_file() and (folder / "log").is_dir()


def make_registry(path: Path, *, shared: bool) -> Layout:
    """Create the registry that `find_place` finds for a path, and return its layout; an existing one stays as it is.

    Raises:
        UsageError: The path lies inside a registry, or a file is where a folder must be.
        RegError: The file system cannot give a file a second name, which every commit needs.
    """
    layout = Layout(find_place(path), shared)
    folder = layout.root.parent
    if layout.root.exists():
        files.flush_dir(folder)  # the process that made it may have died before that
        return layout
    files.make_dirs(folder)
    _remove_abandoned(folder)
    building = Layout(folder / f"{DIRECTORY}.{new_name()}", shared)
    try:
        _build(building)
        _probe_link(building)
        _name(building, layout)
    finally:
        files.remove_tree(building.root)
    files.flush_dir(folder)
    return layout


def _remove_abandoned(folder: Path) -> None:
    """Remove what a killed `init` left; folders of a process that may be running, or that we cannot remove, stay."""
    for path in folder.glob(f"{DIRECTORY}.*"):
        owner = find_owner(path.name)
        if owner and is_alive(owner, folder) is False:
            with suppress(OSError):
                files.remove_tree(path)


def _build(layout: Layout) -> None:
    shared = layout.shared
    for folder in (layout.root, *layout.folders):
        files.make_dir(folder, shared=shared)
    if not shared:  # whatever the umask is: the index is stored only where no other user can replace its file
        for folder in (layout.root, layout.cache):
            files.set_mode(folder, stat.S_IMODE(folder.stat().st_mode) & OWN_DIR)
    _make_fans(layout)
    _write(layout.format, dump_format(Format(new_ulid(), shared=shared)), shared=shared)
    _write(layout.config, CONFIG, shared=shared)
    _write(layout.ignore, IGNORE, shared=shared)
    _write(layout.turn, b"", shared=shared)
    make_reserve(layout)
    for folder in (layout.blobs, layout.records, layout.root):
        files.flush_dir(folder)


def _make_fans(layout: Layout) -> None:
    for parent in (layout.blobs, layout.records):
        for name in FANOUT:
            files.make_dir(parent / name, shared=layout.shared)


def _write(path: Path, data: bytes, *, shared: bool) -> None:
    with NewFile(path) as file:
        if shared:  # whatever the user's umask is, other users must be able to open the registry
            file.set_mode(0o664)
        file.write(data)
        file.flush()


def _probe_link(layout: Layout) -> None:
    probe = layout.tmp / "probe"
    try:
        files.link(layout.format, probe)
    except OSError as error:
        raise RegError(
            f"{layout.root.parent} lies on a file system without hard links: {error.strerror}; make the registry "
            "elsewhere, and name it with --registry or REG_DIR",
            hint="reg init --help",
        ) from None
    files.unlink(probe)


def _name(building: Layout, layout: Layout) -> None:
    try:
        files.rename(building.root, layout.root)
    except OSError:
        if not layout.root.is_dir():  # if it is one, another process was faster
            raise
