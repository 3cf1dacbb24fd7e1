"""The one place that opens a registry: its ports are plugged in here, since gates and listeners must see each change.

Commands, scripts and runners open their registry here, and get further ones of the same kind from `Registry.reopen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.registry import api

if TYPE_CHECKING:
    from collections.abc import Set

    from registry_cli.ids import TaskId
    from registry_cli.registry.version import Versions


class Registry(api.Registry):
    """One registry, from `Registry.find()`, `Registry.open(path)` or `Registry.init(path)`."""

    def query(self, expr: str = "", **options: Any) -> Versions:
        """Return the versions that match a query as a list, newest first; see `reg help query`.

        Args:
            expr: A query, such as `metrics.acc > 0.9 and tag:prod`.
            **options: `sort`, a text such as `-metrics.acc,created`; `limit`, a number; `per`, `task` or `name`, which
                keeps the first version of each; `project`, `name`, `tag`, `framework`, `meta` and `metric`, tuples of
                what the options of `reg model query` take; `published`, `archived`, `include_archived` and `removed`,
                True or False.

        Returns:
            A list of `Version`, which a notebook shows as a table.

        Raises:
            UsageError: The query cannot be parsed, and the message shows where; or an option does not exist.
        """
        from registry_cli.registry.query import find_versions
        from registry_cli.registry.version import Version, Versions

        return Versions(Version(self, row) for row in find_versions(self, expr, **options))

    def record_crashes(self) -> Set[TaskId]:
        """Write the ends of attempts whose runner is dead; return the tasks that run in the log alone."""
        from registry_cli.tasks.crashes import record_crashes

        return record_crashes(self)
