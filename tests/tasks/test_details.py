"""All that is known of one task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.records.task import DIFF, LOCK, SCALARS, Input
from registry_cli.registry.api import Registry
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.details import Whole, find_part, read_curves, read_whole
from registry_cli.tasks.find import see_tasks
from tests.registry.making import add
from tests.tasks.making import run, start, tell


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def whole(registry: Registry, name: str = "baseline") -> Whole:
    return read_whole(registry, see_tasks(registry, [name])[0])


def test_what_belongs_to_a_task(registry: Registry) -> None:
    base = add(registry, "iris/base", b"base")
    diff = b"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-old\n+new\n+more\n"
    task = run(registry, diff=diff, lock=b"# cpython 3.11\nnumpy==1\nrich==2\n",
               inputs=(Input("base", base.id, "iris/base"),))  # fmt: skip
    add(registry, "iris/baseline/model", b"made", task=task.id)
    found = whole(registry)
    assert (found.changed, found.packages, found.refs) == ((2, 1), 2, {base.id: "iris/base:1"})
    assert [row.ref for row in found.outputs] == ["iris/baseline/model:1"]
    assert [one.attempt for one in found.attempts] == [1]
    assert find_part(registry, found.row, found.task, DIFF) == diff
    assert find_part(registry, found.row, found.task, SCALARS) is None


def test_a_bare_task(registry: Registry) -> None:
    run(registry)
    found = whole(registry)
    assert (found.changed, found.packages, found.refs, found.outputs) == (None, None, {}, [])


def test_curves_of_what_runs_and_what_ended(registry: Registry) -> None:
    attempt = start(registry)
    tell(attempt, points={"loss": [3.0, 2.0]})
    attempt.live.facts("1").write_text("")
    row = see_tasks(registry, ["baseline"])[0]
    found = whole(registry)
    assert read_curves(registry, row, found.task) == {"loss": [3.0, 2.0]}
    assert find_part(registry, row, found.task, LOCK) is None
    attempt.end(Ending("completed", 0))
    found = whole(registry)
    assert read_curves(registry, found.row, found.task) == {"loss": [3.0, 2.0]}


def test_all_attempts(registry: Registry) -> None:
    first = run(registry, status="failed", exit_code=3, problem="no disk")
    assert Attempt.start(registry, first).end(Ending("completed", 0)).attempt == 2
    assert [(one.attempt, one.status, one.problem) for one in whole(registry).attempts] == [
        (1, "failed", "no disk"), (2, "completed", None)]  # fmt: skip
