"""Comparing tasks: what was run, with what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import BlobHash
from registry_cli.records.task import Code, Data, Input, Recipe
from registry_cli.registry.api import Registry
from registry_cli.tasks.compare import GROUPS, compare_tasks, parse_lock
from tests.registry.making import add
from tests.tasks.making import run, start


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def differing(registry: Registry, *refs: str, only: tuple[str, ...] = ()) -> dict[str, tuple[object, ...]]:
    found = compare_tasks(registry, refs, only=only)
    return {f"{row.group}.{row.key}": row.values for row in found.rows if not row.same}


def test_all_that_can_differ(registry: Registry) -> None:
    base, tuned = add(registry, "iris/base", b"base"), add(registry, "iris/base", b"tuned")
    first = run(
        registry, "a", recipe=Recipe(("python", "train.py", "--lr", "1"), env={"SEED": "1"}), params={"lr": 1},
        inputs=(Input("base", base.id, "iris/base"),), data=(Data("d.csv", 4, BlobHash("ab" * 32)),),
        code=Code("/w", commit="c0" * 20, branch="main"), diff=b"+x\n", lock=b"# cpython 3.11\nnumpy==1.0\nrich==9\n",
        metrics={"loss": 0.5}, environment={"LANG": "C"}, python={"version": "3.11"}, host={"cores": 2}, seeds={"s": 1},
    )  # fmt: skip
    second = run(
        registry, "b", status="failed", exit_code=3, recipe=Recipe(("python", "train.py", "--lr", "2"), env={}),
        params={"lr": 2}, inputs=(Input("base", tuned.id, "iris/base"),), code=Code("/w", commit="c1" * 20),
        data=(Data("d.csv", 4, BlobHash("cd" * 32)),), lock=b"numpy==2.0\ntorch @ https://x.org/torch.whl\n",
        metrics={"loss": 0.25}, environment={"LANG": "de"}, python={"version": "3.12"}, host={"cores": 4}, seeds={},
    )  # fmt: skip
    add(registry, "iris/a/model", b"one", task=first.id)
    add(registry, "iris/b/model", b"two", task=second.id)
    found = differing(registry, "a", "b")
    assert found["fields.status"] == ("completed", "failed")
    assert found["fields.exit_code"] == (0, 3)
    assert found["fields.command"] == ("python train.py --lr 1", "python train.py --lr 2")
    assert found["metrics.loss"] == (0.5, 0.25)
    assert found["params.lr"] == (1, 2)
    assert found["inputs.base"] == ("iris/base:1", "iris/base:2")
    assert found["data.d.csv"] == ({"size": 4, "sha256": "ab" * 32}, {"size": 4, "sha256": "cd" * 32})
    assert found["code.commit"] == ("c0" * 20, "c1" * 20)
    assert found["code.branch"] == ("main", None)
    assert found["code.code.diff"][1] is None
    assert {key: found[key] for key in found if key.startswith("packages.")} == {
        "packages.numpy": ("1.0", "2.0"), "packages.rich": ("9", None),
        "packages.torch": (None, "https://x.org/torch.whl"),
    }  # fmt: skip
    assert found["environment.SEED"] == ("1", None)
    assert {"environment.LANG", "python.version", "host.cores", "seeds.s"} <= set(found)
    assert [value["size"] for value in found["outputs.model.bin"]] == [3, 3]  # type: ignore[index]  # tables
    assert {key.partition(".")[0] for key in found} == set(GROUPS)


def test_numbers_have_differences_only_where_they_are_amounts(registry: Registry) -> None:
    run(registry, "a", metrics={"loss": 0.5})
    run(registry, "b", metrics={"loss": 0.25}, status="failed", exit_code=3)
    rows = {row.key: row for row in compare_tasks(registry, ["a", "b"]).rows}
    assert (rows["loss"].deltas, rows["loss"].best) == ((0.0, -0.25), (1,))
    assert rows["exit_code"].deltas == ()


def test_equal_tasks_and_one_that_runs(registry: Registry) -> None:
    run(registry, "a", metrics={"loss": float("nan")})
    run(registry, "b", metrics={"loss": float("nan")})
    start(registry, "c")
    assert not compare_tasks(registry, ["a", "b"]).differs
    assert differing(registry, "a", "a", only=("fields",)) == {}
    assert differing(registry, "a", "c", only=("fields",))["fields.status"] == ("completed", "running")


def test_mistakes(registry: Registry) -> None:
    run(registry, "a")
    with pytest.raises(UsageError, match="two tasks or more"):
        compare_tasks(registry, ["a"])
    with pytest.raises(UsageError, match="no group `metric`"):
        compare_tasks(registry, ["a", "a"], only=("metric",))
    with pytest.raises(NotFoundError):
        compare_tasks(registry, ["a", "nothing"])


def test_a_lock_is_read_as_it_is_written() -> None:
    text = (
        "# cpython 3.11.7\nnumpy==1.26.4\n# editable: mine==0.1 from /w\n# local: x==2 from /y\nt @ git+https://g@c\n"
    )
    assert parse_lock(text) == {"numpy": "1.26.4", "mine": "0.1", "x": "2", "t": "git+https://g@c"}
