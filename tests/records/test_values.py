from __future__ import annotations

import enum
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.records.values import (
    check_number,
    check_value,
    flatten,
    format_list,
    format_time,
    parse_metric,
    parse_pair,
    parse_scalar,
)


def printed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.text() | st.from_regex(r"[+-]?[0-9_]{0,22}([.][0-9]*)?(e[+-]?[0-9]{1,3})?", fullmatch=True))
def test_what_is_read_prints_back_the_same(text: str) -> None:
    assert printed(parse_scalar(text)) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.42", 0.42),
        ("1e-07", 1e-07),
        ("true", True),
        ("false", False),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_numbers_and_booleans(text: str, value: object) -> None:
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["1.10", "007", "+1", "1_000", "1e3", "1E5", " 1", "-0", "True", "NaN", "", "٣", "9223372036854775808", "1" * 5000],
)
def test_text_that_only_looks_like_a_number(text: str) -> None:
    assert parse_scalar(text) == text


def test_nan_is_a_number() -> None:
    assert math.isnan(parse_scalar("nan"))


@pytest.mark.parametrize(
    ("text", "value"), [("1.10", 1.1), ("1e-3", 0.001), ("+5", 5), ("007", 7), ("-inf", -math.inf), ("0.93", 0.93)]
)
def test_metrics_are_always_numbers(text: str, value: float) -> None:
    assert parse_metric(text, "acc") == value


def test_a_metric_may_be_nan() -> None:
    assert math.isnan(parse_metric("NaN", "acc"))


@pytest.mark.parametrize("text", ["", "high", "9223372036854775808", "1" * 5000, "0x10", "1,5", "++1"])
def test_what_is_no_metric(text: str) -> None:
    with pytest.raises(UsageError, match="acc"):
        parse_metric(text, "acc")


@pytest.mark.parametrize("value", [True, "1", None, [1], 2**63, datetime.now(UTC)])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(UsageError, match="loss"):
        check_number(value, "loss")


@pytest.mark.parametrize(
    ("word", "pair"),
    [
        ("owner=risk", ("owner", "risk")),
        ("t=0.42", ("t", 0.42)),
        ("version=1.10", ("version", "1.10")),
        ("eq=a=b", ("eq", "a=b")),
        ("empty=", ("empty", "")),
        ('text:="1"', ("text", "1")),
        ("list:=[1, 2.5, true]", ("list", [1, 2.5, True])),
        ('table:={"a": {"b": 1}}', ("table", {"a": {"b": 1}})),
        ("nothing:=null", ("nothing", None)),
        ("url=s3://x:=y", ("url", "s3://x:=y")),
        ("a:b=c", ("a:b", "c")),
    ],
)
def test_pairs(word: str, pair: tuple[str, object]) -> None:
    assert parse_pair(word, option="--meta") == pair


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("auc>0.9", "no value"),
        ("auc", "no value"),
        ("=1", "no key"),
        (":=1", "no key"),
        ("a:=oops", "a:"),
        ("a:=", "a:"),
        ("a:=[null]", "NoneType"),
        ("a:=9223372036854775808", "64 bits"),
        ("a:=" + "[" * 100_000, "a:"),
        ("a:=" + "[" * 60 + "]" * 60, "nested"),
        ('a:={"": 1}', "key"),
        ('a:={"x\\u0000": 1}', "key"),
    ],
)
def test_refused_pairs(word: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pair(word, option="--meta")
    assert why in caught.value.message


def test_an_unquoted_comparison_is_explained() -> None:
    with pytest.raises(UsageError) as caught:
        parse_pair("auc>0.9", option="--metric")
    assert "quote it" in caught.value.message


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, None, object(), b"bytes", {1, 2}, datetime(2026, 1, 1), {1: 2}])
def test_values_that_no_record_holds(value: object) -> None:
    with pytest.raises(UsageError, match="x"):
        check_value(value, "x")


def test_scalars_of_other_libraries_are_taken() -> None:
    class Scalar:
        ndim = 0

        def item(self) -> float:
            return 0.5

    class Color(enum.IntEnum):
        RED = 1

    assert check_value(Scalar(), "x") == 0.5
    assert check_value(Color.RED, "x") == 1


def test_times_are_kept_in_utc() -> None:
    local = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=1, seconds=7)))
    kept = check_value(local, "x")
    assert isinstance(kept, datetime)
    assert kept == local
    assert kept.utcoffset() == timedelta(0)
    assert format_time(local) == "2026-01-01T10:59:53Z"


def test_a_message_names_the_place() -> None:
    with pytest.raises(UsageError, match=r"metadata\.a\[1\]\.b"):
        check_value({"a": [0, {"b": None}]}, "metadata")


def test_flat_tables() -> None:
    assert flatten({"a": {"b": 1, "c": {"d": [1, 2]}}, "e": {}}, "m") == {"m.a.b": 1, "m.a.c.d": [1, 2]}


def test_lists_as_text() -> None:
    assert format_list(["ü", 1]) == '["ü", 1]'
