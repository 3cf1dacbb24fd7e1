"""Mends what is derived by taking it away: an index and views are made anew at their next use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.store import files
from registry_cli.store.views import STAMPS

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout


def remove_view(layout: Layout, path: Path) -> None:
    """Remove the view that `path` is part of, with its stamps."""
    version = path.relative_to(layout.views).parts[0].removesuffix(STAMPS)
    folder = layout.views / version
    files.unlink(folder.with_name(version + STAMPS))
    if files.is_dir(folder):
        files.remove_tree(folder)
    else:
        files.unlink(folder)
