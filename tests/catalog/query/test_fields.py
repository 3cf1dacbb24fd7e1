from __future__ import annotations

import sqlite3

import pytest

from registry_cli.catalog.query.fields import PLAIN, is_field, list_near
from registry_cli.catalog.schema import INDEXES, TABLES


def test_every_plain_field_lies_in_the_index() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES + INDEXES)
    for field in PLAIN.values():
        by_index = f"INDEXED BY {field.index}" if field.index else ""
        db.execute(f"SELECT {field.column.format(v='v')} FROM versions v {by_index} ORDER BY 1").fetchall()
    db.close()


def test_keyed_fields_need_a_key() -> None:
    assert is_field("metrics.auc")
    assert not is_field("metrics")
    assert not is_field("metrics.")
    assert not is_field("size.x")


@pytest.mark.parametrize(
    ("name", "near"),
    [("metric.auc", ["metrics.auc"]), ("Created", ["created"]), ("label", ["labels.KEY"]), ("xyzzy", [])],
)
def test_near_fields(name: str, near: list[str]) -> None:
    assert list_near(name)[:1] == near
