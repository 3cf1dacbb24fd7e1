"""Tasks as they are seen: by queries and addresses, with the dead told from the living."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.records.task import Input
from registry_cli.registry.api import Registry
from registry_cli.registry.task_lifecycle import remove_tasks
from registry_cli.store import files
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.find import TaskQuestion, find_tasks, read_now, see_attempt, see_attempts, see_tasks
from registry_cli.tasks.rerun.again import forget_results
from tests.registry.making import add
from tests.tasks.making import crash, draft, run, start, tell


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def names(registry: Registry, expr: str = "", **options: Any) -> list[str]:
    return [row.name for row in find_tasks(registry, TaskQuestion(expr, **options))]


def test_newest_first_and_narrowed(registry: Registry) -> None:
    run(registry, "a", metrics={"loss": 0.5}, tags=("old",))
    run(registry, "b", metrics={"loss": 0.25}, project="iris/deep")
    run(registry, "c", status="failed", exit_code=3, project="wine")
    draft(registry, "d")
    assert names(registry) == ["d", "c", "b", "a"]
    assert names(registry, limit=2) == ["d", "c"]
    assert names(registry, "metrics.loss < 1", sort="-metrics.loss") == ["a", "b"]
    assert names(registry, project=("iris",)) == ["d", "b", "a"]
    assert names(registry, name=("A", "c")) == ["c", "a"]
    assert names(registry, tag=("-old",)) == ["d", "c", "b"]
    assert names(registry, metric=("loss>0.3",)) == ["a"]
    assert names(registry, status=("failed", "draft")) == ["d", "c"]
    assert names(registry, "exit_code = 3 or name = d", status=("draft",)) == ["d"]


def test_a_query_by_input(registry: Registry) -> None:
    base = add(registry, "iris/base", b"base")
    run(registry, "a", inputs=(Input("base", base.id, "iris/base"),))
    run(registry, "b")
    assert names(registry, "uses(iris/base:1)") == ["a"]
    with pytest.raises(NotFoundError, match="iris/nothing"):
        names(registry, "uses(iris/nothing)")


def test_mistakes(registry: Registry) -> None:
    with pytest.raises(UsageError, match="no status `done`"):
        names(registry, status=("done",))
    with pytest.raises(UsageError, match="metric"):
        names(registry, "metric.loss > 1")
    with pytest.raises(UsageError):
        names(registry, sort="nothing")


def test_a_task_whose_runner_died_is_crashed(registry: Registry) -> None:
    lives, dies = start(registry, "lives"), start(registry, "dies")
    crash(dies)
    assert names(registry, "status:running") == ["lives"]
    assert names(registry, status=("crashed",)) == ["dies"]
    assert [row.status for row in see_tasks(registry, ["dies", "lives", "iris/dies"])] == ["crashed", "running"]
    lives.end(Ending("completed", 0))


def rerun(registry: Registry) -> Attempt:
    """Begin one more attempt at a task that completed with the metric `acc`; it has measured another value."""
    first = run(registry, "a", points={"acc": [1.0]})
    again = Attempt.start(registry, forget_results(first))
    tell(again, points={"acc": [2.0]})
    return again


def show(registry: Registry) -> tuple[str, int, dict[str, float]]:
    """Return what is seen of the task `a`."""
    row = see_attempt(registry, "a", None)
    return row.status, row.attempt, row.metrics


@pytest.mark.parametrize("reader", ["list", "query", "address", "attempts", "attempt"])
def test_a_last_attempt_that_crashed_takes_nothing_away(registry: Registry, reader: str) -> None:
    again = rerun(registry)
    assert show(registry)[:2] == ("running", 2)
    crash(again)
    if reader == "list":
        assert [(row.status, row.attempt, row.metrics) for row in find_tasks(registry, TaskQuestion())] == [
            ("completed", 1, {"acc": 1.0})
        ]
    elif reader == "query":
        assert names(registry, "status = completed and metrics.acc = 1") == ["a"]
    elif reader == "address":
        assert [(row.status, row.attempt) for row in see_tasks(registry, ["a"])] == [("completed", 1)]
    elif reader == "attempts":
        attempts = see_attempts(registry, again.task.id)
        assert [(row.status, row.metrics) for row in attempts] == [
            ("completed", {"acc": 1.0}), ("crashed", {"acc": 2.0})
        ]  # fmt: skip
    else:
        assert see_attempt(registry, "a", 2).metrics == {"acc": 2.0}
    assert show(registry) == ("completed", 1, {"acc": 1.0})
    assert not again.live.folder.exists()


def test_a_crash_that_cannot_be_recorded_is_seen(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    again = rerun(registry)
    crash(again)

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patch:
        for name in ("make_dir", "make_dirs", "link", "rename", "unlink", "replace_file"):
            patch.setattr(files, name, refuse)
        assert show(registry)[:2] == ("crashed", 2)
        assert names(registry, "status = crashed") == ["a"]
    assert show(registry) == ("completed", 1, {"acc": 1.0})


def test_what_is_known_by_now(registry: Registry) -> None:
    attempt = start(registry, "a", params={"lr": 1})
    tell(attempt, points={"loss": [3.0, 2.0]})
    task = read_now(registry, see_tasks(registry, ["a"])[0])
    assert (task.status, task.metrics, task.curves["loss"].max) == ("running", {"loss": 2.0}, 3.0)
    crash(attempt)
    assert read_now(registry, see_tasks(registry, ["a"])[0]).status == "crashed"


def test_one_that_ends_while_it_is_read(registry: Registry) -> None:
    attempt = start(registry, "a")
    row = see_tasks(registry, ["a"])[0]
    attempt.end(Ending("completed", 0))
    assert read_now(registry, row).status == "completed"


def test_removed_ones_are_found_where_they_are_looked_for(registry: Registry) -> None:
    first, second = (run(registry, "a", project=project) for project in ("iris", "wine"))
    remove_tasks(registry, [second.id])
    assert see_tasks(registry, ["a"], removed=True)[0].id == first.id
    assert see_tasks(registry, ["wine/a"], removed=True)[0].id == second.id
    remove_tasks(registry, [first.id])
    assert see_tasks(registry, ["A"], removed=True)[0].id == second.id
    assert see_tasks(registry, [second.id])[0].removed
    with pytest.raises(NotFoundError, match="was removed") as caught:
        see_tasks(registry, ["a"])
    assert caught.value.hint == "reg task restore a"
    for words in ("@last", "b", "a\udcff"):
        with pytest.raises(NotFoundError, match="no task"):
            see_tasks(registry, [words], removed=True)
