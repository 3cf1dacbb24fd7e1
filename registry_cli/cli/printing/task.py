"""Draws a task on a terminal: its end, its command with code and environment, its inputs and its results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from registry_cli import clock
from registry_cli.cli.card import draw_groups, list_pairs
from registry_cli.cli.drawing import STATUSES
from registry_cli.cli.printing.history import format_sparkline
from registry_cli.records.task import CELLS
from registry_cli.views.text import escape, format_duration, format_short, format_size

if TYPE_CHECKING:
    from rich.console import RenderableType

Curves = Mapping[str, Sequence[float]]
_MANY: Final = 8
"""Most files and attempts that are named; of the others the number is shown."""
_BARS: Final = 20
_SHORT_ID: Final = 12


def draw_task(view: Mapping[str, Any], curves: Curves) -> RenderableType:
    """Return a task as a picture.

    Args:
        view: A task as `view_whole` returns it.
        curves: Values of each scalar in the order of its steps.
    """
    from rich.console import Group
    from rich.text import Text

    name = f"{view['project']}/{view['name']}" if view["project"] else view["name"]
    heading = Text.assemble((escape(name), "bold"), *((f"  #{escape(tag)}", "blue") for tag in view["tags"]))
    states = [(state, "red" if state == "removed" else "yellow") for state in ("archived", "removed") if view[state]]
    line = Text(" · ").join([
        Text(view["status"], STATUSES[view["status"]]),
        *(Text(state, style) for state, style in states),
        *(Text(fact) for fact in _facts(view)),
    ])  # fmt: skip
    return Group(heading, Text(view["id"], "dim"), line, Text(), draw_groups(_groups(view, curves)))


def _facts(view: Mapping[str, Any]) -> list[str]:
    facts = []
    if view["signal"]:
        facts.append(view["signal"])
    elif view["exit_code"] is not None:
        facts.append(f"exit {view['exit_code']}")
    if view["duration"] is not None:
        facts.append(format_duration(view["duration"]))
    elif view["status"] == "running":
        facts.append(f"for {format_duration((clock.now() - view['started']).total_seconds())}")
    facts.append(f"{format_short(view['started'] or view['created'])} by {escape(view['author'])}")
    return [*facts, f"attempt {view['attempt']}"] if view["attempt"] > 1 else facts


def _groups(view: Mapping[str, Any], curves: Curves) -> dict[str, list[list[str]]]:
    recipe = view["recipe"]
    return {
        "problem": _lines(view["problem"]),
        "comment": _lines(view["comment"]),
        "command": [[escape(view["command"])]],
        "in": [[escape(recipe["cwd"])]] if recipe["cwd"] != "." else [],
        "clone of": [[view["source"]]] if view["source"] else [],
        "code": [*_code(view["code"]), *_cells(view["files"])],
        "python": _python(view["python"], view["packages"]),
        "host": _host(view["host"]),
        "environment": list_pairs({**view["environment"], **recipe["env"]}),
        "seeds": list_pairs(view["seeds"]),
        "auto": _auto(view["auto"]),
        "inputs": [_input(one) for one in view["inputs"]],
        "data": _data(view["data"]),
        "params": list_pairs(view["params"]),
        "metrics": _metrics(view, curves),
        "outputs": [_output(one) for one in view["outputs"]],
        **{name: _list_below(view, f"{name}/") for name in ("plots", "artifacts", "media", "configuration")},
        "attempts": _attempts(view["attempts"]) if len(view["attempts"]) > 1 else [],
    }  # fmt: skip


def _list_below(view: Mapping[str, Any], prefix: str) -> list[list[str]]:
    return [[escape(file["path"])] for file in view["files"] if file["path"].startswith(prefix)]


def _lines(text: str | None) -> list[list[str]]:
    return [[escape(line)] for line in (text or "").splitlines()]


def _code(code: Mapping[str, Any] | None) -> list[list[str]]:
    if code is None:
        return []
    where = [escape(code["remote"] or code["root"]), *([escape(code["branch"])] if code["branch"] else [])]
    rows = [[code["commit"][:_SHORT_ID] if code["commit"] else "no commit yet", "  ".join(where)]]
    if code["diff"]:
        rows.append(["diff", f"+{code['diff']['added']:,} -{code['diff']['removed']:,} lines; all of it: --diff"])
    if code["untracked"]:
        rows.append(["untracked", f"{_count(code['untracked'], 'file')} kept: {_some(code['untracked'])}"])
    if code["bundle"]:
        rows.append(["unpushed", f"commits kept, {format_size(code['bundle']['size'])}"])
    if code["cut"]:
        rows.append(["not kept", _some(code["cut"])])
    return rows


def _cells(files: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    return [["cells", "of a notebook; all of them: --cells"] for file in files if file["path"] == CELLS]


def _python(python: Mapping[str, Any], packages: int | None) -> list[list[str]]:
    words = [escape(str(python[key])) for key in ("implementation", "version", "executable") if key in python]
    rows = [[" ".join(words)]] if words else []
    if packages is not None:
        rows.append([f"{packages:,} package{'' if packages == 1 else 's'}; all of them: --lock"])
    return rows


def _host(host: Mapping[str, Any]) -> list[list[str]]:
    first = [escape(str(host[key])) for key in ("hostname", "os", "arch", "container") if key in host]
    parts = [escape(str(host["cpu"]))] if "cpu" in host else []
    parts += [f"{host['cores']} cores"] if "cores" in host else []
    parts += [format_size(host["memory"])] if isinstance(host.get("memory"), int) else []
    gpus = [f"{host.get('gpu_count', 1)} × {escape(str(host['gpu']))}"] if "gpu" in host else []
    gpus += [format_size(host["gpu_memory"])] if gpus and isinstance(host.get("gpu_memory"), int) else []
    gpus += [f"driver {escape(str(host['gpu_driver']))}"] if gpus and "gpu_driver" in host else []
    return [[", ".join(row)] for row in (first, parts, gpus) if row]


def _auto(auto: Mapping[str, Any] | None) -> list[list[str]]:
    if auto is None:
        return []
    rules = [f"{key} {'on' if rule else 'off'}" if isinstance(rule, bool) else f"{key}={' or '.join(rule)}"
            for key, rule in auto["frameworks"].items()]  # fmt: skip
    keep = [f"keep {auto['keep']}"] if auto["keep"] else []
    return [[escape(", ".join([*rules, f"loads {auto['loads']}", *keep]))]]


def _input(one: Mapping[str, Any]) -> list[str]:
    known = escape(one["ref"] or one["version"][:_SHORT_ID])
    return [escape(one["name"]), known, *([f"from {escape(one['path'])}"] if one["path"] else [])]


def _data(data: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = [
        [escape(one["path"]), format_size(one["size"]), f"sha256 {one['sha256'][:_SHORT_ID]}"] for one in data[:_MANY]
    ]
    if len(data) > _MANY:
        rows.append([f"… and {len(data) - _MANY:,} more", f"{format_size(sum(one['size'] for one in data))} in all"])
    return rows


def _metrics(view: Mapping[str, Any], curves: Curves) -> list[list[str]]:
    rows = []
    for name, value in view["metrics"].items():
        curve = view["curves"].get(name)
        row = [escape(name), format_short(value)]
        if curve is not None and curve["count"] > 1:
            values = [value if math.isfinite(value) else None for value in curves.get(name, ())]
            row += [f"{curve['min']:.4g} to {curve['max']:.4g}", format_sparkline(values, _BARS)]
        rows.append(row + [""] * (4 - len(row)))
    return rows


def _output(one: Mapping[str, Any]) -> list[str]:
    return [escape(one["ref"]), format_size(one["size"]), _some(one["files"]), one["id"][:_SHORT_ID]]


def _attempts(attempts: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [
        [
            str(one["attempt"]),
            one["status"],
            one["signal"] or (f"exit {one['exit_code']}" if one["exit_code"] is not None else ""),
            format_duration(one["duration"]) if one["duration"] is not None else "",
            format_short(one["started"]),
            escape(one["problem"] or ""),
        ]
        for one in attempts[-_MANY:]
    ]


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY:,} more" if len(names) > _MANY else ""
    return escape(", ".join(names[:_MANY])) + more
