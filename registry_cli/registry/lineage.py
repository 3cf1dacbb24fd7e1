"""Lineage: the graph of a version's ancestors and descendants, read level by level, at any depth.

It also has the tasks that made the versions, with their code, their inputs and the files that they read.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry_cli.catalog.read.ancestry import list_relatives
from registry_cli.catalog.read.tasks import find_task, get_task_row, list_task_data, list_task_inputs
from registry_cli.catalog.read.versions import find_row, list_versions
from registry_cli.errors import RegError
from registry_cli.records.task_codec import load_task
from registry_cli.store.blobs import get_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.ancestry import Direction
    from registry_cli.catalog.read.rows import InputRow, TaskRow, VersionRow
    from registry_cli.ids import TaskId, VersionId
    from registry_cli.records.status import Status
    from registry_cli.records.task import Data
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Edge:
    """`child` was made from `parent`."""

    parent: VersionId
    child: VersionId
    role: str


@dataclass(frozen=True, slots=True)
class TaskNode:
    """A task that made versions of a lineage.

    Attributes:
        commit: Full id of the commit it ran from; None, as are `branch` and `remote`, where there was none.
        command: Its words quoted for a shell.
        inputs: Versions that are its inputs.
        data: Files that it read.
    """

    id: TaskId
    name: str
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
        tasks: Tasks that made versions of the graph and are in the registry, in the order of the versions.
        cut: By direction, the versions with further ones that the most steps left out.
    """

    root: VersionId
    nodes: Mapping[VersionId, VersionRow]
    edges: tuple[Edge, ...]
    directions: tuple[Direction, ...]
    tasks: Mapping[TaskId, TaskNode] = field(default_factory=dict)
    cut: Mapping[Direction, frozenset[VersionId]] = field(default_factory=dict)

    def steps(self, direction: Direction) -> dict[VersionId, list[tuple[str, VersionId]]]:
        """Return role and id of the neighbours of each version in one direction, in the order of the edges."""
        found: dict[VersionId, list[tuple[str, VersionId]]] = {}
        for edge in self.edges:
            here, there = (edge.child, edge.parent) if direction == "up" else (edge.parent, edge.child)
            found.setdefault(here, []).append((edge.role, there))
        return found

    def list_more_inputs(self, task: TaskNode) -> list[InputRow]:
        """Return the inputs of a task that are not parents of the versions it made, as far as the graph has them."""
        parents = {edge.parent for edge in self.edges if self.nodes[edge.child].task == task.id}
        return [one for one in task.inputs if one.version not in parents]


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
    return Lineage(root.id, nodes, tuple(edges), directions, _read_tasks(registry, nodes.values()), cut)


def _read_tasks(registry: Registry, versions: Iterable[VersionRow]) -> dict[TaskId, TaskNode]:
    made_by = dict.fromkeys(row.task for row in versions if row.task)
    found = registry.read(lambda db: {task: _read_row(db, task) for task in made_by})
    return {task: _read_task(registry, *row) for task, row in found.items() if row is not None}


def _read_row(db: Connection, task: TaskId) -> tuple[TaskRow, list[InputRow], list[Data]] | None:
    row = find_task(db, task)
    return (get_task_row(db, row), list_task_inputs(db, task), list_task_data(db, row)) if row is not None else None


def _read_task(registry: Registry, task: TaskRow, inputs: list[InputRow], data: list[Data]) -> TaskNode:
    code = None
    with suppress(RegError):  # its record may be lost in this copy
        code = load_task(get_record(registry.layout, task.record), "it").code
    return TaskNode(
        id=task.id,
        name=task.name,
        status=task.status,
        commit=task.commit,
        branch=code.branch if code else None,
        remote=code.remote if code else None,
        command=task.command,
        inputs=tuple(inputs),
        data=tuple(data),
        removed=task.removed,
    )
