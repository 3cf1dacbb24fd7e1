"""Tasks as they are read from the index."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from registry_cli.catalog import connection
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import tasks
from registry_cli.catalog.read.rows import InputRow
from registry_cli.catalog.read.versions import list_versions_of_task
from registry_cli.ids import BlobHash, RecordId, TagName, TaskId, VersionId, Xxh3, new_ulid
from registry_cli.records.parts import FileEntry
from registry_cli.records.task import Code, Curve, Data, Input, Recipe
from tests.catalog.builders import START, Catalog

BLOB = BlobHash("ab" * 32)
UNKNOWN = VersionId(RecordId("00" * 32))


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


def run(catalog: Catalog, **fields: Any) -> TaskId:
    """Add a task that runs."""
    task = TaskId(fields.pop("id", None) or new_ulid())
    record = catalog.know_task(id=task, status="running", attempt=1, **fields)
    assert catalog.apply(changes.task(task, "start", record=record)) is None
    return task


def test_a_task_is_its_record(catalog: Catalog) -> None:
    source = TaskId(new_ulid())
    task = run(
        catalog, name="Baseline", project="iris", started=START, ended=START + timedelta(seconds=1.5), exit_code=3,
        source=source, comment="why", code=Code("/w", commit="c0" * 20), tags=("b", "a"),
        recipe=Recipe(("python", "a b.py")),
        params={"lr": 0.1, "deep": {"on": True}, "sizes": [1, 2], "nan": "nan", "off": False},
        metrics={"loss": float("nan"), "steps": 7}, curves={"acc": Curve(2, 0.5, 0.25, 0.75)},
    )  # fmt: skip
    row = tasks.get_task_row(catalog.db, 1)
    assert (row.id, row.name, row.project, row.status, row.attempt) == (task, "Baseline", "iris", "running", 1)
    assert (row.author, row.created, row.started, row.ended) == ("tester", START, START, START + timedelta(seconds=1.5))
    assert (row.duration, row.exit_code, row.source, row.comment) == (1.5, 3, source, "why")
    assert (row.commit, row.command, row.tags) == ("c0" * 20, "python 'a b.py'", ("a", "b"))
    assert (row.archived, row.removed, row.broken) == (False, False, None)
    assert row.params == {"lr": 0.1, "deep.on": True, "sizes": "[1, 2]", "nan": "nan", "off": False}
    assert math.isnan(row.metrics["loss"])
    assert {name: row.metrics[name] for name in row.metrics if name != "loss"} == {
        "steps": 7, "acc.min": 0.25, "acc.max": 0.75, "acc.last": 0.5,
    }  # fmt: skip


def test_a_draft_has_little(catalog: Catalog) -> None:
    task = TaskId(new_ulid())
    record = catalog.know_task(id=task)
    assert catalog.apply(changes.task(task, "draft", record=record)) is None
    row = tasks.get_task_row(catalog.db, 1)
    assert (row.record, row.status, row.started, row.ended, row.duration) == (record, "draft", None, None, None)
    assert (row.source, row.exit_code, row.commit, row.tags, row.metrics, row.params) == (None, None, None, (), {}, {})


def test_many_tasks_come_in_the_order_asked(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BATCH", 2)
    ids = [run(catalog, params={"at": at}) for at in range(5)]
    rows = [5, 1, 3, 2, 4]
    found = tasks.list_tasks(catalog.db, rows)
    assert [(task.id, task.params) for task in found] == [(ids[row - 1], {"at": row - 1}) for row in rows]
    assert tasks.list_tasks(catalog.db, []) == []


def test_what_became_of_a_task(catalog: Catalog) -> None:
    task = run(catalog)
    assert catalog.apply(changes.task(task, "archive")) is None
    assert tasks.get_task_row(catalog.db, 1).archived
    assert catalog.apply(changes.task(task, "remove")) is None
    assert tasks.get_task_row(catalog.db, 1).removed


def test_find_task(catalog: Catalog) -> None:
    task = run(catalog)
    assert tasks.find_task(catalog.db, task) == 1
    assert tasks.find_task(catalog.db, TaskId(new_ulid())) is None


def test_what_a_task_was_given_and_read(catalog: Catalog) -> None:
    base = catalog.add("iris/base")
    data = (Data("z.csv", 5, BLOB), Data("a.csv", 0, BLOB))
    inputs = (Input("base", base, "iris/base"), Input("other", UNKNOWN, "gone/model"))
    task = run(catalog, inputs=inputs, data=data)
    assert tasks.list_task_inputs(catalog.db, task) == [
        InputRow("base", base, "iris/base:1"), InputRow("other", UNKNOWN, None)]  # fmt: skip
    assert tasks.list_task_data(catalog.db, task) == list(data)


def test_the_blobs_of_a_task(catalog: Catalog) -> None:
    files = [FileEntry(path, 3, BLOB, Xxh3("cd" * 16), media) for path, media in (("a", "text/plain"), ("b", None))]
    task = run(catalog, files=tuple(reversed(files)))
    assert tasks.list_task_files(catalog.db, task) == files


def test_outputs_are_the_versions_that_are_not_removed(catalog: Catalog) -> None:
    task = run(catalog)
    first, gone, last = (catalog.add("iris/m", task=task) for _ in range(3))
    catalog.add("iris/m", task=TaskId(new_ulid()))
    assert catalog.apply(changes.remove(gone), changes.archive(last)) is None
    assert [row.id for row in list_versions_of_task(catalog.db, task)] == [first, last]


def test_users_of_an_input(catalog: Catalog) -> None:
    base, other = catalog.add("iris/base"), catalog.add("iris/base")
    twice = (Input("a", base, "iris/base:1"), Input("b", base, "iris/base:1"))
    later = run(catalog, created=START + timedelta(days=1), inputs=twice)
    sooner = run(catalog, inputs=(Input("a", base, "x"),), tags=("t",))
    removed = run(catalog, inputs=(Input("a", base, "x"),))
    assert catalog.apply(changes.task(removed, "remove")) is None
    found = tasks.list_users_of_input(catalog.db, base)
    assert [task.id for task in found] == [sooner, later]
    assert found[0].tags == (TagName("t"),)
    assert tasks.list_users_of_input(catalog.db, other) == []


def rerun(catalog: Catalog, task: TaskId, ended: str, attempt: int, **fields: Any) -> None:
    """End the attempt that runs, and start the next one; `fields` are those of the end."""
    end = catalog.know_task(id=task, status=ended, attempt=attempt - 1, **fields)
    start = catalog.know_task(id=task, status="running", attempt=attempt)
    wanted = changes.task(task, "end", record=end), changes.task(task, "start", record=start)
    assert catalog.apply(*wanted) is None


def test_an_attempt_has_its_own_inputs_data_and_row(catalog: Catalog) -> None:
    base, other = catalog.add("iris/base"), catalog.add("iris/base")
    task = run(catalog)
    rerun(catalog, task, "completed", 2, inputs=(Input("a", base, "x"),), data=(Data("d.csv", 5, BLOB),))
    rerun(catalog, task, "failed", 3, inputs=(Input("b", other, "y"),))
    assert [[one.name for one in tasks.list_task_inputs(catalog.db, task, number)] for number in (1, 2, 3, None)] == [
        ["a"], ["b"], [], []]  # fmt: skip
    assert [len(tasks.list_task_data(catalog.db, task, number)) for number in (1, 2, None)] == [1, 0, 0]
    assert [(row.attempt, row.status, row.newest) for row in tasks.list_attempts(catalog.db, task)] == [
        (1, "completed", False), (2, "failed", False), (3, "running", True)]  # fmt: skip
    for number in (1, 2, 3):
        row = tasks.find_attempt(catalog.db, task, number)
        assert row is not None
        assert row.attempt == number
    assert tasks.find_attempt(catalog.db, task, 4) is None
    newest = tasks.find_attempt(catalog.db, task)
    assert newest is not None
    assert newest.attempt == 3


def test_users_of_an_input_of_an_earlier_attempt(catalog: Catalog) -> None:
    base = catalog.add("iris/base")
    task = run(catalog)
    record = catalog.know_task(id=task, status="completed", attempt=1, inputs=(Input("a", base, "x"),))
    assert catalog.apply(changes.task(task, "end", record=record)) is None
    record = catalog.know_task(id=task, status="running", attempt=2)
    assert catalog.apply(changes.task(task, "start", record=record)) is None
    assert [(row.id, row.attempt) for row in tasks.list_users_of_input(catalog.db, base)] == [(task, 2)]
