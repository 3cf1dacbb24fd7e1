"""Retention while a task runs: of the versions that automatic logging made, those stay that a rule keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.registry.prune import prune_among
from registry_cli.registry.retention import parse_keep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry


def keep_some(registry: Registry, made: Sequence[VersionRow], keep: str) -> list[VersionRow]:
    """Remove those of some versions that no rule keeps, and return the rest.

    Args:
        registry: Where.
        made: What one task's automatic logging made and what is not removed.
        keep: The rules, which count over these versions alone, per model.

    Raises:
        UsageError: The rules cannot be read.
        RegError: The registry refuses it.
    """
    gone = prune_among(registry, [row.id for row in made], parse_keep(keep), message=f"keep {keep}")
    return [row for row in made if row.id not in {row.id for row in gone}]
