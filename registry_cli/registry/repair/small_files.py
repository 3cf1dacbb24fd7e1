"""Mends the parts of a registry that hold no data: its folders, the settings of this copy, and small files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import RegError
from registry_cli.registry.init import CONFIG, IGNORE
from registry_cli.registry.repair.put_back import put_away, put_file
from registry_cli.registry.settings import check_value, get_key
from registry_cli.store import files
from registry_cli.store.config import dump_settings, read_settings
from registry_cli.store.layout import FANOUT
from registry_cli.store.views import STAMPS

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout


def make_folders(layout: Layout) -> None:
    """Create the missing folders, as git stores no empty ones; a file in their place goes to the trash."""
    fans = [parent / name for parent in (layout.blobs, layout.records) for name in FANOUT]
    for folder in [layout.trash, *layout.folders, *fans]:
        if files.is_dir(folder):
            continue
        if files.exists(folder):
            put_away(layout, folder)
        files.make_dirs(folder, shared=layout.shared, inside=True)


def mend_place(layout: Layout, path: Path) -> str:
    """Recreate a small file or a folder, or move any other entry to the trash; return words for what was done."""
    if path in layout.folders:
        make_folders(layout)
    elif path == layout.ignore:
        put_file(layout, path, IGNORE + _read(path))
    elif path == layout.turn:
        put_file(layout, path, b"")
    else:
        put_away(layout, path)
        return "moved to the trash"
    return "made again"


def mend_config(layout: Layout) -> str:
    """Rewrite the settings of this copy as far as they can be read; return words for what was done."""
    try:
        settings = {name: value for name, value in read_settings(layout.config).items() if _is_legal(name, value)}
    except (RegError, OSError):
        settings = {}
    put_file(layout, layout.config, dump_settings(settings) if settings else CONFIG)
    kept = "the other settings are kept" if settings else "all settings are the defaults"
    return f"made again: {kept}, the old file is in the trash"


def _is_legal(name: str, value: str) -> bool:
    try:
        check_value(name, get_key(name), value)
    except RegError:
        return False
    return get_key(name).scope == "copy"


def _read(path: Path) -> bytes:
    try:
        return files.read_small(path)
    except (OSError, RegError):
        return b""


def remove_view(layout: Layout, path: Path) -> None:
    """Remove the view that `path` is part of, with its stamps."""
    version = path.relative_to(layout.views).parts[0].removesuffix(STAMPS)
    folder = layout.views / version
    files.unlink(folder.with_name(version + STAMPS))
    if files.is_dir(folder):
        files.remove_tree(folder)
    else:
        files.unlink(folder)
