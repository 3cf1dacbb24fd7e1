"""Parameters of a task are those of its versions wherever they are asked for, and a query names a task as all do."""

from __future__ import annotations

import pytest

from registry_cli.errors import NotFoundError
from registry_cli.registry.api import Registry
from registry_cli.registry.compare import compare_versions
from registry_cli.registry.editing import Edit, derive_version
from registry_cli.registry.query import find_versions
from registry_cli.tasks.find import TaskQuestion, find_tasks
from registry_cli.views.text import lookup
from registry_cli.views.versions import view_version
from tests.registry.making import add
from tests.registry.making_tasks import run

PARAMS = {"lr": 0.1, "optim": {"name": "adam", "nesterov": True}, "layers": [4, 3], "seed": 7}


@pytest.fixture(autouse=True)
def made(registry: Registry) -> None:
    first = run(registry, "first", params=PARAMS)
    add(registry, "iris/a", task=first.id, params={"seed": 8, "optim": {"betas": 2}})
    add(registry, "iris/a", task=run(registry, "second", params={"lr": 0.2}).id)
    add(registry, "iris/b", params={"lr": 0.5})


def test_a_version_shows_them_below_its_own(registry: Registry) -> None:
    row = registry.get_row("iris/a:1")
    assert row.params == {
        "seed": 8, "optim": {"betas": 2}, "lr": 0.1, "optim.name": "adam", "optim.nesterov": True, "layers": "[4, 3]",
    }  # fmt: skip
    assert row.own_params == {"seed": 8, "optim": {"betas": 2}}
    shown = view_version(row)
    assert [lookup(shown, f"params.{key}") for key in ("lr", "optim.name", "optim.betas")] == [0.1, "adam", 2]


def test_what_a_query_finds_it_shows(registry: Registry) -> None:
    assert [(row.ref, row.params["lr"]) for row in find_versions(registry, "has(params.lr)", sort="params.lr")] == [
        ("iris/a:1", 0.1), ("iris/a:2", 0.2), ("iris/b:1", 0.5),
    ]  # fmt: skip


def test_a_comparison_sees_them(registry: Registry) -> None:
    rows = compare_versions(registry, ["iris/a:1", "iris/a:2"], only=["params"]).rows
    assert next(row.values for row in rows if row.key == "lr") == (0.1, 0.2)


def test_they_do_not_move_into_what_is_derived(registry: Registry) -> None:
    assert derive_version(registry, "iris/a:1", Edit()).own_params == registry.get_row("iris/a:1").own_params


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("task:first", ["iris/a:1"]),
        ("task:iris/second", ["iris/a:2"]),
        ("task:@last", ["iris/a:2"]),
        ('not task:"first"', ["iris/b:1", "iris/a:2"]),
        ("(task:first or name = iris/b) and has(params.lr)", ["iris/b:1", "iris/a:1"]),
    ],
)
def test_a_query_names_a_task_as_all_do(registry: Registry, expr: str, found: list[str]) -> None:
    assert [row.ref for row in find_versions(registry, expr)] == found


def test_an_id_and_its_beginning_work_as_before(registry: Registry) -> None:
    task = registry.get_row("iris/a:1").task
    assert task is not None
    assert [row.ref for row in find_versions(registry, f"task:{task}")] == ["iris/a:1"]
    assert [row.ref for row in find_versions(registry, f"task:{task[:2].lower()}")] == ["iris/a:2", "iris/a:1"]
    assert find_versions(registry, "task:7ZZZZZ") == []


def test_a_task_that_is_not_there_is_named(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="did you mean first"):
        find_versions(registry, "task:frist")


def test_tasks_are_found_that_way_too(registry: Registry) -> None:
    def names(expr: str) -> list[str]:
        return [row.name for row in find_tasks(registry, TaskQuestion(expr))]

    assert (names("task:@last"), names("not task:second")) == (["second"], ["first"])
