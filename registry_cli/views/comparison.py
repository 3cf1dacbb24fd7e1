"""Comparisons of versions and of tasks as plain data: one row per field, with the value of each thing compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry_cli.views.tasks import view_tasks
from registry_cli.views.text import escape, format_exact
from registry_cli.views.versions import view_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from registry_cli.registry.compare import Compared, Comparison
    from registry_cli.tasks.compare import TaskComparison
    from registry_cli.views.versions import View


def format_lines(rows: Iterable[Compared]) -> Iterator[str]:
    """Yield a line a field, tab-separated: its name, then the value of each; files and designs as digests."""
    for name, *values in list_cells(rows):
        yield "\t".join([escape(str(name)), *map(format_exact, values)])


def list_cells(rows: Iterable[Compared]) -> list[list[object]]:
    """Return the full name and the values of each field, and those that are sealed; files and designs as digests."""
    cells: list[list[object]] = []
    for row in rows:
        cells.append([name_field(row), *map(_digest_or, row.values)])
        if row.sealed:
            cells.append([f"sealed.{name_field(row)}", *map(row.sealed.get, range(len(row.values)))])
    return cells


def view_fields(rows: Iterable[Compared]) -> list[dict[str, Any]]:
    """Return compared fields as JSON has them."""
    return [
        {
            "field": name_field(row),
            "group": row.group,
            "same": row.same,
            "values": list(row.values),
            "deltas": list(row.deltas),
            "best": list(row.best),
        }
        for row in rows
    ]


def comparison_table(shown: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
    return {
        "versions": [
            {**view, "sealed": sealed} for view, sealed in zip(view_versions(shown.versions), shown.sealed, strict=True)
        ],
        "differs": shown.differs,
        "fields": view_fields(shown.rows),
        "designs": list(shown.designs),
    }


def name_field(row: Compared) -> str:
    """Return the full name of a compared field."""
    return row.key if row.group in {"fields", "design"} else f"{row.group}.{row.key}"


def _digest_or(value: object) -> object:
    return value.get("sha256") or value.get("url") if isinstance(value, Mapping) and "size" in value else value


def view_task_comparison(shown: TaskComparison, fields: Sequence[View]) -> View:
    """Return a comparison of tasks as JSON has it; `fields` are its rows as `view_fields` gives them."""
    return {"tasks": view_tasks(shown.tasks), "differs": shown.differs, "fields": fields}
