"""Tasks are asked for in the language of versions, with words of their own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.catalog.query.ast import Compare, Expr, In, Kin, Label, format_query
from registry_cli.catalog.query.parse import MOST_TERMS, parse_query
from registry_cli.catalog.query.sort import SortKey, parse_sort
from registry_cli.catalog.query.subject import TASKS
from registry_cli.catalog.query.tasks import TaskQuery, find_task_rows
from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import TaskId, VersionId
from tests.catalog.query.naive import Row
from tests.catalog.query.strategies import START, identity
from tests.catalog.query.tasks import (
    answer_tasks,
    task_catalogs,
    task_expressions,
    task_id,
    task_queries,
    write_tasks,
)
from tests.examples import times

SECOND = 1_000_000


@given(catalog=task_catalogs(), query=task_queries())
@times(1.5)
def test_answers_as_a_naive_reading_does(catalog: tuple[list[Row], frozenset[TaskId]], query: TaskQuery) -> None:
    rows, crashed = catalog
    db = write_tasks(rows)
    assert find_task_rows(db, query, VersionId, crashed) == answer_tasks(rows, query, crashed)
    db.close()


@given(task_expressions())
def test_a_formatted_query_parses_to_itself(expr: Expr) -> None:
    assert parse_query(format_query(expr), TASKS) == expr


@given(st.text(alphabet="()<>=!~@\"'\\,.: -statuseidnorkmc19*#é\n\t", max_size=40))
def test_any_text_is_a_query_or_a_usage_error(text: str) -> None:
    try:
        expr = parse_query(text, TASKS)
    except UsageError:
        return
    assert parse_query(format_query(expr), TASKS) == expr


def make_task(row: int, name: str = "train", **more: Any) -> Row:
    plain = {
        "id": task_id(row), "name": name, "project": "iris", "status": "completed", "author": "ada", "attempt": 1,
        "created": START + row, "started": START, "ended": START + row * SECOND, "exit_code": 0, "source": None,
        "commit": None, "command": "python train.py", "comment": None, "archived": False,
    }  # fmt: skip
    return Row(row, {**plain, **more.pop("plain", {})}, **more)


def ask(rows: list[Row], text: str, sort: str = "created", *, crashed: tuple[int, ...] = (), **more: Any) -> list[int]:
    db = write_tasks(rows)
    query = TaskQuery(parse_query(text, TASKS) if text else None, parse_sort(sort, TASKS) if sort else (), **more)
    try:
        return find_task_rows(db, query, VersionId, [TaskId(task_id(at)) for at in crashed])
    finally:
        db.close()


def test_a_task_whose_process_is_gone_has_crashed() -> None:
    rows = [make_task(at, plain={"status": "running"}) for at in (1, 2)] + [make_task(3)]
    assert ask(rows, "status:running", crashed=(2, 3)) == [1]
    assert ask(rows, "status:crashed or status:failed", crashed=(2, 3)) == [2]
    assert ask(rows, "status in (crashed, completed)", crashed=(2,)) == [2, 3]
    assert ask(rows, "", "-status", crashed=(2,)) == [1, 2, 3]


def test_the_example_of_the_manual() -> None:
    rows = [
        make_task(1, keyed={"metrics.loss": 0.1}),
        make_task(2, keyed={"metrics.loss": 0.5}, plain={"status": "failed", "started": START + 5}),
        make_task(3, keyed={"metrics.loss": float("nan")}),
    ]
    assert ask(rows, "status:failed or metrics.loss < 0.2", "-started") == [2, 1]


def test_durations_are_seconds_or_have_a_unit() -> None:
    rows = [make_task(60), make_task(61), make_task(7200), make_task(3, plain={"ended": None})]
    assert ask(rows, "duration > 60") == [61, 7200]
    assert ask(rows, "duration <= 1m") == [60]
    assert ask(rows, "duration in (2h, 61)", "-duration") == [7200, 61]
    assert ask(rows, "not has(duration)") == [3]
    assert ask(rows, "", "-duration") == [7200, 61, 60, 3]


def test_names_projects_and_ids_whatever_their_case() -> None:
    rows = [make_task(1, "Baseline"), make_task(2, plain={"project": "Iris/Deep", "source": task_id(1)})]
    assert ask(rows, "name = BASELINE") == ask(rows, "name ~ base*") == [1]
    assert ask(rows, "project = IRIS") == [1, 2]
    assert ask(rows, "project = iris/deep") == [2]
    assert ask(rows, "id = 01j0b") == ask(rows, "task:01j0B") == [1]
    assert ask(rows, f"source = {task_id(1).lower()}") == ask(rows, "source ~ *b*1") == [2]


def test_a_commit_by_its_beginning() -> None:
    rows = [make_task(1, plain={"commit": "ab12" + "0" * 36}), make_task(2)]
    assert ask(rows, "commit = AB120") == [1]
    assert ask(rows, "commit != ab12") == []


def test_uses_finds_what_was_given_a_version() -> None:
    rows = [make_task(1, parents=(identity(7), identity(8))), make_task(2)]
    assert ask(rows, f"uses({identity(8)})") == [1]
    assert ask(rows, f"not uses({identity(8)})") == [2]

    def resolve(ref: str) -> VersionId:
        raise NotFoundError(f"no version {ref}")

    with pytest.raises(NotFoundError, match="no version x/y:1"):
        find_task_rows(write_tasks([]), TaskQuery(parse_query("uses(x/y:1)", TASKS)), resolve)


def test_removed_tasks_never_and_archived_ones_if_asked_for() -> None:
    rows = [make_task(1, removed=True), make_task(2, plain={"archived": True}), make_task(3)]
    assert ask(rows, "") == [3]
    assert ask(rows, "", include_archived=True) == [2, 3]
    assert ask(rows, "archived") == [2]


def test_newest_first_and_no_more_than_asked() -> None:
    rows = [make_task(at) for at in (1, 2, 3)]
    assert ask(rows, "", "") == [3, 2, 1]
    assert ask(rows, "", "name", limit=2) == [3, 2]


@pytest.mark.slow
@pytest.mark.parametrize("text", [
    " or ".join(["status:failed"] * MOST_TERMS), "id in (" + ", ".join(["01J"] * 3900) + ")",
    "status in (" + ", ".join(["failed"] * 2000) + ")",
])  # fmt: skip
def test_the_largest_queries_run(text: str) -> None:
    assert ask([make_task(1)], text) in ([], [1])


def test_text_in_a_query_stays_a_value() -> None:
    rows = [make_task(1, keyed={"env.o'); DROP TABLE tasks; --": "x"})]
    assert ask(rows, 'env."o\'); DROP TABLE tasks; --" = x') == [1]


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("status:failed", Label("status", "failed")),
        ("status = failed", Compare("status", "=", "failed")),
        ("status not in (failed, 'crashed')", In("status", ("failed", "crashed"), negated=True)),
        ("duration > 90m", Compare("duration", ">", 5400)),
        ("duration < 0.5", Compare("duration", "<", 0.5)),
        ('seeds."python" = 7', Compare("seeds.python", "=", 7)),
        ("uses( iris/softmax@prod )", Kin("uses", "iris/softmax@prod")),
    ],
)
def test_each_form(text: str, expr: Expr) -> None:
    assert parse_query(text, TASKS) == expr


STATUSES = "draft, running, completed, failed, cancelled, crashed"


@pytest.mark.parametrize(
    ("text", "at", "length", "problem", "accepted"),
    [
        ("frame = x", 0, 5, "there is no field 'frame'", "did you mean `name`?"),
        ("exitcode = 1", 0, 8, "there is no field 'exitcode'", "did you mean `exit_code`?"),
        ("metric.loss < 1", 0, 11, "there is no field 'metric.loss'", "did you mean `metrics.loss`?"),
        ("tag = x", 0, 3, "there is no field 'tag'", "did you mean `tag:x`?"),
        ("status:done", 0, 11, f"`status` is one of {STATUSES}", None),
        ("status: failed", 0, 7, "a status is missing here", None),
        ("status = done", 9, 4, f"`status` is one of {STATUSES}", None),
        ("alias:prod", 0, 10, "tasks have no `alias:x`", "they have `tag:x`, `task:x`, `status:x`"),
        ("scan:ok", 0, 7, "tasks have no `scan:x`", "they have `tag:x`, `task:x`, `status:x`"),
        ("descends(a/b)", 0, 8, "tasks have no `descends(…)`", "they have `uses(…)`"),
        ("parents(a/b)", 0, 7, "tasks have no `parents(…)`", "they have `uses(…)`"),
        (
            "metrics.a > @prod.metrics.a",
            12,
            15,
            "tasks have no aliases to compare with",
            "`@alias.field` is for versions",
        ),
        ("id = 01L", 5, 3, "a task's id is 26 letters and digits without I, L, O and U, or the first of them", None),
        ("duration > '1h'", 11, 4, "`duration` is a number of seconds, or such as 90m or 12h", None),
        ("duration > 1y", 11, 2, "`duration` is a number of seconds, or such as 90m or 12h", None),
    ],
)
def test_an_error_points_at_its_place(text: str, at: int, length: int, problem: str, accepted: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(text, TASKS)
    first, shown, mark = caught.value.message.split("\n")
    assert (first, shown, mark) == (
        f"{problem}: {accepted}" if accepted else problem, f"  {text}", "  " + " " * at + "^" * length)  # fmt: skip
    assert caught.value.hint == "reg help query"


@pytest.mark.parametrize(("text", "problem"), [
    ("framework = x", "there is no field 'framework'"), ("metadata.x = 1", "there is no field 'metadata.x'"),
])  # fmt: skip
def test_a_field_of_versions_is_none_of_tasks(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        parse_query(text, TASKS)
    assert "size" not in caught.value.message


@pytest.mark.parametrize(("text", "problem", "accepted"), [
    ("status:failed", "versions have no `status:x`", "they have `tag:x`, `alias:x`, `task:x`, `scan:x`"),
    ("uses(a/b)", "versions have no `uses(…)`", "they have `descends(…)`, `parents(…)`"),
])  # fmt: skip
def test_what_only_tasks_have(text: str, problem: str, accepted: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(text)
    assert caught.value.message.split("\n")[0] == f"{problem}: {accepted}"


def test_a_sort_takes_the_fields_of_tasks() -> None:
    assert parse_sort("-started, seeds.python", TASKS) == (SortKey("started", True), SortKey("seeds.python"))
    with pytest.raises(UsageError, match="there is no field 'size'"):
        parse_sort("size", TASKS)
