"""The one place that opens a registry: whatever must see each change, as a gate or a listener, is plugged in here.

Commands, scripts and runners get theirs here, and others of it by `Registry.reopen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.registry import api

if TYPE_CHECKING:
    from registry_cli.registry.version import Version


class Registry(api.Registry):
    """One registry.

    Get one by `Registry.find()`, `Registry.open(path)` or `Registry.init(path)`.
    """

    def query(self, expr: str = "", **options: Any) -> list[Version]:
        """Return the versions for which a query holds, newest first; see `reg help query`.

        Args:
            expr: Such as `metrics.acc > 0.9 and tag:prod`.
            **options: `sort`, `limit`, `per`, `include_archived`, `columns` and the narrowing flags of
                `registry.query.find_versions`.

        Raises:
            UsageError: The query cannot be read; the message shows where.
        """
        from registry_cli.registry.query import find_versions
        from registry_cli.registry.version import Version

        return [Version(self, row) for row in find_versions(self, expr, **options)]
