"""Metrics and outputs of two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import RefusedError
from registry_cli.ids import TaskId
from registry_cli.registry.api import Registry
from registry_cli.tasks.record import get_row
from registry_cli.tasks.rerun.check import Checked, check_runs, need_comparable, set_aside
from tests.builders import add, make_registry
from tests.registry.making_tasks import draft, end, row_of, run, start


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with make_registry(tmp_path) as registry:
        yield registry


def made(registry: Registry, outputs: dict[str, bytes], **metrics: float) -> TaskId:
    task = run(registry, metrics=metrics)
    for name, data in outputs.items():
        add(registry, name, data, task=task.id)
    return task.id


def test_the_same(registry: Registry) -> None:
    old, new = (made(registry, {"iris/a": b"x"}, loss=0.5, bad=float("nan")) for _ in range(2))
    rows = check_runs(registry, old, new)
    assert [(row.kind, row.name, row.same) for row in rows] == [
        ("metric", "bad", True), ("metric", "loss", True), ("output", "iris/a", True)
    ]  # fmt: skip


def test_what_differs(registry: Registry) -> None:
    old = made(registry, {"iris/a": b"x", "iris/b": b"y"}, loss=0.5, acc=0.9)
    new = made(registry, {"iris/a": b"z"}, loss=0.75, f1=1.0)
    rows = {row.name: row for row in check_runs(registry, old, new)}
    assert rows["loss"] == Checked("metric", "loss", 0.5, 0.75, 0.25, same=False)
    assert rows["acc"] == Checked("metric", "acc", 0.9, None, None, same=False)
    assert rows["f1"] == Checked("metric", "f1", None, 1.0, None, same=False)
    assert (rows["iris/a"].same, rows["iris/b"].same, rows["iris/b"].new) == (False, False, None)


@pytest.mark.parametrize(
    ("old", "new", "tolerance", "same"),
    [
        (0.5, 0.5000001, 1e-6, True),
        (0.5, 0.50001, 1e-6, False),
        (0.5, 0.50001, 1e-3, True),
        (1e9, 1e9 + 10, 1e-6, True),
        (1.0, float("inf"), 1e9, False),
        (float("inf"), float("inf"), 0.0, True),
        (float("nan"), 1.0, 1.0, False),
        (2, 2, 0.0, True),
    ],
)
def test_tolerance(registry: Registry, old: float, new: float, tolerance: float, same: bool) -> None:
    [row] = check_runs(registry, made(registry, {}, m=old), made(registry, {}, m=new), tolerance)
    assert row.same is same


def test_of_several_versions_the_newest_counts(registry: Registry) -> None:
    old = run(registry).id
    for data in (b"first", b"last"):
        add(registry, "iris/a", data, task=old)
    [row] = check_runs(registry, old, made(registry, {"iris/a": b"last"}))
    assert row.same


def test_one_that_told_nothing_cannot_be_compared(registry: Registry) -> None:
    for task in (made(registry, {}, loss=0.5), made(registry, {"iris/a": b"x"})):
        need_comparable(registry, get_row(registry, task))
    with pytest.raises(RefusedError, match="neither metrics nor outputs"):
        need_comparable(registry, get_row(registry, made(registry, {})))
    with pytest.raises(RefusedError, match="has not run"):
        need_comparable(registry, get_row(registry, draft(registry).id))


def test_a_failed_attempt_does_not_hide_what_an_earlier_one_measured(registry: Registry) -> None:
    begun = start(registry)
    add(registry, "iris/a", b"good", task=begun.id)
    first = end(registry, begun, metrics={"loss": 0.5})
    again = start(registry, first, metrics={})
    add(registry, "iris/a", b"bad", task=begun.id)
    end(registry, again, "failed")
    need_comparable(registry, row_of(registry, first))
    rows = check_runs(registry, first.id, made(registry, {"iris/a": b"good"}, loss=0.25))
    assert [(row.name, row.old, row.new, row.same) for row in rows[:1]] == [("loss", 0.5, 0.25, False)]
    assert [row.same for row in rows[1:]] == [True]


def test_set_aside(registry: Registry) -> None:
    old, new = (made(registry, {"iris/a": data}) for data in (b"x", b"y"))
    assert registry.get_row("iris/a").number == 2
    set_aside(registry, new, "check")
    assert registry.get_row("iris/a").number == 1
    assert get_row(registry, "baseline").id == old
    assert get_row(registry, new).name == "baseline check"
