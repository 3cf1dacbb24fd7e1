"""Prints the tasks that a verb made or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.views.tasks import view_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.catalog.read.rows import TaskRow
    from registry_cli.cli.output import Output

CHANGED: Final = ("id", "name", "status")
"""Columns of the tasks that a verb changed; the id comes first, since names are not unique."""


def print_tasks(output: Output, rows: Iterable[TaskRow]) -> None:
    """Print the tasks that a verb made or changed: `id<TAB>name<TAB>status` a line, `-q` the ids.

    A person also sees which of them are archived or removed now.
    """
    views = view_tasks(rows)
    states = [state for state in ("archived", "removed") if output.drawn and any(view[state] for view in views)]
    output.rows(views, (*CHANGED, *states), empty="nothing to do")
