"""What our threads need, imported before they begin.

A child that is forked while a thread imports a module gets it half made and locked: to import it there takes for ever.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from registry_cli.errors import RegError

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry


def load_ahead(registry: Registry) -> None:
    """Import what adding a version takes and what this process may not have needed yet."""
    import tomli_w  # noqa: F401
    import xxhash  # noqa: F401

    import registry_cli.catalog.fold.replay
    import registry_cli.registry.prune
    import registry_cli.registry.retention
    import registry_cli.tasks.task_versions  # noqa: F401

    with suppress(RegError, OSError):  # the thread will say so
        _ = registry.author  # and what reads settings
