"""Draws one version or registry on a terminal: a heading, then groups of facts, each group's name on its left.

Takes views, knows no store. Imported only to draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.records.values import flatten
from registry_cli.views.text import escape, format_sealed, format_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType
    from rich.table import Table

_LINES: Final = 8
"""Most lines of a design that are shown."""
_WIDEST: Final = 100
"""Most characters of one of them."""
_FILES: Final = 12
_STATES: Final = {"draft": "cyan", "published": "bold green", "archived": "yellow", "removed": "red"}


def draw_version(version: Mapping[str, Any]) -> RenderableType:
    """Return a version as a picture."""
    from rich.console import Group
    from rich.text import Text

    heading = Text.assemble(
        (escape(version["ref"]), "bold"),
        *((f"  @{escape(alias)}", "magenta") for alias in version["aliases"]),
        *((f"  #{escape(tag)}", "blue") for tag in version["tags"]),
    )
    facts = [escape(version["framework"] or "unknown framework"), format_short(version["size"], "size")]
    if version["step"] is not None:
        facts.append(f"step {version['step']:,}")
    facts.append(f"{format_short(version['created'])} by {escape(version['author'])}")
    line = Text(" · ").join([_state(version), *map(Text, facts)])
    return Group(heading, Text(version["id"], "dim"), line, Text(), draw_groups(_groups(version)))


def draw_status(status: Mapping[str, Any]) -> RenderableType:
    """Return the state of a registry as a picture."""
    head = status["head"]
    last = f"entry {head['seq']:,}, {format_short(head['time'])}, {escape(head['entry'])}" if head["entry"] else "empty"
    counted = {key: status[key] for key in ("models", "versions", "published", "archived") if status[key]}
    counts = [f"{count:,} {key.removesuffix('s') if count == 1 else key}" for key, count in counted.items()]
    size = format_short(status["size"], "size")
    counts.append(f"{size}, {format_short(status['here'], 'size')} of it here" if "here" in status else size)
    rows = {
        "registry": escape(status["path"]),
        "id": status["id"],
        "holds": ", ".join(counts) if counted else "nothing yet",
        "log": last + (f", {status['void']:,} entries without effect" if status["void"] else ""),
        **({"lost": _lost(status["lost"])} if status["lost"] else {}),
        "index": escape(status["index"] or "in memory"),
        "writable": "yes, as " + escape(status["author"]) if status["writable"] else escape(status["refusal"]),
    }
    return draw_groups({name: [[text]] for name, text in rows.items()})


def _lost(number: int) -> str:
    return f"{number:,} file{'s' if number > 1 else ''} of this copy"


def draw_groups(groups: Mapping[str, Sequence[Sequence[str]]]) -> Table:
    """Return groups of rows, each group under its name on the left, its columns aligned; empty groups are left out."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, rows in groups.items():
        if rows:
            inner = Table.grid(padding=(0, 2, 0, 0))
            for row in rows:
                inner.add_row(*(Text(cell, overflow="fold") for cell in row))
            grid.add_row(Text(name), inner)
    return grid


def _state(version: Mapping[str, Any]) -> Any:
    from rich.text import Text

    states = [state for state in ("published", "archived", "removed") if version[state]] or ["draft"]
    return Text(" · ").join(Text(state, _STATES[state]) for state in states)


def _groups(version: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    return {
        "comment": [[escape(line)] for line in (version["comment"] or "").splitlines()],
        "metrics": _metrics(version["metrics"], (version["sealed"] or {}).get("metrics", {})),
        "params": list_pairs(version["params"]),
        "metadata": list_pairs(version["metadata"]),
        "labels": list_pairs(version["labels"]),
        "interface": list_pairs(version["interface"]),
        "parents": [
            [escape(p["role"]), f"{escape(p['name'])}:{p['number']}", p["id"][:12]] for p in version["parents"]
        ],
        "files": _files(version["files"]),
        "partial": [[escape(path), "lost in this copy"] for path in version["partial"]],
        "design": _design(version["design"]),
        "sealed by": [[version["publication"]]] if version["publication"] else [],
        "task": _task(version) if version["task"] else [],
    }


def _task(version: Mapping[str, Any]) -> list[list[str]]:
    further = [f"attempt {version['attempt']}"] if (version["attempt"] or 1) > 1 else []
    return [[*(escape(word) for word in (version["task_name"], version["task"]) if word), *further]]


def list_pairs(table: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of a table's values, each with its name; dots join nested names."""
    flat = {name.removeprefix("."): value for name, value in flatten(table, "").items()}
    return [[escape(name), format_short(value)] for name, value in flat.items()]


def _metrics(metrics: Mapping[str, Any], sealed: Mapping[str, Any]) -> list[list[str]]:
    """Return metrics, those that were edited after the publication with their sealed values."""
    names = dict.fromkeys([*metrics, *sealed])
    return [
        [
            escape(name),
            format_short(metrics.get(name)) or "-",
            *([format_sealed(sealed[name])] if name in sealed else []),
        ]
        for name in names
    ]


def _files(files: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = [
        [
            escape(file["path"]),
            format_short(file["size"], "size") if file["size"] is not None else "not read yet",
            escape(file["url"]) if file["url"] else f"sha256 {file['sha256'][:12]}",
        ]
        for file in files[:_FILES]
    ]
    return rows + ([[f"… and {len(files) - _FILES:,} more"]] if len(files) > _FILES else [])


def _design(design: Mapping[str, Any] | None) -> list[list[str]]:
    if design is None:
        return []
    about = f"{escape(design['media'])}, {format_short(design['size'], 'size')}"
    lines = (design["text"] or "").splitlines()
    shown = [escape(line[:_WIDEST]) + ("…" if len(line) > _WIDEST else "") for line in lines[:_LINES]]
    more = len(lines) > _LINES or any(len(line) > _WIDEST for line in lines) or design["text"] is None
    return [[line] for line in [about + (" (all of it: --design)" if more else ""), *shown]]
