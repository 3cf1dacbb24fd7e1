"""Lineage: the graph of a version's ancestors and descendants, read level by level, at any depth.

It also has the tasks that made the versions, with their code, their inputs and the files that they read.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from registry_cli.catalog.read.ancestry import list_relatives
from registry_cli.catalog.read.tasks import find_attempt, find_task_row, list_task_data, list_task_inputs
from registry_cli.catalog.read.versions import find_row, list_versions
from registry_cli.dataclass import dataclass, field, replace
from registry_cli.errors import RegError
from registry_cli.ids import TaskId
from registry_cli.records.task_codec import load_task
from registry_cli.store.blobs import get_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.ancestry import Direction
    from registry_cli.catalog.read.rows import InputRow, TaskRow, VersionRow
    from registry_cli.ids import VersionId
    from registry_cli.records.status import Status
    from registry_cli.records.task import Data
    from registry_cli.registry.api import Registry

Made: TypeAlias = tuple[TaskId, int | None]
"""A task, and the attempt at it that made a version; None for the one that stands for the task."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`child` was made from `parent`."""

    parent: VersionId
    child: VersionId
    role: str


@dataclass(frozen=True, slots=True)
class TaskNode:
    """A task that made versions of a lineage, in the attempt that made them.

    Attributes:
        attempt: Its number.
        status: The attempt's.
        commit: Full id of the commit it ran from; None, as are `branch` and `remote`, where there was none.
        command: Its words quoted for a shell.
        inputs: Versions that are its inputs.
        data: Files that it read.
    """

    id: TaskId
    name: str
    attempt: int
    status: Status
    commit: str | None
    branch: str | None
    remote: str | None
    command: str
    inputs: tuple[InputRow, ...]
    data: tuple[Data, ...]
    removed: bool


@dataclass(frozen=True, slots=True)
class Lineage:
    """A version with its ancestors, its descendants, or both.

    Attributes:
        root: The version that the lineage belongs to.
        nodes: All versions of the graph by id, the root first, including archived and removed ones.
        edges: All pointers between them, in the order in which a version names its parents.
        directions: Directions that were followed.
        tasks: Attempts at tasks that made versions of the graph and are in the registry, by task and number as the
            versions have them, in the order of the versions.
        cut: By direction, the versions with further ones that the most steps left out.
    """

    root: VersionId
    nodes: Mapping[VersionId, VersionRow]
    edges: tuple[Edge, ...]
    directions: tuple[Direction, ...]
    tasks: Mapping[Made, TaskNode] = field(default_factory=dict)
    cut: Mapping[Direction, frozenset[VersionId]] = field(default_factory=dict)

    def find_task(self, version: VersionRow) -> TaskNode | None:
        """Return the attempt that made a version; None where the registry holds none."""
        return self.tasks.get((version.task, version.attempt)) if version.task else None

    def steps(self, direction: Direction) -> dict[VersionId, list[tuple[str, VersionId]]]:
        """Return role and id of the neighbours of each version in one direction, in the order of the edges."""
        found: dict[VersionId, list[tuple[str, VersionId]]] = {}
        for edge in self.edges:
            here, there = (edge.child, edge.parent) if direction == "up" else (edge.parent, edge.child)
            found.setdefault(here, []).append((edge.role, there))
        return found

    def __repr__(self) -> str:
        return f"<Lineage {self._label(self.root)} nodes={len(self.nodes)} edges={len(self.edges)}>"

    def _repr_html_(self) -> str:
        from registry_cli.registry.html import format_heading, format_tree

        titles = {"up": "made from", "down": "used for"}
        parts = [format_heading(self.nodes[self.root].ref)]
        for direction in self.directions:
            tree = format_tree(self.root, partial(_list_below, self.steps(direction)), self._label)
            parts += [f"<div>{titles[direction]}{tree}</div>"] if tree else []
        return "".join(parts)

    def _label(self, version: VersionId) -> str:
        row = self.nodes.get(version)
        return row.ref if row is not None else version

    def list_more_inputs(self, task: TaskNode) -> list[InputRow]:
        """Return the inputs of a task that are not parents of the versions it made, as far as the graph has them."""
        parents = {edge.parent for edge in self.edges if self.find_task(self.nodes[edge.child]) is task}
        return [one for one in task.inputs if one.version not in parents]


def _list_below(
    steps: Mapping[VersionId, Sequence[tuple[str, VersionId]]], version: VersionId
) -> Sequence[tuple[str, VersionId]]:
    return steps.get(version, ())


def read_lineage(
    registry: Registry, ref: str, *, directions: tuple[Direction, ...] = ("up", "down"), depth: int | None = None
) -> Lineage:
    """Return the lineage of the version that an address names.

    Args:
        registry: The registry.
        ref: The address.
        directions: Directions to follow.
        depth: Most steps in each direction; no limit where None.

    Raises:
        NotFoundError: The address names nothing.
    """
    root = registry.get_row(ref)
    crashed = registry.record_crashes()
    cut: dict[Direction, frozenset[VersionId]] = {}

    def read(db: Connection) -> list[VersionRow]:
        ids = dict.fromkeys([root.id])
        for direction in directions:
            found = list_relatives(db, root.id, direction, depth)
            ids.update(dict.fromkeys(found.versions))
            cut[direction] = found.cut
        rows = [row for row in (find_row(db, one) for one in ids) if row is not None]
        return list_versions(db, rows[:1] + sorted(rows[1:]))

    nodes = {row.id: row for row in registry.read(read)}
    edges = [
        Edge(parent.id, row.id, parent.role) for row in nodes.values() for parent in row.parents if parent.id in nodes
    ]
    return Lineage(root.id, nodes, tuple(edges), directions, _read_tasks(registry, nodes.values(), crashed), cut)


def _read_tasks(registry: Registry, versions: Iterable[VersionRow], crashed: Set[TaskId]) -> dict[Made, TaskNode]:
    made_by = dict.fromkeys((row.task, row.attempt) for row in versions if row.task)
    found = registry.read(lambda db: {made: _read_row(db, *made) for made in made_by})
    read = {made: _read_task(registry, *row) for made, row in found.items() if row is not None}
    return {
        made: replace(task, status="crashed") if task.status == "running" and task.id in crashed else task
        for made, task in read.items()
    }


def _read_row(db: Connection, task: TaskId, attempt: int | None) -> tuple[TaskRow, list[InputRow], list[Data]] | None:
    row = find_task_row(db, task) if attempt is None else find_attempt(db, task, attempt)
    if row is None:
        return None
    return row, list_task_inputs(db, task, row.attempt), list_task_data(db, task, row.attempt)


def _read_task(registry: Registry, task: TaskRow, inputs: list[InputRow], data: list[Data]) -> TaskNode:
    code = None
    with suppress(RegError):  # its record may be lost in this copy
        code = load_task(get_record(registry.layout, task.record), "it").code
    return TaskNode(
        id=task.id,
        name=task.name,
        attempt=task.attempt,
        status=task.status,
        commit=task.commit,
        branch=code.branch if code else None,
        remote=code.remote if code else None,
        command=task.command,
        inputs=tuple(inputs),
        data=tuple(data),
        removed=task.removed,
    )
