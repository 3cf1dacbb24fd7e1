"""Prints a lineage as a tree, in colour on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.cli.drawing import open_console, shorten_middle
from registry_cli.pictures.tree import Line, format_line, iter_lines, list_marks
from registry_cli.views.text import escape

if TYPE_CHECKING:
    from rich.text import Text

    from registry_cli.cli.output import Output
    from registry_cli.registry.lineage import Lineage


_SHORTEST: Final = 16
"""Fewest terminal columns of an address that is shortened."""


def print_tree(output: Output, lineage: Lineage) -> None:
    """Print a lineage as a tree, in colour on a terminal."""
    if not output.drawn:
        for line in iter_lines(lineage):
            output.text(format_line(line))
        return
    from rich.cells import cell_len

    console = open_console()
    for line in iter_lines(lineage):
        text = draw_line(line)
        if line.version is not None and text.cell_len > console.width:
            room = cell_len(line.version.ref) - (text.cell_len - console.width)
            text = draw_line(line, max(room, _SHORTEST))
        console.print(text, no_wrap=True, overflow="ellipsis")


def draw_line(line: Line, room: int | None = None) -> Text:
    """Return a line as styled text; `archived` and `removed` are also written as words.

    Args:
        line: The line.
        room: Most terminal columns for the address of its version, which is shortened in the middle.
    """
    from rich.text import Text

    text = Text(line.guide, "dim")
    if line.version is None:
        return text.append(line.text, "not dim bold").append(line.note, "dim")
    if line.text:
        text.append(f"{escape(line.text)} ", "not dim cyan")
    hidden = line.version.removed or line.version.archived
    ref = escape(line.version.ref)
    text.append(ref if room is None else shorten_middle(ref, room), "dim" if hidden else "not dim bold")
    for mark in list_marks(line.version):
        style = {"removed": "red", "archived": "yellow", "published": "green"}.get(mark, "")
        text.append(f" {escape(mark)}", f"not dim {style}" if style or mark.startswith("@") else "dim")
    return text.append(f" {escape(line.note)}" if line.note else "", "dim")
