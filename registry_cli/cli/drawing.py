"""Tables on a terminal, drawn by Rich: nothing is wrapped, what does not fit is left out and said.

Imported only where standard output is a terminal or a picture is wanted; knows no command.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from registry_cli.cli.cells import escape, format_short, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

_WIDEST: Final = 40
"""Cells after the first column are cut beyond this many terminal columns."""
_GAP: Final = 2


def open_console() -> Console:
    """Return a console on standard output; it honours NO_COLOR, FORCE_COLOR and COLUMNS."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def draw_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, fixed: bool) -> None:
    """Draw a table.

    Args:
        rows: One mapping a row.
        columns: Dotted paths; the heading is all after the first dot.
        fixed: Whether the user chose the columns; else those on the right are left out where they do not fit.
    """
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    values = {path: [lookup(row, path) for row in rows] for path in columns}
    cells = {path: [format_short(value, path) for value in found] for path, found in values.items()}
    shown = list(columns) if fixed else _fitting(cells, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for path in shown:
        number = all(isinstance(value, (int, float)) or value is None for value in values[path])
        table.add_column(
            heading(path),
            no_wrap=True,
            justify="right" if number else "left",
            overflow="ellipsis",
            max_width=None if path == shown[0] else _WIDEST,
        )
    for line in zip(*(cells[path] for path in shown), strict=True):
        table.add_row(*map(Text, line))
    console.print(table)
    if len(shown) < len(columns):
        sys.stderr.write(f"not shown at this width: {', '.join(columns[len(shown) :])}\n")


def heading(path: str) -> str:
    """Return what stands above a column: `acc` for `metrics.acc`."""
    return escape(path.partition(".")[2] or path)


def _fitting(cells: Mapping[str, Sequence[str]], width: int) -> list[str]:
    from rich.cells import cell_len

    shown: list[str] = []
    used = -_GAP
    for path, column in cells.items():
        widest = max(cell_len(heading(path)), *map(cell_len, column))
        used += _GAP + (min(widest, _WIDEST) if shown else widest)
        if shown and used > width:
            break
        shown.append(path)
    return shown
