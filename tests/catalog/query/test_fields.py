from __future__ import annotations

import sqlite3

import pytest

from registry_cli.catalog.query.fields import CRASHED
from registry_cli.catalog.query.subject import TASKS, VERSIONS, Subject, is_field, list_near_fields
from registry_cli.catalog.schema import INDEXES, TABLES


@pytest.mark.parametrize("subject", [VERSIONS, TASKS], ids=lambda subject: subject.rows)
def test_every_field_lies_in_the_index(subject: Subject) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES + INDEXES)
    for field in subject.plain.values():
        by_index = f"INDEXED BY {field.index}" if field.index else ""
        column = field.column.format(v="v")
        db.execute(f"SELECT {column} FROM {subject.rows} v {by_index} ORDER BY 1", {CRASHED: "[]"}).fetchall()
    db.execute(f"SELECT {subject.owner}, field, number, text FROM {subject.fields}").fetchall()
    db.execute(f"SELECT {subject.owner}, tag FROM {subject.tags}").fetchall()
    db.close()


def test_keyed_fields_need_a_key() -> None:
    assert is_field("metrics.auc")
    assert not is_field("metrics")
    assert not is_field("metrics.")
    assert not is_field("size.x")


def test_versions_and_tasks_have_fields_of_their_own() -> None:
    assert is_field("status", TASKS)
    assert is_field("env.SEED", TASKS)
    assert not is_field("status")
    assert not is_field("framework", TASKS)
    assert not is_field("metadata.owner", TASKS)
    assert list_near_fields("exitcode", TASKS) == ["exit_code"]
    assert list_near_fields("metric.loss", TASKS) == ["metrics.loss"]
    assert list_near_fields("seed", TASKS)[0] == "seeds.KEY"


@pytest.mark.parametrize(
    ("name", "near"),
    [("metric.auc", ["metrics.auc"]), ("Created", ["created"]), ("label", ["labels.KEY"]), ("xyzzy", [])],
)
def test_near_fields(name: str, near: list[str]) -> None:
    assert list_near_fields(name)[:1] == near
