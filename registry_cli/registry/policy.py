"""What the registry's own settings say of keeping: how long unused bytes stay, and which versions a pruning spares.

Knows not who obeys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry_cli.catalog.query.literals import parse_duration
from registry_cli.catalog.read import versions
from registry_cli.registry.retention import parse_keep
from registry_cli.registry.settings import find_shared

if TYPE_CHECKING:
    import sqlite3

    from registry_cli.registry.retention import Rule


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings `retention.keep`, `gc.grace` and `gc.trash`.

    Attributes:
        keep: What a pruning keeps of each model; None where nothing says.
        grace: Seconds that unused bytes stay in use.
        trash: Seconds that they then stay in the trash.
    """

    keep: tuple[Rule, ...] | None
    grace: float
    trash: float


def read_policy(db: sqlite3.Connection) -> Policy:
    """Return what the registry's settings say; a value that makes no sense counts as not set."""
    saved = versions.read_settings(db)
    keep, grace, trash = (find_shared(name, saved).value for name in ("retention.keep", "gc.grace", "gc.trash"))
    assert grace is not None, "it has a default"
    assert trash is not None, "it has a default"
    return Policy(parse_keep(keep) if keep else None, parse_duration(grace), parse_duration(trash))
