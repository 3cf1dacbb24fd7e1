"""A copy of the registry, or another one, from which good bytes may be fetched. It is not trusted.

Blobs and records are checked by their SHA-256, entries of the log by the chain that they must fit into. Nothing is ever
written there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, NoRegistryError, UsageError
from registry_cli.store import files
from registry_cli.store.format import Format, read_format
from registry_cli.store.layout import DIRECTORY, Layout
from registry_cli.store.log import Log

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another registry; `format` is None where its format file cannot be read."""

    layout: Layout
    format: Format | None
    log: Log


def open_sibling(path: Path, ours: Layout) -> Sibling:
    """Open the registry at `path`, the `.registry` folder or the one that holds it.

    Raises:
        NoRegistryError: There is no registry.
        UsageError: It is the registry that is to be mended.
        RefusedError: A newer program made it.
    """
    layout = Layout((path / DIRECTORY if (path / DIRECTORY).is_dir() else path).absolute())
    if not any(files.is_dir(folder) for folder in (layout.log, layout.blobs, layout.records)):
        raise NoRegistryError(f"{path} is no registry: name a {DIRECTORY} folder, or the folder that holds one")
    if layout.root.resolve() == ours.root.resolve():
        raise UsageError(f"{path} is the registry that is to be mended: name a copy of it")
    try:
        form = read_format(layout)
    except (CorruptError, NoRegistryError):
        form = None
    return Sibling(layout, form, Log(layout))
