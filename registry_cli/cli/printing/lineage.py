"""Prints a lineage as a tree, in colour on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.cli.drawing import open_console
from registry_cli.pictures.tree import Line, format_line, iter_lines, list_marks
from registry_cli.views.text import escape

if TYPE_CHECKING:
    from rich.text import Text

    from registry_cli.cli.output import Output
    from registry_cli.registry.lineage import Lineage


def print_tree(output: Output, lineage: Lineage) -> None:
    """Print a lineage as a tree, in colour on a terminal."""
    if not output.drawn:
        for line in iter_lines(lineage):
            output.text(format_line(line))
        return
    console = open_console()
    for line in iter_lines(lineage):
        console.print(draw_line(line), no_wrap=True, overflow="ellipsis")


def draw_line(line: Line) -> Text:
    """Return a line as styled text; `archived` and `removed` are also written as words."""
    from rich.text import Text

    text = Text(line.guide, "dim")
    if line.version is None:
        return text.append(line.text, "not dim bold").append(line.note, "dim")
    if line.text:
        text.append(f"{escape(line.text)} ", "not dim cyan")
    hidden = line.version.removed or line.version.archived
    text.append(escape(line.version.ref), "dim" if hidden else "not dim bold")
    for mark in list_marks(line.version):
        style = {"removed": "red", "archived": "yellow", "published": "green"}.get(mark, "")
        text.append(f" {escape(mark)}", f"not dim {style}" if style or mark.startswith("@") else "dim")
    return text.append(f" {escape(line.note)}" if line.note else "", "dim")
