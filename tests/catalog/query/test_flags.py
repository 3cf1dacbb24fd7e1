from __future__ import annotations

import pytest

from registry_cli.catalog.query.ast import format_query
from registry_cli.catalog.query.flags import narrow
from registry_cli.catalog.query.parse import parse_query
from registry_cli.errors import UsageError


def test_flags_are_joined_by_and() -> None:
    expr = narrow(
        parse_query("tag:a or tag:b"),
        project=["iris"],
        name=["fraud/*", "Iris"],
        tag=["prod", "-TF"],
        framework=["xgboost"],
        meta=["owner=risk", "n=3", 'v:="1.10"', "gone:=null", "langs:=[1,2]"],
        metric=["auc>0.9", "loss <= 1"],
        published=True,
        archived=True,
    )
    assert expr is not None
    assert format_query(expr) == (
        '(tag:a or tag:b) and project = "iris" and (name ~ "fraud/*" or name = "Iris") and framework = "xgboost"'
        ' and tag:prod and not tag:TF and metadata.owner = "risk" and metadata.n = 3 and metadata.v = "1.10"'
        ' and not has(metadata.gone) and metadata.langs = "[1, 2]" and metrics.auc > 0.9 and metrics.loss <= 1'
        " and published = true and archived = true"
    )


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2d", "created >= now-2d"),
        ("now-12h", "created >= now-12h"),
        ("yesterday", "created >= yesterday"),
        ("2026-01-31 10:00", "created >= 2026-01-31T10:00"),
    ],
)
def test_since_is_a_time_or_a_duration_before_now(since: str, expected: str) -> None:
    expr = narrow(None, since=since)
    assert expr is not None
    assert format_query(expr) == expected
    both = narrow(parse_query("tag:a or tag:b"), since=since, moments=("created", "started"))
    assert both is not None
    assert format_query(both) == f"(tag:a or tag:b) and ({expected} or {expected.replace('created', 'started')})"
    with pytest.raises(UsageError, match="is no time: a time is written"):
        narrow(None, since="2 days")


def test_no_flags_leave_the_query_alone() -> None:
    assert narrow(None) is None
    assert narrow(parse_query("tag:a")) == parse_query("tag:a")


@pytest.mark.parametrize("word", ["auc", "auc>0.9 or tag:x", "auc>"])
def test_a_metric_is_one_comparison(word: str) -> None:
    with pytest.raises(UsageError):
        narrow(None, metric=[word])


def test_a_metric_cut_by_the_shell_is_told_to_quote() -> None:
    with pytest.raises(UsageError, match="no value") as caught:
        narrow(None, metric=["auc"])
    assert "quote it" in caught.value.message
