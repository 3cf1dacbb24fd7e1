from __future__ import annotations

import unicodedata
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry_cli.catalog.query.ast import (
    And,
    Compare,
    Expr,
    Has,
    Held,
    In,
    Kin,
    Label,
    Not,
    Or,
    Other,
    Time,
    Word,
    all_of,
    any_of,
    format_query,
)
from registry_cli.catalog.query.fields import KEYED
from registry_cli.catalog.query.parse import DEEPEST, LONGEST, MOST_TERMS, parse_query
from registry_cli.errors import UsageError

to_nfc = partial(unicodedata.normalize, "NFC")
TEXT = st.text(max_size=12)
FIELD = st.tuples(st.sampled_from(KEYED), TEXT.filter(bool)).map(".".join)
LITERAL = st.one_of(TEXT, st.booleans(), st.integers(-(10**17), 10**17), st.floats(allow_nan=False))
REF = TEXT.filter(bool)
LEAF = st.one_of(
    st.builds(Compare, FIELD, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), LITERAL),
    st.builds(Compare, FIELD, st.sampled_from(["~", "!~"]), TEXT),
    st.builds(Compare, st.just("created"), st.just(">"), st.sampled_from([Time("now-7d"), Time("2026-01-01T10:00Z")])),
    st.builds(Compare, st.just("size"), st.just("<"), st.builds(Other, st.just("a.b"), FIELD)),
    st.builds(In, FIELD, st.lists(LITERAL, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Has, FIELD),
    st.builds(Label, st.sampled_from(["tag", "alias", "task", "scan"]), TEXT.filter(bool).map(to_nfc)),
    st.builds(Kin, st.sampled_from(["descends", "parents"]), REF),
)
EXPR = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(all_of),
        st.lists(inner, min_size=2, max_size=3).map(any_of),
        inner.map(Not),
    ),
    max_leaves=8,
)


@given(EXPR)
@example(Compare("metadata.\\", "=", '\\"'))
@example(Label("tag", "a)b"))
def test_a_formatted_query_parses_to_itself(expr: Expr) -> None:
    assert parse_query(format_query(expr)) == expr


@given(st.text(alphabet="()<>=!~@\"'\\,.: -andortgnihsmec19*#é\n\t", max_size=40))
def test_any_text_is_a_query_or_a_usage_error(text: str) -> None:
    try:
        expr = parse_query(text)
    except UsageError:
        return
    assert parse_query(format_query(expr)) == expr


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Label("tag", name) for name in "abc")
    assert parse_query("not tag:a and tag:b or tag:c") == Or((And((Not(a), b)), c))
    assert parse_query("tag:a and (tag:b or tag:c)") == And((a, Or((b, c))))
    assert parse_query("tag:a AND tag:b And tag:c") == And((a, b, c))


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("metrics.auc>0.9", Compare("metrics.auc", ">", 0.9)),
        ("metrics.auc == -1", Compare("metrics.auc", "=", -1)),
        ("metrics.auc = inf", Compare("metrics.auc", "=", float("inf"))),
        ("params.seed = 99999999999999999999", Compare("params.seed", "=", 1e20)),
        ('metadata.v = "1.10"', Compare("metadata.v", "=", "1.10")),
        ("metadata.\"my key\".x != 'a b'", Compare("metadata.my key.x", "!=", "a b")),
        ("metadata.ok = true", Compare("metadata.ok", "=", True)),
        ("comment = 42", Compare("comment", "=", "42")),
        ("size > 1GB", Compare("size", ">", 10**9)),
        ("size <= 1.5kib", Compare("size", "<=", 1536)),
        ("created > 2026-01-01T10:00", Compare("created", ">", Time("2026-01-01T10:00"))),
        ("created >= now-7d", Compare("created", ">=", Time("now-7d"))),
        ("bert", Word("bert")),
        ("'tag' large-v2 and not \"published\"", And((Word("tag"), Word("large-v2"), Not(Word("published"))))),
        ("created = yesterday", Compare("created", "=", Time("yesterday"))),
        ("file.path !~ *.bin", Compare("file.path", "!~", "*.bin")),
        ("framework in (xgboost, 'light gbm')", In("framework", ("xgboost", "light gbm"))),
        ("number not in (1,2)", In("number", (1, 2), negated=True)),
        ("name~fraud/*", Compare("name", "~", "fraud/*")),
        ('author !~ "a[bc]?"', Compare("author", "!~", "a[bc]?")),
        ("metrics.auc > @prod.metrics.auc", Compare("metrics.auc", ">", Other("prod", "metrics.auc"))),
        ("size < @v1.2.size", Compare("size", "<", Other("v1.2", "size"))),
        ("published and not archived", And((Compare("published", "=", True), Not(Compare("archived", "=", True))))),
        ("has( metrics.auc )", Has("metrics.auc")),
        ("not has(@v1.0) or has(@prod)", Or((Not(Held("v1.0")), Held("prod")))),
        ('tag:"with space"', Label("tag", "with space")),
        ("task:01JD", Label("task", "01JD")),
        ("descends(fraud/xgb~2)", Kin("descends", "fraud/xgb~2")),
        ("parents( fraud/xgb@prod@{1} )", Kin("parents", "fraud/xgb@prod@{1}")),
    ],
)
def test_each_form(text: str, expr: Expr) -> None:
    assert parse_query(text) == expr


@pytest.mark.parametrize(
    ("text", "at", "length", "problem", "accepted"),
    [
        ("metric.acc > 0.9", 0, 10, "there is no field 'metric.acc'", "did you mean `metrics.acc`?"),
        ("tag:a and framwork = x", 10, 8, "there is no field 'framwork'", "did you mean `framework`?"),
        ("files.path = x", 0, 10, "there is no field 'files.path'", "did you mean `file.path`?"),
        ("files.sha256", 0, 12, "there is no field 'files.sha256'", "did you mean `file.sha256`?"),
        ("metrics > 1", 0, 7, "there is no field 'metrics'", "did you mean `metrics.KEY`?"),
        ("tag = prod", 0, 3, "there is no field 'tag'", "did you mean `tag:x`?"),
        ("metrics.a >", 11, 1, "a value is missing here", None),
        ("(tag:a", 6, 1, "expected `)` here", None),
        ("tag:a tag:b", 6, 5, "expected `and`, `or` or the end here", None),
        ("bert tag:a", 5, 5, "expected `and`, `or` or the end here", None),
        ("metric.acc", 0, 10, "there is no field 'metric.acc'", "did you mean `metrics.acc`?"),
        ("tag:a and", 9, 1, "expected a field, a label or `(` here", None),
        ("name = 'x", 7, 1, "this quote is not closed", None),
        ("size > big", 7, 3, "`size` is a size, such as 500MB or 1GiB", None),
        ("number = 'x'", 9, 3, "`number` is a number", None),
        (
            "created > tomorrow",
            10,
            8,
            "a time is written 2026-01-31, 2026-01-31T10:00, today, yesterday or now-7d (s m h d w)",
            None,
        ),
        ("file.path > a", 10, 1, "`file.path` is equal or matches", "write `=`, `!=`, `~` or `!~`"),
        ("file.sha256 = xyz", 14, 3, "an id is 4 or more hex digits", None),
        (
            "has(file.path)",
            4,
            9,
            "a version may have many files: `file.path` can be compared with a value, and no more",
            None,
        ),
        ("created > 2026-02-31", 10, 10, "day is out of range for month", None),
        ("published = maybe", 12, 5, "`published` is true or false", None),
        ("id = 3f", 5, 2, "an id is 4 or more hex digits", None),
        ("step ~ 1", 5, 1, "`~` matches text, and `step` is none", None),
        (
            "metrics.auc",
            11,
            1,
            "expected a comparison after `metrics.auc`",
            "write `metrics.auc = …`, or `has(metrics.auc)`",
        ),
        ("size > @prod.name", 7, 10, "`size` and `name` are not of one type", None),
        ("size > @prod", 7, 5, "after `@` come an alias, a dot and a field", "write it as in `@prod.size`"),
        ("descends()", 9, 1, "an address is missing here", "write it as in `descends(fraud/xgb:1)`"),
        ("", 0, 1, "expected a field, a label or `(` here", None),
    ],
)
def test_an_error_points_at_its_place(text: str, at: int, length: int, problem: str, accepted: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(text)
    first, shown, mark = caught.value.message.split("\n")
    assert (first, shown, mark) == (
        f"{problem}: {accepted}" if accepted else problem, f"  {text}", "  " + " " * at + "^" * length)  # fmt: skip
    assert caught.value.hint == "reg help query"


def test_a_long_query_is_shown_around_the_error() -> None:
    text = " and ".join(["tag:a"] * 60) + " and nonsense = 1 and tag:b" + " or tag:c" * 60
    with pytest.raises(UsageError) as caught:
        parse_query(text)
    _, shown, mark = caught.value.message.split("\n")
    assert len(shown) < 120
    assert shown[mark.index("^") : mark.rindex("^") + 1] == "nonsense"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not " * (DEEPEST + 1) + "tag:a", "nested deeper"),
        ("(" * 10_000, "nested deeper"),
        (" or ".join(["tag:a"] * (MOST_TERMS + 1)), "more than"),
        ("a" * (LONGEST + 1), "characters"),
    ],
)
def test_hostile_input_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_query(text)
