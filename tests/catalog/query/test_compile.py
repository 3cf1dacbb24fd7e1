"""Query plans, pinned: a statement that SQLite would walk another way costs seconds at 100,000 versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from registry_cli.catalog.query.compile import Plan, compile_query
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.query.sort import parse_sort
from registry_cli.catalog.schema import INDEXES, TABLES
from registry_cli.ids import VersionId

ON_FIELD = "SEARCH f USING PRIMARY KEY (version=? AND field=?)"


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    opened.executescript(TABLES + INDEXES)
    yield opened
    opened.close()


def make_plan(text: str, sort: str = "", limit: int | None = 5) -> Plan:
    expr = parse_query(text) if text else None
    return compile_query(expr, parse_sort(sort) if sort else (), limit, None, False, VersionId)


def explain(db: sqlite3.Connection, statement: str, plan: Plan) -> list[str]:
    return [detail for _, _, _, detail in db.execute(f"EXPLAIN QUERY PLAN {statement}", plan.params)]


def test_a_keyed_sort_is_walked_within_the_bound_of_its_condition(db: sqlite3.Connection) -> None:
    plan = make_plan("metrics.acc > 0.9 and (tag:prod or not tag:TF)", "-metrics.acc")
    (part,) = plan.ordered
    assert explain(db, part, plan) == [
        "SEARCH s USING COVERING INDEX fields_number (field=? AND number>?)",
        "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)",
        "CORRELATED SCALAR SUBQUERY 1",
        "SEARCH t USING PRIMARY KEY (version=? AND tag=?)",
        "CORRELATED SCALAR SUBQUERY 2",
        "SEARCH t USING PRIMARY KEY (version=? AND tag=?)",
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
    ]


def test_a_keyed_sort_without_a_bound_has_a_part_for_each_kind_of_value(db: sqlite3.Connection) -> None:
    plan = make_plan("", "metrics.acc")
    assert [explain(db, part, plan)[0] for part in plan.ordered] == [
        "SEARCH s USING COVERING INDEX fields_number (field=? AND number>?)",
        "SEARCH s USING COVERING INDEX fields_text (field=? AND text>?)",
        "SEARCH s USING COVERING INDEX fields_text (field=? AND text=?)",
        "SCAN v USING INDEX versions_created",
    ]


@pytest.mark.parametrize(
    ("sort", "steps"),
    [
        ("-created", ["SCAN v USING INDEX versions_created", "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]),
        ("size", ["SCAN v USING INDEX versions_size", "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]),
        ("-id", ["SCAN v USING INDEX sqlite_autoindex_versions_1"]),
        (
            "name",
            [
                "SCAN s USING COVERING INDEX sqlite_autoindex_lines_1",
                "SEARCH v USING INDEX sqlite_autoindex_versions_2 (line=?)",
                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
            ],
        ),
        (
            "-project",
            [
                "SCAN s USING COVERING INDEX lines_project",
                "SEARCH v USING INDEX sqlite_autoindex_versions_2 (line=?)",
                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
            ],
        ),
    ],
)
def test_an_indexed_sort_is_walked(db: sqlite3.Connection, sort: str, steps: list[str]) -> None:
    plan = make_plan("", sort)
    assert [explain(db, part, plan) for part in plan.ordered] == [steps]


def test_a_bound_on_the_sorted_column_is_used(db: sqlite3.Connection) -> None:
    plan = make_plan("created > 2026-01-01", "created")
    assert explain(db, plan.ordered[0], plan)[0] == "SEARCH v USING INDEX versions_created (created>?)"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("tag:prod", "SEARCH tags USING COVERING INDEX tags_tag (tag=?)"),
        ("metrics.acc > 0.9", "SEARCH f USING COVERING INDEX fields_number (field=? AND number>?)"),
        ("metadata.owner = risk", "SEARCH f USING COVERING INDEX fields_text (field=? AND text=?)"),
        ("id = 3f9c", "SEARCH versions USING COVERING INDEX sqlite_autoindex_versions_1 (id>? AND id<?)"),
        ("size > 1GB", "SEARCH versions USING COVERING INDEX versions_size (size>?)"),
        ("task = 01J", "SEARCH versions USING COVERING INDEX versions_task (task=?)"),
        ("name = fraud/xgb", "SEARCH l USING COVERING INDEX sqlite_autoindex_lines_1 (key=?)"),
        ("parents(abcd)", "SEARCH parents USING COVERING INDEX parents_parent (parent=?)"),
    ],
)
def test_a_selective_term_drives(db: sqlite3.Connection, text: str, first: str) -> None:
    plan = make_plan(f"author = ada and {text}", "number")
    (driver,) = plan.drivers
    assert first in explain(db, driver.select, plan)
    assert "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)" in explain(db, driver.select, plan)
    assert not any("SCAN v" in step for step in explain(db, driver.select, plan))


def test_descent_goes_from_parent_to_child_by_index(db: sqlite3.Connection) -> None:
    plan = make_plan("descends(abcd)")
    steps = explain(db, plan.drivers[0].select, plan)
    assert sum("parents_parent (parent=?)" in step for step in steps) >= 2
    assert not any("SCAN parents" in step or "SCAN p" in step or "SCAN a" in step for step in steps)


def test_a_union_drives_only_if_each_arm_can() -> None:
    assert len(make_plan("tag:a or metrics.acc > 1").drivers) == 1
    assert make_plan("tag:a or author = ada").drivers == ()
    assert make_plan("tag:a or not tag:b").drivers == ()


def test_a_scan_reads_versions_once_in_their_order(db: sqlite3.Connection) -> None:
    plan = make_plan("metrics.acc > 0.1 and metrics.loss < 1", "-metrics.acc", limit=None)
    steps = explain(db, plan.scan, plan)
    assert steps[0] == "SCAN v"
    assert {"SEARCH s USING PRIMARY KEY (version=? AND field=?)", ON_FIELD} <= set(steps)
    assert plan.scan.endswith("v.id ")  # a LIMIT, even of -1, would make SQLite sort by a slower way


def test_nothing_a_user_wrote_is_in_a_statement() -> None:
    plan = make_plan('metadata."odd key" = "odd value" and tag:oddtag and descends(oddref)', '-params."odd sort"')
    for statement in (plan.scan, *plan.ordered, *(driver.select + driver.probe for driver in plan.drivers)):
        assert "odd" not in statement
