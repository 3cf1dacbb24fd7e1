from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.ids import (
    NAME_LIMIT,
    is_hex,
    line_key,
    model_segment,
    new_ulid,
    parse_alias,
    parse_model_name,
    parse_tag,
    project_of,
)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    "name",
    [
        "fraud/xgb",
        "My Project/Input Model with Network Design",
        "a/b/c/d",
        "größe/模型-1.2_x",
        "x",
        "cafe/abc",
        "beef/1234",
        "xgb.v1",
        "हिन्दी/क",  # marks belong to letters
        "x" * NAME_LIMIT,
    ],
)
def test_names_of_models(name: str) -> None:
    assert parse_model_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        ("/abs", "starts with `/`"),
        ("-x", "starts with `-`"),
        ("a//b", "empty segment"),
        ("a/", "empty segment"),
        ("a/../b", "segment `..`"),
        ("./b", "segment `.`"),
        ("a/ b", "space"),
        ("a /b", "space"),
        ("a:3", "':'"),
        ("a@prod", "'@'"),
        ("a=b", "'='"),
        ("a~1", "'~'"),
        ("a\nb", "'\\n'"),
        ("a\x00b", "'\\x00'"),
        ("a\u200bb", "'\\u200b'"),
        ("a\udcffb", "'\\xff'"),
        ("a*", "'*'"),
        ("cafe", "hex digits"),
        ("1234", "hex digits"),
        ("a" * (NAME_LIMIT + 1), "201 characters, 200 are allowed"),
    ],
)
def test_a_refused_name_says_which_rule_it_breaks(name: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_model_name(name)
    assert why in caught.value.message
    assert caught.value.hint is not None


@given(st.text(max_size=250))
def test_any_text_is_a_name_that_stays_itself_or_is_refused(text: str) -> None:
    try:
        name = parse_model_name(text)
    except UsageError:
        return
    assert parse_model_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not set("=:@~\\\x00\n") & set(name)
    assert ".." not in name.split("/")
    assert line_key(line_key(name)) == line_key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fraud/XGB", "fraud/xgb"),
        ("caf\u00e9/x", "cafe\u0301/x"),
        ("STRASSE/x", "straße/x"),
        ("CAFE\u0301/x", "café/x"),
    ],
)
def test_names_that_differ_by_case_or_composition_are_one_line(one: str, other: str) -> None:
    assert line_key(one) == line_key(other)


def test_names_that_differ_otherwise_are_two_lines() -> None:
    assert line_key("a/b") != line_key("a/c")


def test_project_of_a_name() -> None:
    assert [project_of(name) for name in ("a/b/c", "a/b", "a")] == ["a/b", "a", ""]


@pytest.mark.parametrize("label", ["prod", "v1.2", "a/b", "größe", "2026-01-01"])
def test_aliases_and_tags(label: str) -> None:
    assert parse_alias(label) == label
    assert parse_tag(label) == label


@pytest.mark.parametrize(
    "label", ["", "a b", "a=b", "a:b", "a@b", "a~1", "a,b", "-x", "a\x00", "a\u202eb", "x" * 101, "a\udc80"]
)
def test_refused_aliases_and_tags(label: str) -> None:
    for parse in (parse_alias, parse_tag):
        with pytest.raises(UsageError):
            parse(label)


def test_digits_alone_are_a_tag_and_no_alias() -> None:
    assert parse_tag("2026") == "2026"
    with pytest.raises(UsageError, match="version number"):
        parse_alias("2026")


def test_an_alias_is_composed() -> None:
    assert parse_alias("cafe\u0301") == "caf\u00e9"


def test_hex() -> None:
    assert is_hex("3f9c")
    assert is_hex("ABC")
    assert not is_hex("3g")
    assert not is_hex("")


@given(st.lists(st.integers(0, (1 << 48) - 1), min_size=2, unique=True))
def test_ulids_sort_as_their_times(milliseconds: list[int]) -> None:
    ulids = [new_ulid((each + 0.5) / 1000) for each in sorted(milliseconds)]
    assert ulids == sorted(ulids)
    assert all(len(ulid) == 26 and set(ulid) <= set(CROCKFORD) for ulid in ulids)


def test_ulids_are_all_different_and_of_now() -> None:
    now = time.time()
    ulids = {new_ulid() for _ in range(1000)}
    assert len(ulids) == 1000
    assert min(ulids)[:9] >= new_ulid(now - 60)[:9]
    assert max(ulids)[:10] <= new_ulid(now + 60)[:10]
    assert new_ulid(0).startswith("0000000000")


@given(st.text())
def test_any_text_is_a_segment(text: str) -> None:
    assert parse_model_name(f"x/{model_segment(text)}"[:NAME_LIMIT].rstrip(" "))
    assert not model_segment(text).startswith("-")


@pytest.mark.parametrize(("text", "segment"), [
    ("lr0.1", "lr0.1"), ("a/b:c", "a-b-c"), ("-- -x", "x"), ("", "task"), ("..", "task"), ("- .", "task"),
    ("." + " " * 300 + "a", "task"), ("we\nird\udcff", "we-ird-"), ("e\u0301", "\xe9"),
])  # fmt: skip
def test_segments(text: str, segment: str) -> None:
    assert model_segment(text) == segment
