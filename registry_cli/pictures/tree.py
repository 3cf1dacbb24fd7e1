"""A lineage as a tree of lines, of any depth.

A chain of versions with one parent or child each stays in one column (`←` made from, `→` made into), so that a long
chain of checkpoints stays readable; where a version has several, the tree branches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.views.text import escape, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.catalog.read.ancestry import Direction
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.registry.lineage import Lineage, TaskNode

_HEADINGS: Final[dict[Direction, str]] = {"up": "made from", "down": "made into"}

_ARROWS: Final[dict[Direction, str]] = {"up": "← ", "down": "→ "}

_DEEPEST: Final = 240
"""Characters of indentation beyond which a branch is cut off, with a note that says so."""

SHOWN: Final = 4
"""Most data files of a task that are named."""

_CUT: Final = "… (more, deeper)"
"""Note after a version whose further relatives are left out."""

ID: Final = 12
"""Hex digits of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the tree.

    Attributes:
        guide: Indentation, branches and the arrow.
        text: Role of the version, or a heading.
        version: Version that the line shows; None for a heading and for a line about a task.
        note: Further text at the end of the line.
    """

    guide: str
    text: str
    version: VersionRow | None = None
    note: str = ""


def iter_lines(lineage: Lineage) -> Iterator[Line]:
    """Yield the lines of a lineage's tree; a version that is reached again is named but not followed again."""
    root = lineage.nodes[lineage.root]
    described: set[TaskNode] = set()
    yield Line("", "", root)
    yield from _iter_task(lineage, root, "│  ", described)
    for position, direction in enumerate(lineage.directions):
        last = position == len(lineage.directions) - 1
        steps = lineage.steps(direction)
        none = "" if lineage.root in steps else ": nothing"
        if lineage.root in lineage.cut.get(direction, ()):
            none = f" {_CUT}"
        yield Line("└─ " if last else "├─ ", _HEADINGS[direction] + none)
        yield from _iter_branch(lineage, steps, direction, "   " if last else "│  ", described)


def format_line(line: Line) -> str:
    """Return a line as plain text."""
    if line.version is None:
        return (line.guide + line.text + line.note).rstrip()
    words = [line.text, line.version.ref, *list_marks(line.version), line.note]
    return line.guide + escape(" ".join(filter(None, words)))


def _iter_branch(
    lineage: Lineage, steps: dict[VersionId, list[tuple[str, VersionId]]], direction: Direction, indent: str,
    described: set[TaskNode],
) -> Iterator[Line]:  # fmt: skip
    seen = {lineage.root}
    stack = _branches(steps.get(lineage.root, []), indent)
    while stack:
        guide, below, role, version = stack.pop()
        again = version in seen
        onward = [] if again else steps.get(version, [])
        deep = bool(onward) and len(below) > _DEEPEST
        row = lineage.nodes[version]
        note = "(see above)" if again else "… (ask for this one)" if deep else _name_described(lineage, row, described)
        if version in lineage.cut.get(direction, ()) and not again:
            note = f"{note} {_CUT}".strip()
        yield Line(guide, role, row, note)
        yield from _iter_task(lineage, row, f"{below}  ", described)
        seen.add(version)
        if deep or not onward:
            continue
        if len(onward) == 1:
            ((next_role, following),) = onward
            in_chain = guide.endswith(_ARROWS[direction])
            column = guide.removesuffix(_ARROWS[direction]) if in_chain else below
            stack.append((column + _ARROWS[direction], column + "  ", next_role, following))
        else:
            stack += _branches(onward, below)


def _iter_task(lineage: Lineage, version: VersionRow, indent: str, described: set[TaskNode]) -> Iterator[Line]:
    """Yield the lines about the task that made a version, unless they stand further up."""
    task = lineage.find_task(version)
    if task is None or task in described:
        return
    described.add(task)
    yield Line(indent, "", note=escape(" · ".join(describe_task(task))))
    for one in lineage.list_more_inputs(task):
        yield Line(indent, "", note=escape(f"input {one.name} {one.ref or one.version[:ID]}"))
    for data in task.data[:SHOWN]:
        yield Line(indent, "", note=escape(f"data {data.path} {format_size(data.size)} sha256 {data.sha256[:ID]}"))
    if len(task.data) > SHOWN:
        yield Line(indent, "", note=f"data +{len(task.data) - SHOWN:,} more")


def _name_described(lineage: Lineage, version: VersionRow, described: set[TaskNode]) -> str:
    """Return the name of a version's task where the lines about its attempt stand further up; else nothing."""
    task = lineage.find_task(version)
    return " · ".join([f"task {task.name}", *_further(task)]) if task and task in described else ""


def describe_task(task: TaskNode) -> list[str]:
    """Return facts about a task: name and id, a further attempt's number, a status but `completed`, commit, command."""
    status = [] if task.status == "completed" else [task.status]
    commit = [f"commit {task.commit[:7]}"] if task.commit else []
    return [
        f"task {task.name} {task.id}",
        *_further(task),
        *status,
        *(["removed"] if task.removed else []),
        *commit,
        task.command,
    ]


def _further(task: TaskNode) -> list[str]:
    return [f"attempt {task.attempt}"] if task.attempt > 1 else []


def _branches(onward: list[tuple[str, VersionId]], indent: str) -> list[tuple[str, str, str, VersionId]]:
    """Return guide, indentation below, role and id of each branch, in the order of a stack: the first one last."""
    last = len(onward) - 1
    return [
        (indent + ("└─ " if at == last else "├─ "), indent + ("   " if at == last else "│  "), role, version)
        for at, (role, version) in enumerate(onward)
    ][::-1]


def list_marks(version: VersionRow) -> list[str]:
    """Return the marks that follow a version's address: framework, aliases and states."""
    states = [state for state in ("published", "archived", "removed") if getattr(version, state)]
    return [*([version.framework] if version.framework else []), *(f"@{alias}" for alias in version.aliases), *states]
