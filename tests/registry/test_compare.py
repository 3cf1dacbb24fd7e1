"""What differs is found and measured against the first; what only tells versions apart is no difference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.registry.api import Registry
from registry_cli.registry.compare import GROUPS, Compared, Comparison, compare_versions, prefers_small
from registry_cli.registry.editing import Edit, edit_versions
from registry_cli.registry.lifecycle import publish_versions
from tests.registry.making import add, add_metrics


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def row_of(found: Comparison, group: str, key: str) -> Compared:
    (row,) = [row for row in found.rows if (row.group, row.key) == (group, key)]
    return row


def test_every_group_is_compared_in_its_order(registry: Registry) -> None:
    add(registry, "a/b", metrics={"acc": 0.9}, params={"lr": 0.1}, labels={"cat": 1}, metadata={"owner": "x"})
    add(registry, "a/b", parents=(("continue", "a/b:1"),), design='{"a": 1}', tags=("new",), step=5)
    found = compare_versions(registry, ["a/b:1", "a/b:2"])
    assert list(dict.fromkeys(row.group for row in found.rows)) == list(GROUPS)
    assert row_of(found, "parents", "continue").values == (None, ["a/b:1"])
    assert row_of(found, "fields", "tags").values == (None, ["new"])
    assert row_of(found, "labels", "cat").values == (1, None)
    assert found.differs


def test_numbers_are_measured_against_the_first(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"acc": 0.5, "n": 3}, {"acc": 0.75, "n": math.nan}, {"loss": 1})
    found = compare_versions(registry, ["a/b:1", "a/b:2", "a/b:3"], only=["metrics"])
    assert row_of(found, "metrics", "acc").deltas == (0, 0.25, None)
    assert row_of(found, "metrics", "n").deltas == (0, None, None)
    assert row_of(found, "metrics", "loss").deltas == (None, None, None)


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("acc", (0.5, 0.75, 0.75), (1, 2)),
        ("val_loss", (0.5, 0.75, 0.5), (0, 2)),
        ("acc", (math.nan, 0.75, 0.5), (1,)),
        ("acc", (-math.inf, 0.75, math.inf), (2,)),
        ("acc", (0.5, 0.5, 0.5), ()),
        ("acc", (math.nan, 0.5, math.nan), ()),
    ],
)
def test_the_best_values_are_marked(
    registry: Registry, metric: str, values: tuple[float, ...], best: tuple[int, ...]
) -> None:
    add_metrics(registry, "a/b", *({metric: value, "at": at} for at, value in enumerate(values)))
    found = compare_versions(registry, ["a/b:1", "a/b:2", "a/b:3"])
    assert row_of(found, "metrics", metric).best == best


@pytest.mark.parametrize("name", ["loss", "val_loss", "rmse", "eval/MAE", "perplexity", "latency_ms", "model_size"])
def test_less_of_these_is_better(name: str) -> None:
    assert prefers_small(name)
    assert not prefers_small("acc")


def test_what_differs_stands_before_what_is_equal(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 4})
    found = compare_versions(registry, ["a/b:1", "a/b:2"], only=["metrics"])
    assert [(row.key, row.same) for row in found.rows] == [("c", False), ("a", True), ("b", True)]


def test_who_and_when_and_alias_is_no_difference(registry: Registry) -> None:
    add(registry, "a/b", b"same", metrics={"acc": math.nan}, message="first", aliases=("prod",))
    add(registry, "c/d", b"same", metrics={"acc": math.nan}, message="second")
    assert not compare_versions(registry, ["a/b", "c/d"]).differs
    publish_versions(registry, ["a/b:1"])
    assert compare_versions(registry, ["a/b", "c/d"]).differs


def test_a_version_may_be_compared_with_itself(registry: Registry) -> None:
    add(registry, "a/b", aliases=("prod",))
    found = compare_versions(registry, ["a/b:1", "a/b@prod"])
    assert len(found.versions) == 2
    assert not found.differs


def test_true_is_no_number_and_one_is_one(registry: Registry) -> None:
    add(registry, "a/b", b"same", metadata={"flag": True, "n": 1})
    add(registry, "a/b", b"same", metadata={"flag": 1, "n": 1.0})
    found = compare_versions(registry, ["a/b:1", "a/b:2"])
    assert not row_of(found, "metadata", "flag").same
    assert row_of(found, "metadata", "flag").deltas == (None, None)
    assert row_of(found, "metadata", "n").same


def test_a_changed_file_is_told_by_its_digest(registry: Registry) -> None:
    one, two = add(registry, "a/b", b"1234"), add(registry, "a/b", b"1235")
    row = row_of(compare_versions(registry, ["a/b:1", "a/b:2"]), "files", "model.bin")
    assert row.values == tuple({"size": 4, "sha256": version.files[0].sha256} for version in (one, two))


def test_designs_are_a_unified_diff(registry: Registry) -> None:
    add(registry, "a/b", design='{"units": 16, "act": "relu"}')
    add(registry, "a/b", design='{"units": 32, "act": "relu"}')
    add(registry, "a/b", design='{"units":16, "act": "relu"}')
    add(registry, "a/b")
    found = compare_versions(registry, [f"a/b:{number}" for number in (1, 2, 3, 4)])
    first, units, spaces, gone = found.designs
    assert first == ""
    assert units.splitlines()[:2] == ["--- a/b:1", "+++ a/b:2"]
    assert '-  "units": 16,' in units.splitlines()
    assert '+  "units": 32,' in units.splitlines()
    assert '+{"units":16, "act": "relu"}' in spaces.splitlines()
    assert all(line[0] in "-@+" for line in gone.splitlines())


def test_a_design_kept_as_a_blob_is_read(registry: Registry) -> None:
    lines = [f"layer {number}" for number in range(1000)]
    add(registry, "a/b", design="\n".join(lines))
    add(registry, "a/b", design="\n".join([*lines[:-1], "head"]))
    found = compare_versions(registry, ["a/b:1", "a/b:2"], only=["design"])
    assert found.designs[1].splitlines()[-2:] == ["-layer 999", "+head"]
    assert {row.key for row in found.rows} == {"design"}


def test_an_edit_shows(registry: Registry) -> None:
    add(registry, "a/b", b"same")
    add(registry, "a/b", b"same", metadata={"x": 1})
    edit_versions(registry, ["a/b:1"], Edit(put={"metadata.x": 2}))
    found = compare_versions(registry, ["a/b:1", "a/b:2"])
    assert [(row.group, row.key, row.values) for row in found.rows if not row.same] == [("metadata", "x", (2, 1))]


def test_what_cannot_be_compared_is_said(registry: Registry) -> None:
    add(registry, "a/b")
    with pytest.raises(UsageError, match="two versions or more"):
        compare_versions(registry, ["a/b"])
    with pytest.raises(UsageError, match="no group `weights`"):
        compare_versions(registry, ["a/b", "a/b"], only=["weights"])
    with pytest.raises(NotFoundError):
        compare_versions(registry, ["a/b", "a/b:2"])
