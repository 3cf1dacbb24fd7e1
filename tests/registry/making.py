"""Small registries for tests: a version from a few bytes and what is said of it, added as a user would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.opening import Registry
from registry_cli.registry.add import add_files
from registry_cli.registry.draft import DesignSource, Draft


def add(
    registry: Registry,
    name: str,
    data: bytes = b"",
    *,
    file: str = "model.bin",
    tags: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    design: str | None = None,
    message: str | None = None,
    **given: Any,
) -> VersionRow:
    """Add a version of one file; `given` are fields of `Draft`, and without `data` its bytes are its own."""
    path = Path(file)
    versions = registry.index.db.execute("SELECT count(*) FROM versions").fetchone()[0]
    path.write_bytes(data or f"weights {versions}".encode())
    draft = Draft(
        name=parse_model_name(name),
        tags=tuple(map(parse_tag, tags)),
        aliases=tuple(map(parse_alias, aliases)),
        design=DesignSource(design.encode(), "application/json") if design is not None else None,
        **given,
    )
    return add_files(registry, draft, [path], message=message, allow_same=True).version


def add_metrics(registry: Registry, name: str, *metrics: Mapping[str, float]) -> list[VersionRow]:
    """Add a version for each of `metrics`."""
    return [add(registry, name, metrics=one) for one in metrics]
