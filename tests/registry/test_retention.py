"""The retention grammar: what it reads, where it says that it cannot, and which versions it keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.registry.api import Registry
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.registry.retention import EXAMPLE, Rule, check_keep, find_keepers, parse_keep
from tests.registry.making import add_metrics


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def kept(registry: Registry, text: str) -> dict[int, str]:
    rows = [registry.get_row(f"a/b:{number}") for number in range(1, registry.get_row("a/b").number + 1)]
    keepers = find_keepers(parse_keep(text), rows)
    return {row.number: keepers[row.id] for row in rows if row.id in keepers}


def test_the_example_reads() -> None:
    assert parse_keep(EXAMPLE) == (
        Rule("last", "last 5", 5),
        Rule("max", "best 3 max(metrics.acc)", 3, "metrics.acc"),
        Rule("min", "best 2 min(metrics.loss)", 2, "metrics.loss"),
        Rule("published", "published"),
    )


def test_space_and_case_do_not_matter() -> None:
    assert parse_keep("LAST 5,Best  3 MAX( metrics.acc )")[1].field == "metrics.acc"
    assert parse_keep("best 1 max(metrics.'top 1')")[0].field == "metrics.top 1"


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "expected `last`", 0),
        ("newest 5", "expected `last`", 0),
        ("last", "expected a number after `last`", 4),
        ("last 0", "expected a number", 5),
        ("last -1", "expected a number", 5),
        ("last 5 best 3", "expected `,` or the end", 7),
        ("last 5,", "expected `last`", 7),
        ("best 3", "expected `max", 6),
        ("best 3 metrics.acc", "expected `max", 7),
        ("best 3 max metrics.acc", "expected `(`", 11),
        ("best 3 max(metrics.acc", "expected `)`", 22),
        ("best 3 max()", "no field", 11),
        ("best 3 max(acc)", "no field 'acc'", 11),
        ("best 3 max(framework)", "is no number", 11),
        ("best 3 max(design.a)", "is no number", 11),
    ],
)
def test_an_error_shows_the_place(text: str, problem: str, place: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse_keep(text)
    message, _, mark = caught.value.message.split("\n")
    assert problem in message
    assert mark.index("^") == 2 + place


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_to_keep_is_refused(text: str | None) -> None:
    with pytest.raises(UsageError, match="nothing says what to keep"):
        check_keep(text)


RULES = st.one_of(
    st.integers(1, 10**6).map(lambda count: f"last {count}"),
    st.tuples(st.integers(1, 10**6), st.sampled_from(["max", "min"]), st.sampled_from(["metrics.a", "size", "created"]))
    .map(lambda rule: "best {} {}({})".format(*rule)),
    st.just("published"),
)  # fmt: skip


@given(st.lists(RULES, min_size=1, max_size=6))
def test_rules_read_back_as_they_were_written(rules: list[str]) -> None:
    assert [rule.text for rule in parse_keep(", ".join(rules))] == rules


@given(st.text(alphabet="lastbespublihdmxin0123456789(),.' \"", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert parse_keep(text)


def test_the_last_are_those_with_the_highest_numbers(registry: Registry) -> None:
    add_metrics(registry, "a/b", {}, {}, {}, {})
    assert kept(registry, "last 2") == {3: "last 2", 4: "last 2"}
    assert len(kept(registry, "last 99")) == 4


def test_the_best_are_rated_and_the_newest_of_equals_wins(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"acc": 0.9}, {"acc": 0.5}, {"acc": 0.9}, {"acc": math.nan}, {}, {"acc": math.inf})
    assert list(kept(registry, "best 2 max(metrics.acc)")) == [3, 6]
    assert list(kept(registry, "best 1 min(metrics.acc)")) == [2]
    assert list(kept(registry, "best 9 max(metrics.acc)")) == [1, 2, 3, 6]
    assert kept(registry, "best 9 max(metrics.other)") == {}
    assert list(kept(registry, "best 1 max(number)")) == [6]
    assert list(kept(registry, "best 1 min(created)")) == [1]


def test_the_first_rule_that_keeps_is_named(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"acc": 0.9}, {"acc": 0.5}, {"acc": 0.6})
    publish_versions(registry, ["a/b:1", "a/b:2"])
    assert kept(registry, "best 1 max(metrics.acc), last 1, published") == {
        1: "best 1 max(metrics.acc)",
        2: "published",
        3: "last 1",
    }
