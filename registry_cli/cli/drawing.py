"""Draws tables on a terminal with Rich: nothing is wrapped, and columns that do not fit are left out and named.

Names and addresses are shortened in the middle, as their ends tell versions apart, and make room for other columns.

Imported only where standard output is a terminal or a picture is wanted; knows no command.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from registry_cli.cli.pager import write_note
from registry_cli.views.text import escape, format_short, lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rich.console import Console

_WIDEST: Final = 40
"""Cells after the first column are cut beyond this many terminal columns."""
_NARROWEST: Final = 16
"""An answer, and the last column if it is text, are cut to no less than this; below it the column is left out."""
_NAMES: Final = frozenset({"ref", "name", "from", "to"})
"""Columns of names and addresses."""
_SHORTEST: Final = 24
"""Names are shortened to no less than this to make room for other columns."""
_ANSWERS: Final = frozenset({"what", "why"})
"""Columns of text that say what the user asks for: rather cut than left out."""
_GAP: Final = 2
STATUSES: Final = {
    "draft": "cyan",
    "running": "bold blue",
    "completed": "green",
    "failed": "red",
    "crashed": "bold red",
    "cancelled": "yellow",
}
"""Colours of the statuses of a task."""


def open_console() -> Console:
    """Return a console on standard output; it honours NO_COLOR, FORCE_COLOR and COLUMNS."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def draw_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, fixed: bool) -> None:
    """Draw a table.

    Args:
        rows: One mapping a row.
        columns: Dotted paths; the heading is the part after the first dot.
        fixed: True where the user chose the columns; else those on the right are left out where they do not fit.
    """
    console = open_console()
    values = {path: [lookup(row, path) for row in rows] for path in columns}
    cells = {path: [format_short(value, path) for value in found] for path, found in values.items()}
    numbers = {path for path, found in values.items() if all(_is_number(value) for value in found)}
    widths = _squeezed(cells, console.width) if fixed else _fitting(cells, numbers, console.width)
    shown = list(columns) if fixed else list(widths)
    paint = _painter(console)
    lines = [[heading(path) for path in shown], *map(list, zip(*(cells[path] for path in shown), strict=True))]
    for at, line in enumerate(lines):
        texts = [_set(cell, widths[path], path, right=path in numbers) for path, cell in zip(shown, line, strict=True)]
        texts[-1] = texts[-1].rstrip()
        styles = [_style(path, cell) if at else "bold" for path, cell in zip(shown, line, strict=True)]
        sys.stdout.write((" " * _GAP).join(map(paint, texts, styles)).rstrip() + "\n")
    if len(shown) < len(columns):
        write_note(f"not shown at this width: {', '.join(columns[len(shown) :])}\n")


def heading(path: str) -> str:
    """Return the heading of a column: `acc` for `metrics.acc`."""
    return escape(path.partition(".")[2] or path)


def _style(path: str, cell: str) -> str:
    return STATUSES.get(cell, "") if path == "status" else ""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or value is None


def _painter(console: Console) -> Callable[[str, str], str]:
    """Return a function that styles text where the terminal has colours; Rich's own tables take 0.5 ms a row."""
    from rich.color import ColorSystem
    from rich.style import Style

    system = ColorSystem.STANDARD if console.color_system else None

    def paint(text: str, style: str) -> str:
        if not style or system is None:
            return text
        known = Style.parse(style)
        return (known.without_color if console.no_color else known).render(text, color_system=system)

    return paint


def shorten_middle(text: str, width: int) -> str:
    """Return text in at most `width` terminal columns, its middle replaced by `…` where it is longer."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    end = text[-width:]
    while cell_len(end) > width // 2:
        end = end[1:]
    return f"{set_cell_size(text, width - 1 - cell_len(end))}…{end}"


def _set(cell: str, width: int, path: str, *, right: bool) -> str:
    """Return a cell cut or padded to the width of its column."""
    from rich.cells import cell_len, set_cell_size

    wide = cell_len(cell)
    if wide > width and path in _NAMES:
        return shorten_middle(cell, width)
    if wide > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - wide) + cell if right else cell + " " * (width - wide)


def _squeezed(cells: Mapping[str, Sequence[str]], width: int) -> dict[str, int]:
    """Return all columns with their widths; the widest are cut until all fit."""
    widths = {path: min(_widest(path, column), _WIDEST) for path, column in cells.items()}
    first = next(iter(cells))
    widths[first] = min(_widest(first, cells[first]), width)
    spare = width - _GAP * (len(widths) - 1)
    while sum(widths.values()) > max(spare, len(widths)):
        widths[max(widths, key=lambda path: widths[path])] -= 1
    return widths


def _fitting(cells: Mapping[str, Sequence[str]], numbers: Collection[str], width: int) -> dict[str, int]:
    """Return the columns that fit, each with its width; names are shortened before a column is left out."""
    first, last = next(iter(cells)), list(cells)[-1]
    wanted = {path: min(_widest(path, column), width if path == first else _WIDEST) for path, column in cells.items()}
    shown: dict[str, int] = {}
    used = -_GAP
    for path, most in wanted.items():
        least = min(most, _SHORTEST) if path in _NAMES else most
        room = min(width - used - _GAP, least)
        may_be_cut = path in _ANSWERS or (path == last and path not in numbers)
        if shown and room < least and not (may_be_cut and room >= _NARROWEST):
            break
        shown[path] = room
        used += _GAP + room
    for path in filter(_NAMES.__contains__, shown):
        grown = min(wanted[path], shown[path] + width - used)
        used += grown - shown[path]
        shown[path] = grown
    return shown


def _widest(path: str, column: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(cell_len(heading(path)), *map(cell_len, column))
