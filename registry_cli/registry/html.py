"""Tables and trees as HTML, for notebooks. All colours are the page's own, so that they fit a light and a dark page."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Final, TypeVar

from registry_cli.records.values import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Node = TypeVar("Node", bound=str)
_TABLE: Final = "border-collapse:collapse;color:inherit;background:transparent"
_CELL: Final = "border:1px solid;padding:0.2em 0.6em;text-align:left;vertical-align:top"


def format_table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, bold: bool = False) -> str:
    """Return a table.

    Args:
        heads: Titles of the columns; an empty list leaves them out.
        rows: The cells; None is empty.
        bold: Make rows bold whose last cell is True, and leave that cell out.
    """
    lines = [_row("th", heads)] if heads else []
    for row in rows:
        lines.append(_row("td", row[:-1], ";font-weight:bold" if row[-1] else "") if bold else _row("td", row))
    return f"<table style='{_TABLE}'>{''.join(lines)}</table>"


def format_tree(root: Node, below: Callable[[Node], Iterable[tuple[str, Node]]], label: Callable[[Node], str]) -> str:
    """Return the nodes below a root as nested lists; one that was shown before is not followed again.

    Args:
        root: The first node.
        below: Returns the role and the name of the nodes below one.
        label: Returns the text of a node.
    """
    seen = {root}

    def items(node: Node) -> str:
        lines = []
        for role, name in below(node):
            rest = "…" if name in seen else ""
            if not rest:
                seen.add(name)
                rest = items(name)
            lines.append(f"<li>{_text(label(name))} ({_text(role)}){rest}</li>")
        return f"<ul>{''.join(lines)}</ul>" if lines else ""

    return items(root)


def format_heading(text: str) -> str:
    """Return a heading."""
    return f"<strong>{_text(text)}</strong>"


def _row(kind: str, cells: Sequence[object], weight: str = "") -> str:
    inside = "".join(f"<{kind} style='{_CELL}{weight}'>{_text(cell)}</{kind}>" for cell in cells)
    return f"<tr>{inside}</tr>"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    return escape(str(value))
