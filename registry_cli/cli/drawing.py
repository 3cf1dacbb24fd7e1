"""Tables on a terminal, drawn by Rich: nothing is wrapped, what does not fit is left out and said.

Imported only where standard output is a terminal or a picture is wanted; knows no command.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from registry_cli.cli.cells import escape, format_short, lookup

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rich.console import Console

_WIDEST: Final = 40
"""Cells after the first column are cut beyond this many terminal columns."""
_NARROWEST: Final = 16
"""The last column, if it is text, is cut down to this before it is left out."""
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
    numbers = {path for path, found in values.items() if all(_is_number(value) for value in found)}
    widths = dict.fromkeys(columns, _WIDEST) if fixed else _fitting(cells, numbers, console.width)
    shown = list(columns) if fixed else list(widths)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for path in shown:
        table.add_column(
            heading(path),
            no_wrap=True,
            justify="right" if path in numbers else "left",
            overflow="ellipsis",
            max_width=None if path == shown[0] else widths[path],
        )
    for line in zip(*(cells[path] for path in shown), strict=True):
        table.add_row(*map(Text, line))
    console.print(table)
    if len(shown) < len(columns):
        sys.stderr.write(f"not shown at this width: {', '.join(columns[len(shown) :])}\n")


def heading(path: str) -> str:
    """Return what stands above a column: `acc` for `metrics.acc`."""
    return escape(path.partition(".")[2] or path)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or value is None


def _fitting(cells: Mapping[str, Sequence[str]], numbers: Collection[str], width: int) -> dict[str, int]:
    """Return the columns that fit, each with its greatest width."""
    from rich.cells import cell_len

    shown: dict[str, int] = {}
    used = -_GAP
    for path, column in cells.items():
        widest = max(cell_len(heading(path)), *map(cell_len, column))
        wanted = min(widest, _WIDEST) if shown else widest
        room = min(width - used - _GAP, wanted)
        last = len(shown) == len(cells) - 1 and path not in numbers
        if shown and room < wanted and not (last and room >= _NARROWEST):
            break
        shown[path] = room
        used += _GAP + wanted
    return shown
