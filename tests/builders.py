"""What most tests start from: a registry, files, and versions in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.ids import parse_model_name
from registry_cli.opening import Registry
from registry_cli.registry.add import Added, add_files
from registry_cli.registry.draft import Draft


def make_registry(folder: Path) -> Registry:
    """Return a new registry in `folder`; close it, or use it as a context."""
    return Registry.init(folder)


def write(path: Path, data: bytes = b"weights") -> Path:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def add_path(registry: Registry, name: str, *paths: Path, **given: Any) -> Added:
    """Add files; `given` are fields of the draft and options of `add_files`."""
    options = {key: given.pop(key) for key in ("mode", "follow", "message", "allow_same") if key in given}
    return add_files(registry, Draft(parse_model_name(name), **given), list(paths), **options)


def add(
    registry: Registry, name: str, data: bytes = b"weights", *, filename: str = "m.bin", **given: Any
) -> VersionRow:
    """Add one file of these bytes as a version, the same as the newest or not."""
    path = write(registry.path.parent / "sources" / filename, data)
    return add_path(registry, name, path, **{"allow_same": True, **given}).version
