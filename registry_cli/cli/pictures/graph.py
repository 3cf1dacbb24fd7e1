"""A lineage for programs that draw graphs: Graphviz DOT, Mermaid and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.cli.cells import escape
from registry_cli.cli.views import view_versions

if TYPE_CHECKING:
    from registry_cli.catalog.rows import VersionRow
    from registry_cli.registry.lineage import Lineage

_PLAIN: Final = frozenset(" ._-/:@,()+")


def format_dot(lineage: Lineage) -> str:
    """Return a lineage in Graphviz's language (https://graphviz.org/doc/info/lang.html)."""
    names = {version: f"n{at}" for at, version in enumerate(lineage.nodes)}
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    for version, row in lineage.nodes.items():
        style = ", style=dotted" if row.removed else ", style=dashed" if row.archived else ""
        width = ", penwidth=2" if version == lineage.root else ""
        label = "\\n".join(_dot(line) for line in _label(row))
        lines.append(f'  {names[version]} [label="{label}"{style}{width}];')
    for edge in lineage.edges:
        lines.append(f'  {names[edge.parent]} -> {names[edge.child]} [label="{_dot(edge.role)}"];')
    return "\n".join([*lines, "}"])


def format_mermaid(lineage: Lineage) -> str:
    """Return a lineage as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    names = {version: f"n{at}" for at, version in enumerate(lineage.nodes)}
    lines = ["flowchart LR"]
    for version, row in lineage.nodes.items():
        lines.append(f'  {names[version]}["{"<br/>".join(_mermaid(line) for line in _label(row))}"]')
    for edge in lineage.edges:
        lines.append(f'  {names[edge.parent]} -->|"{_mermaid(edge.role)}"| {names[edge.child]}')
    lines.append(f"  style {names[lineage.root]} stroke-width:3px")
    for version, row in lineage.nodes.items():
        if row.removed or row.archived:
            lines.append(f"  style {names[version]} stroke-dasharray:{'2 4' if row.removed else '6 4'}")
    return "\n".join(lines)


def lineage_table(lineage: Lineage) -> dict[str, Any]:
    """Return a lineage as JSON has it."""
    return {
        "root": lineage.root,
        "nodes": view_versions(lineage.nodes.values()),
        "edges": [{"parent": edge.parent, "child": edge.child, "role": edge.role} for edge in lineage.edges],
    }


def _label(row: VersionRow) -> list[str]:
    """Return the lines of a node: its address, then what tells it from others."""
    states = [state for state in ("published", "archived", "removed") if getattr(row, state)]
    more = " ".join([row.framework or "", *(f"@{alias}" for alias in row.aliases), *states]).strip()
    return [row.ref, *([more] if more else [])]


def _dot(text: str) -> str:
    return escape(text).replace("\\", "\\\\").replace('"', '\\"')


def _mermaid(text: str) -> str:
    """Return `text` with all that Mermaid or HTML could read as syntax as a numbered entity."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in escape(text))
