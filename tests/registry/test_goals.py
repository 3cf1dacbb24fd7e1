"""Goals: what is compared, and in which direction."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from registry_cli.errors import UsageError
from registry_cli.registry.goals import Goal, parse_delta, parse_goal


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("metrics.auc", Goal("max", "metrics.auc")),
        ("max(metrics.auc)", Goal("max", "metrics.auc")),
        ("MIN( metrics.loss )", Goal("min", "metrics.loss")),
        ("min(size)", Goal("min", "size")),
        ("max(metrics.loss)", Goal("max", "metrics.loss")),
        ("metrics.closeness", Goal("max", "metrics.closeness")),
    ],
)
def test_a_goal(text: str, goal: Goal) -> None:
    assert parse_goal(text) == goal


@pytest.mark.parametrize("field", ["loss", "val_loss", "loss.val", "valloss", "RMSE", "word-error", "latency_ms"])
def test_a_name_that_suggests_less_needs_a_direction(field: str) -> None:
    with pytest.raises(UsageError, match=f"is less of `metrics.{field}` better, or more"):
        parse_goal(f"metrics.{field}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a field is missing"),
        ("auc", "there is no field 'auc'"),
        ("framework", "is no number"),
        ("min(framework)", "is no number"),
        ("max(metrics.auc", "expected `\\)`"),
        ("max(metrics.auc) or", "expected `\\)`"),
        ("metrics.auc > 3", "expected the end"),
        ("max", "there is no field"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_goal(text)


def test_a_difference() -> None:
    assert parse_delta("0.01") == Decimal("0.01")
    for text in ("-1", "nan", "inf", "much", ""):
        with pytest.raises(UsageError, match="is no number of 0 or more"):
            parse_delta(text)


@pytest.mark.parametrize(
    ("one", "other", "more", "less"),
    [(2, 1, True, False), (1, 1, False, False), (1, 2, False, True), (math.nan, 1, False, False)],
)
def test_what_is_better(one: float, other: float, more: bool, less: bool) -> None:
    assert Goal("max", "metrics.a").is_better(one, other) == more
    assert Goal("min", "metrics.a").is_better(one, other) == less
