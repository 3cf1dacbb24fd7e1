"""A lineage for programs that draw graphs: Graphviz DOT, Mermaid and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.dataclass import asdict, dataclass, field
from registry_cli.pictures.tree import ID, SHOWN, describe_task
from registry_cli.views.text import escape
from registry_cli.views.versions import view_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
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
    for name, start, end in _list_cut(lineage, names):
        lines += [f'  {name} [label="…", shape=plaintext];', f"  {start} -> {end} [style=dotted];"]
    sources = _list_sources(lineage, names)
    for source in sources.nodes:
        label = "\\n".join(_dot(line) for line in source.label)
        lines.append(f'  {source.name} [label="{label}", shape={"note" if source.data else "ellipse"}];')
    lines += [f'  {start} -> {end} [label="{_dot(role)}"];' for start, end, role in sources.edges]
    return "\n".join([*lines, "}"])


def format_mermaid(lineage: Lineage) -> str:
    """Return a lineage as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    names = {version: f"n{at}" for at, version in enumerate(lineage.nodes)}
    lines = ["flowchart LR"]
    for version, row in lineage.nodes.items():
        lines.append(f'  {names[version]}["{"<br/>".join(_mermaid(line) for line in _label(row))}"]')
    for edge in lineage.edges:
        lines.append(f'  {names[edge.parent]} -->|"{_mermaid(edge.role)}"| {names[edge.child]}')
    for name, start, end in _list_cut(lineage, names):
        lines += [f'  {name}["…"]', f"  {start} -.-> {end}"]
    sources = _list_sources(lineage, names)
    for source in sources.nodes:
        label = "<br/>".join(_mermaid(line) for line in source.label)
        lines.append(f'  {source.name}[("{label}")]' if source.data else f'  {source.name}(["{label}"])')
    lines += [f'  {start} -->|"{_mermaid(role)}"| {end}' for start, end, role in sources.edges]
    lines.append(f"  style {names[lineage.root]} stroke-width:3px")
    for version, row in lineage.nodes.items():
        if row.removed or row.archived:
            lines.append(f"  style {names[version]} stroke-dasharray:{'2 4' if row.removed else '6 4'}")
    return "\n".join(lines)


def lineage_table(lineage: Lineage) -> dict[str, Any]:
    """Return a lineage as plain data.

    `edges` connect versions; `links` lead from data and inputs to attempts at tasks, and from these to versions; `cut`
    has the versions with further ancestors (`up`) or descendants (`down`) that the depth leaves out.
    """
    tasks = lineage.tasks.values()
    data = {each.sha256: {"sha256": each.sha256, "size": each.size, "path": each.path}
            for task in tasks for each in task.data}  # fmt: skip
    links: list[dict[str, Any]] = [
        {"from": task.id, "to": row.id, "role": "task", "attempt": task.attempt}
        for row in lineage.nodes.values() if (task := lineage.find_task(row))
    ]  # fmt: skip
    for task in tasks:
        to = {"to": task.id, "attempt": task.attempt}
        links += [{"from": one.version, **to, "role": "input", "name": one.name} for one in task.inputs]
        links += [{"from": each.sha256, **to, "role": "data", "path": each.path} for each in task.data]
    return {
        "root": lineage.root,
        "nodes": view_versions(lineage.nodes.values()),
        "edges": [{"parent": edge.parent, "child": edge.child, "role": edge.role} for edge in lineage.edges],
        "tasks": [asdict(task) for task in tasks],
        "data": list(data.values()),
        "links": links,
        "cut": {way: [one for one in lineage.nodes if one in cut] for way, cut in lineage.cut.items()},
    }


@dataclass(frozen=True, slots=True)
class _Source:
    """A task, or a data file that a task read; `name` is the name of its node."""

    name: str
    label: list[str]
    data: bool = False


@dataclass(frozen=True, slots=True)
class _Sources:
    """The tasks and data files of a lineage as nodes; an edge has start, end and role."""

    nodes: list[_Source] = field(default_factory=list)
    edges: list[tuple[str, str, str]] = field(default_factory=list)


def _list_sources(lineage: Lineage, names: Mapping[VersionId, str]) -> _Sources:
    """Return the tasks of a lineage as nodes, each with its first data files; a file that several read is one node."""
    found, files = _Sources(), dict[str, str]()
    tasks = {task: f"t{at}" for at, task in enumerate(lineage.tasks.values())}
    for task, name in tasks.items():
        found.nodes.append(_Source(name, describe_task(task)))
        found.edges.extend((names[one.version], name, "input") for one in task.inputs if one.version in names)
        for data in task.data[:SHOWN]:
            if data.sha256 not in files:
                files[data.sha256] = f"d{len(files)}"
                found.nodes.append(_Source(files[data.sha256], [data.path, f"sha256 {data.sha256[:ID]}"], data=True))
            found.edges.append((files[data.sha256], name, "data"))
        if len(task.data) > SHOWN:
            found.nodes.append(_Source(f"{name}d", [f"+{len(task.data) - SHOWN:,} more"], data=True))
            found.edges.append((f"{name}d", name, "data"))
    found.edges.extend((tasks[made], names[row.id], "task") for row in lineage.nodes.values()
                       if (made := lineage.find_task(row)))  # fmt: skip
    return found


def _list_cut(lineage: Lineage, names: Mapping[VersionId, str]) -> list[tuple[str, str, str]]:
    """Return a node for what was left out beyond each version: its name, then start and end of its edge."""
    found = []
    for way, cut in lineage.cut.items():
        for version, name in names.items():
            if version in cut:
                more = f"{'u' if way == 'up' else 'd'}{name}"
                found.append((more, more, name) if way == "up" else (more, name, more))
    return found


def _label(row: VersionRow) -> list[str]:
    """Return the lines of a node: its address, then framework, aliases and states."""
    states = [state for state in ("published", "archived", "removed") if getattr(row, state)]
    more = " ".join([row.framework or "", *(f"@{alias}" for alias in row.aliases), *states]).strip()
    return [row.ref, *([more] if more else [])]


def _dot(text: str) -> str:
    return escape(text).replace("\\", "\\\\").replace('"', '\\"')


def _mermaid(text: str) -> str:
    """Return `text` with each character that Mermaid or HTML could read as syntax as a numbered entity."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in escape(text))
