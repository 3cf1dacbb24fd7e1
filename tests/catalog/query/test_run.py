from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.catalog.query.compile import compile_query
from registry_cli.catalog.query.parse import DEEPEST, LONGEST, MOST_TERMS, parse_query
from registry_cli.catalog.query.run import Query, find_rows
from registry_cli.catalog.query.sort import parse_sort
from registry_cli.errors import NotFoundError
from registry_cli.ids import VersionId
from tests.catalog.query.naive import Row, answer, write_index
from tests.catalog.query.strategies import catalogs, identity, queries
from tests.examples import times


@given(rows=catalogs(), query=queries())
@times(4)
def test_answers_as_a_naive_reading_does(rows: list[Row], query: Query) -> None:
    with_index = write_index(rows)
    assert find_rows(with_index, query, VersionId) == answer(rows, query)
    with_index.close()


@pytest.mark.slow
@given(rows=catalogs(), query=queries())
@times(3)
def test_every_way_of_a_plan_gives_the_same(rows: list[Row], query: Query) -> None:
    plan = compile_query(query.expr, query.sort, None, None, query.include_archived, VersionId)
    db = write_index(rows)
    scanned = db.execute(plan.scan, plan.params).fetchall()
    for driver in plan.drivers:
        assert db.execute(driver.select, plan.params).fetchall() == scanned
        assert db.execute(driver.probe, plan.params).fetchone()[0] >= len(scanned)
    if plan.ordered:
        assert [row for part in plan.ordered for row in db.execute(part, plan.params)] == scanned
    db.close()


def make_row(row: int, name: str = "fraud/xgb", **more: Any) -> Row:
    plain = {
        "id": identity(row), "name": name, "project": name.rpartition("/")[0], "number": row, "framework": None,
        "author": "ada", "created": row, "step": None, "task": None, "attempt": None, "size": row, "comment": None,
        "published": False, "archived": False,
    }  # fmt: skip
    return Row(row, plain, **more)


def ask(rows: list[Row], text: str, sort: str = "created", **more: Any) -> list[int]:
    db = write_index(rows)
    try:
        return find_rows(db, Query(parse_query(text), parse_sort(sort), **more), VersionId)
    finally:
        db.close()


def test_missing_field_is_false_on_both_sides_of_not() -> None:
    rows = [make_row(1, keyed={"metrics.acc": 0.95}), make_row(2, keyed={"metrics.acc": 0.5}), make_row(3)]
    assert ask(rows, "metrics.acc > 0.9") == [1]
    assert ask(rows, "not metrics.acc > 0.9") == [2]
    assert ask(rows, "not has(metrics.acc)") == [3]


def test_nan_comes_before_missing_in_either_direction() -> None:
    rows = [
        make_row(1),
        make_row(2, keyed={"metrics.acc": float("nan")}),
        make_row(3, keyed={"metrics.acc": 0.1}),
        make_row(4, keyed={"metrics.acc": float("inf")}),
    ]
    assert ask(rows, "author = ada", "metrics.acc") == [3, 4, 2, 1]
    assert ask(rows, "author = ada", "-metrics.acc") == [4, 3, 2, 1]
    assert ask(rows, "author = ada", "-metrics.acc", limit=3) == [4, 3, 2]
    assert ask(rows, "metrics.acc = nan") == [2]


def test_descends_crosses_removed_versions_and_parents_does_not() -> None:
    rows = [
        make_row(1),
        make_row(2, parents=(identity(1),), removed=True),
        make_row(3, parents=(identity(2),)),
    ]
    assert ask(rows, f"descends({identity(1)})") == [3]
    assert ask(rows, f"parents({identity(1)})") == []


def test_a_word_is_found_in_either_case_as_names_and_tags_are_compared() -> None:
    rows = [make_row(1, "Straße"), make_row(2, tags=frozenset({"Prod"})), make_row(3)]
    rows[2].plain["comment"] = "100% Größe"
    assert ask(rows, "STRAße") == ask(rows, "strasse") == [1]
    assert ask(rows, "'pROD'") == [2]
    assert ask(rows, "'0% gRöß'") == [3]
    assert ask(rows, "'0% grÖß'") == [], "as SQLite does, only ASCII letters beyond a name"


def test_an_address_nobody_knows_is_reported() -> None:
    def resolve(ref: str) -> VersionId:
        raise NotFoundError(f"no version {ref}")

    with pytest.raises(NotFoundError, match="no version x/y:1"):
        find_rows(write_index([]), Query(parse_query("descends(x/y:1)")), resolve)


def test_text_in_a_query_stays_a_value() -> None:
    rows = [make_row(1, keyed={"metadata.o'); DROP TABLE tags; --": "x"})]
    assert ask(rows, 'metadata."o\'); DROP TABLE tags; --" = x') == [1]
    assert ask(rows, 'tag:"\' or 1=1 --"') == []


def list_steps(query: Query, **more: Any) -> list[str]:
    """Return SQLite's plan of each statement that answers a query over 60 versions which no conjunct narrows down."""
    db = write_index([make_row(at, keyed={"metrics.acc": float(at)}) for at in range(1, 61)])
    run: list[str] = []
    db.set_trace_callback(run.append)
    find_rows(db, query, VersionId, **more)
    db.set_trace_callback(None)
    steps = [detail for text in run for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {text}")]
    db.close()
    return steps


@pytest.mark.parametrize(
    ("sort", "index"),
    [("-metrics.acc", "fields_number"), ("created", "versions_created"), ("size", "versions_size")],
)
def test_a_limit_walks_the_index_of_the_sort_key(sort: str, index: str) -> None:
    query = Query(parse_query("author != bob"), parse_sort(sort), 2)
    walked = list_steps(query)
    assert any(f"INDEX {index}" in step for step in walked)
    assert not any("TEMP B-TREE FOR ORDER BY" in step for step in walked)


@pytest.mark.parametrize("limit", [None, 2])
def test_few_rows_of_an_index_are_read_before_all_else(limit: int | None) -> None:
    driven = list_steps(Query(parse_query("metrics.acc > 58"), parse_sort("created"), limit))
    assert any("INDEX fields_number (field=? AND number>?)" in step for step in driven)
    assert not any("SCAN v" in step for step in driven)


@pytest.mark.parametrize(("limit", "more"), [(None, {}), (2, {"patience": 1})])
def test_all_rows_and_a_long_walk_are_read_by_a_scan(limit: int | None, more: dict[str, int]) -> None:
    scanned = list_steps(Query(parse_query("author != bob"), parse_sort("-metrics.acc"), limit), **more)
    assert scanned[-1] == "USE TEMP B-TREE FOR ORDER BY"


@pytest.mark.parametrize("patience", [1, 50, 10**6])
def test_a_walk_in_order_that_finds_too_few_gives_way(patience: int) -> None:
    db = write_index([make_row(at, keyed={"metrics.acc": float(at)}) for at in range(1, 60)])
    query = Query(parse_query("author != bob and metrics.acc < 20"), parse_sort("-metrics.acc"), 2)
    assert find_rows(db, query, VersionId, patience=patience) == [19, 18]
    db.close()


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["tag:a"] * MOST_TERMS),
        " and ".join(["metrics.a>1"] * MOST_TERMS),
        "(" * DEEPEST + "tag:a" + ")" * DEEPEST,
        "not " * DEEPEST + "tag:a",
        "".join(f"tag:a {word} (" for word in ["and", "or"] * 10)[:-1] + "tag:b" + ")" * 19,
        "".join(f"metrics.a > @p.metrics.b {word} (" for word in ["or", "and"] * 10)[:-1] + "tag:b" + ")" * 19,
        "id in (" + ", ".join(["abcdef"] * (LONGEST // 9)) + ")",
        "metrics.a in (" + ", ".join(["1"] * (LONGEST // 4)) + ")",
    ],
    ids=lambda text: text[:12],
)
def test_the_largest_queries_run(text: str) -> None:
    assert ask([make_row(1)], text) in ([], [1])


@given(st.text(max_size=20))
def test_any_text_can_be_a_value(text: str) -> None:
    rows = [make_row(1, keyed={"metadata.k": text})]
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert ask(rows, f'metadata.k = "{quoted}"') == [1]
