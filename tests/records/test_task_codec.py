"""Tasks as bytes: what automatic logging adds to a record comes back, and is told apart from nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import CorruptError
from registry_cli.ids import RecordId, TaskId, VersionId
from registry_cli.records.task import LOADS, Auto, Input, Recipe, Task
from registry_cli.records.task_codec import dump_task, load_task
from registry_cli.records.toml import dump_table, load_table
from tests.records import strategies

RULES = st.booleans() | st.lists(strategies.text, max_size=3).map(tuple)
AUTOS = st.builds(
    Auto,
    st.dictionaries(strategies.keys, RULES, max_size=4),
    st.sampled_from(LOADS),
    strategies.maybe(strategies.text),
)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)
INPUTS = st.lists(st.builds(Input, NAMES, strategies.versions_ids, NAMES, strategies.maybe(NAMES)), max_size=3)
VERSION = VersionId(RecordId("ab" * 32))


def make_task(auto: Auto | None = None, inputs: tuple[Input, ...] = ()) -> Task:
    return Task(TaskId("01JD0000000000000000000000"), "it", "", "draft", 0, datetime(2026, 1, 1, tzinfo=UTC), "me",
                Recipe(("true",), auto=auto), inputs=inputs)  # fmt: skip


@pytest.mark.slow
@given(strategies.maybe(AUTOS), INPUTS.map(tuple))
def test_what_is_heard_comes_back(auto: Auto | None, inputs: tuple[Input, ...]) -> None:
    task = make_task(auto, inputs)
    data = dump_task(task)
    assert load_task(data, "it") == task
    assert dump_task(load_task(data, "it")) == data


def test_a_task_without_it_says_nothing_of_it() -> None:
    table = load_table(dump_task(make_task(inputs=(Input("base", VERSION, "a/b"),))), "it")
    assert "auto" not in table["recipe"]
    assert table["inputs"] == [{"name": "base", "version": VERSION, "ref": "a/b"}]
    assert load_table(dump_task(make_task(Auto())), "it")["recipe"]["auto"] == {}


@pytest.mark.parametrize(
    "auto",
    [
        {"loads": "some"},
        {"loads": 3},
        {"keep": 3},
        {"frameworks": {"pytorch": "final*.pt"}},
        {"frameworks": {"pytorch": [1]}},
        {"frameworks": True},
        "yes",
    ],
    ids=str,
)
def test_nonsense_is_refused(auto: object) -> None:
    table: dict[str, Any] = {**load_table(dump_task(make_task()), "it")}
    with pytest.raises(CorruptError):
        load_task(dump_table({**table, "recipe": {**table["recipe"], "auto": auto}}), "it")


def test_a_path_is_text() -> None:
    table: dict[str, Any] = {**load_table(dump_task(make_task()), "it")}
    with pytest.raises(CorruptError, match="is not a task record"):
        load_task(dump_table({**table, "inputs": [{"name": "a", "version": VERSION, "ref": "b", "path": 3}]}), "it")
