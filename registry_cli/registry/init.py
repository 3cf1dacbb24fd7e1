"""Makes a registry: built beside its place, made durable, then named, so that there is a whole one or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.ids import new_ulid
from registry_cli.store import files
from registry_cli.store.files import NewFile
from registry_cli.store.format import Format, dump_format
from registry_cli.store.layout import DIRECTORY, FANOUT, Layout

if TYPE_CHECKING:
    from pathlib import Path


def make_registry(folder: Path, *, shared: bool) -> Layout:
    """Make `folder/.registry` and return its layout; one that is there already stays as it is.

    Raises:
        RegError: The file system cannot give a file a second name, on which every commit rests.
    """
    layout = Layout(folder / DIRECTORY, shared)
    if layout.root.exists():
        files.flush_dir(folder)  # who made it may have died before that
        return layout
    files.make_dirs(folder)
    building = Layout(folder / f"{DIRECTORY}.{new_ulid()}", shared)
    try:
        _build(building)
        _probe_link(building)
        files.rename(building.root, layout.root)
    except FileExistsError:  # another process was faster
        pass
    finally:
        files.remove_tree(building.root)
    files.flush_dir(folder)
    return layout


def _build(layout: Layout) -> None:
    shared = layout.shared
    tops = (
        layout.blobs,
        layout.records,
        layout.log,
        layout.views,
        layout.tmp,
        layout.trash,
        layout.hooks,
        layout.cache,
    )
    for folder in (layout.root, *tops):
        files.make_dir(folder, shared=shared)
    for parent in (layout.blobs, layout.records):
        for name in FANOUT:
            files.make_dir(parent / name, shared=shared)
    _write(layout.format, dump_format(Format(new_ulid(), shared=shared)))
    _write(layout.config, b"# settings of this copy: reg config list\n")
    _write(layout.root / ".gitignore", b"*\n")
    _write(layout.turn, b"")
    for folder in (layout.blobs, layout.records, layout.root):
        files.flush_dir(folder)


def _write(path: Path, data: bytes) -> None:
    file = NewFile(path)
    file.write(data)
    file.flush()
    file.close()


def _probe_link(layout: Layout) -> None:
    probe = layout.tmp / "probe"
    try:
        files.link(layout.format, probe)
    except OSError as error:
        raise RegError(
            f"{layout.root.parent} lies on a file system without hard links: {error.strerror}",
            hint="make the registry elsewhere and name it with --registry or REG_DIR",
        ) from None
    files.unlink(probe)
