"""The one place that opens a registry: gates and listeners, which must see each change, are plugged in here.

Commands, scripts and runners open their registry here, and get further ones of the same kind from `Registry.reopen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.registry import api

if TYPE_CHECKING:
    from registry_cli.registry.version import Versions


class Registry(api.Registry):
    """One registry, from `Registry.find()`, `Registry.open(path)` or `Registry.init(path)`."""

    def query(self, expr: str = "", **options: Any) -> Versions:
        """Return the versions that match a query as a list, newest first; see `reg help query`.

        Args:
            expr: A query, such as `metrics.acc > 0.9 and tag:prod`.
            **options: `sort`, `limit`, `per`, `include_archived`, `columns` and the narrowing flags of
                `registry.query.find_versions`.

        Raises:
            UsageError: The query cannot be parsed; the message shows where.
        """
        from registry_cli.registry.query import find_versions
        from registry_cli.registry.version import Version, Versions

        return Versions(Version(self, row) for row in find_versions(self, expr, **options))
