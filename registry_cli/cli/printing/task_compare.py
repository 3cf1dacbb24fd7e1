"""Prints a comparison of tasks: as a table on a terminal, as lines, as CSV and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.cli.drawing import open_console
from registry_cli.cli.printing.compare import About, draw_side_by_side, print_cells
from registry_cli.views.comparison import format_lines, view_fields, view_task_comparison
from registry_cli.views.text import escape, format_duration, format_short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.cli.output import Output
    from registry_cli.tasks.compare import TaskComparison

_SHORT_ID: Final = 12


def print_task_comparison(output: Output, shown: TaskComparison) -> None:
    """Print a comparison: a table on a terminal, tab-separated lines in a pipe, CSV or JSON when asked for."""
    if output.mode == "json":
        output.record(view_task_comparison(shown, view_fields(shown.rows)))
    elif output.mode == "csv":
        print_cells(output, shown.rows, [row.id for row in shown.tasks])
    elif not shown.rows:
        output.note("no differences")
    elif output.drawn:
        width = open_console().width
        for picture in draw_side_by_side(shown.rows, _titles(shown.tasks), "", _about(shown.tasks), width):
            output.draw(picture)
    else:
        output.text("\n".join(format_lines(shown.rows)))


def _titles(tasks: Sequence[TaskRow]) -> list[str]:
    names = [row.name for row in tasks]
    return [row.name if names.count(row.name) == 1 else row.id[:_SHORT_ID] for row in tasks]


def _about(tasks: Sequence[TaskRow]) -> list[About]:
    """Return the facts that identify tasks and are no differences."""
    return [
        ("name", [escape(row.name) if escape(row.name) != title else "" for row, title in
                  zip(tasks, _titles(tasks), strict=True)]),
        ("started", [format_short(row.started) for row in tasks]),
        ("duration", [format_duration(row.duration) if row.duration is not None else "" for row in tasks]),
        ("author", [escape(row.author) for row in tasks]),
        ("comment", [escape(row.comment or "") for row in tasks]),
    ]  # fmt: skip
