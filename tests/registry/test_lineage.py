"""The graph has every version that can be reached, once, and all pointers between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.errors import NotFoundError
from registry_cli.ids import BlobHash, ModelName, TaskId, VersionId, new_ulid
from registry_cli.records.codec import dump_version
from registry_cli.records.parts import Parent
from registry_cli.records.task import Code, Data, Input
from registry_cli.records.version import VersionRecord
from registry_cli.registry.api import Registry
from registry_cli.registry.lifecycle import archive_versions, remove_versions
from registry_cli.registry.lineage import Lineage, read_lineage
from registry_cli.registry.transaction import transact
from registry_cli.store.staging import Staging
from tests.registry import making_tasks
from tests.registry.making import add


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A diamond: `a` makes `b` and `c`, both make `d`, `d` makes `e`; `x` stands alone."""
    with Registry.init(tmp_path) as registry:
        add(registry, "g/a")
        add(registry, "g/b", parents=(("continue", "g/a"),))
        add(registry, "g/c", parents=(("quantize", "g/a"),))
        add(registry, "g/d", parents=(("base", "g/b"), ("merge", "g/c")))
        add(registry, "g/e", parents=(("derive", "g/d"),))
        add(registry, "g/x")
        yield registry


def names(lineage: Lineage) -> str:
    return "".join(sorted(row.name.removeprefix("g/") for row in lineage.nodes.values()))


def arrows(lineage: Lineage) -> set[str]:
    short = {version: row.name.removeprefix("g/") for version, row in lineage.nodes.items()}
    return {f"{short[edge.parent]}-{edge.role}-{short[edge.child]}" for edge in lineage.edges}


def test_both_ways(registry: Registry) -> None:
    lineage = read_lineage(registry, "g/b")
    assert names(lineage) == "abde"
    assert arrows(lineage) == {"a-continue-b", "b-base-d", "d-derive-e"}
    assert next(iter(lineage.nodes)) == lineage.root == registry.get_row("g/b").id


def test_one_way(registry: Registry) -> None:
    up = read_lineage(registry, "g/d", directions=("up",))
    assert names(up) == "abcd"
    assert arrows(up) == {"a-continue-b", "a-quantize-c", "b-base-d", "c-merge-d"}
    assert names(read_lineage(registry, "g/d", directions=("down",))) == "de"


@pytest.mark.parametrize(("depth", "expected"), [(0, "e"), (1, "de"), (2, "bcde"), (3, "abcde"), (9, "abcde")])
def test_depth_counts_steps(registry: Registry, depth: int, expected: str) -> None:
    assert names(read_lineage(registry, "g/e", depth=depth)) == expected


def test_steps_keep_the_order_of_parents(registry: Registry) -> None:
    lineage = read_lineage(registry, "g/d")
    named = [lineage.nodes[version].name for _, version in lineage.steps("up")[lineage.root]]
    assert named == ["g/b", "g/c"]
    assert [role for role, _ in lineage.steps("down")[lineage.root]] == ["derive"]


def test_what_is_hidden_is_still_there(registry: Registry) -> None:
    archive_versions(registry, ["g/c:1"])
    remove_versions(registry, ["g/e:1"])
    lineage = read_lineage(registry, "g/d")
    hidden = {row.name: (row.archived, row.removed) for row in lineage.nodes.values() if row.archived or row.removed}
    assert hidden == {"g/c": (True, False), "g/e": (False, True)}


def test_a_miss_is_said(registry: Registry) -> None:
    with pytest.raises(NotFoundError):
        read_lineage(registry, "g/nothing")


@pytest.mark.slow
def test_a_long_chain_needs_no_stack(registry: Registry) -> None:
    add_chain(registry, "g/chain", 2000)
    lineage = read_lineage(registry, "g/chain:1000")
    assert len(lineage.nodes) == 2000
    assert len(read_lineage(registry, "g/chain", depth=10).nodes) == 11


def test_a_task_is_where_its_versions_come_from(registry: Registry) -> None:
    given = registry.get_row("g/x")
    task = making_tasks.run(
        registry, "fit", inputs=(Input("base", given.id, "g/x"), Input("old", registry.get_row("g/a").id, "g/a")),
        code=Code("/x", commit="c" * 40, branch="main", remote="https://example.org/x.git"),
        data=(Data("d.csv", 3, BlobHash("ab" * 32)),),
    )  # fmt: skip
    add(registry, "g/made", task=task.id, parents=(("input", "g/x"),))
    add(registry, "g/next", task=task.id, parents=(("continue", "g/made"),))
    lineage = read_lineage(registry, "g/made")
    assert names(lineage) == "madenextx"
    node = lineage.tasks[task.id, 1]
    assert (node.name, node.status, node.command) == ("fit", "completed", "python train.py --lr 0.1")
    assert (node.commit, node.branch, node.remote) == ("c" * 40, "main", "https://example.org/x.git")
    assert [(one.name, one.ref) for one in node.inputs] == [("base", "g/x:1"), ("old", "g/a:1")]
    assert [one.name for one in lineage.list_more_inputs(node)] == ["old"]
    assert node.data == (Data("d.csv", 3, BlobHash("ab" * 32)),)
    assert read_lineage(registry, "g/x").tasks.keys() == {(task.id, 1)}
    assert read_lineage(registry, "g/x", depth=0).tasks == read_lineage(registry, "g/a").tasks == {}


def test_a_task_that_the_registry_does_not_hold_is_no_source(registry: Registry) -> None:
    add(registry, "g/made", task=TaskId(new_ulid()))
    assert read_lineage(registry, "g/made").tasks == {}


def test_a_task_whose_record_is_lost_is_told_by_the_index(registry: Registry) -> None:
    task = making_tasks.run(registry, code=Code("/x", commit="c" * 40, branch="main"))
    add(registry, "g/made", task=task.id)
    registry.layout.record(making_tasks.row_of(registry, task).record).unlink()
    node = read_lineage(registry, "g/made").tasks[task.id, 1]
    assert (node.commit, node.branch) == ("c" * 40, None)


def add_chain(registry: Registry, name: str, length: int) -> None:
    model = ModelName(name)
    chain: list[VersionId] = []
    with Staging(registry.layout) as staging:
        for _ in range(length):
            parents = (Parent(chain[-1], "continue"),) if chain else ()
            record = dump_version(VersionRecord(model, new_ulid(), datetime.now(UTC), "tester", (), parents=parents))
            chain.append(VersionId(staging.add_record(record)))
        staging.install()
        transact(registry, lambda: [changes.add_version(version, model) for version in chain], staging=staging)
