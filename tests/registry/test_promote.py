"""Promotion: an alias moves to a version that is better than its holder, in one entry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import RefusedError, UsageError
from registry_cli.ids import AliasName
from registry_cli.records.entry import Entry
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import Edit, edit_versions
from registry_cli.registry.goals import parse_goal
from registry_cli.registry.lifecycle import archive_versions
from registry_cli.registry.promote import Promotion, promote_version
from tests.registry.making import add_metrics

PROD = AliasName("prod")
METRICS: list[Mapping[str, float]] = [
    {"acc": 0.93, "loss": 2}, {"acc": 0.94, "loss": 1}, {"acc": 0.92, "loss": 3}, {}, {"acc": math.nan},
    {"acc": math.inf},
]  # fmt: skip


@pytest.fixture(autouse=True)
def versions(registry: Registry) -> None:
    add_metrics(registry, "a/m", *METRICS)


def promote(
    registry: Registry, number: int, goal: str = "metrics.acc", *, least: str = "0", require: str | None = None
) -> Promotion:
    return promote_version(
        registry, f"a/m:{number}", PROD, parse_goal(goal), least=Decimal(least), require=require, message="why"
    )


def held(registry: Registry) -> int:
    return registry.get_row("a/m@prod").number


def test_nobody_holds_it(registry: Registry) -> None:
    done = promote(registry, 1)
    assert (done.version.ref, done.number, done.before, done.number_before) == ("a/m:1", 0.93, None, None)
    assert held(registry) == 1


def test_a_better_one_takes_it_in_one_entry(registry: Registry) -> None:
    promote(registry, 1)
    seq = registry.index.head.seq
    done = promote(registry, 2)
    assert (done.version.aliases, done.before and done.before.ref, done.number_before) == (("prod",), "a/m:1", 0.93)
    assert registry.index.head.seq == seq + 1
    last = list(iter_changes(registry.index.db))[-1]
    assert (last.op, last.message, last.change["old"]) == (changes.ALIAS, "why", registry.get_row("a/m:1").id)


@pytest.mark.parametrize(("goal", "better", "worse"), [("metrics.acc", 2, 3), ("min(metrics.loss)", 2, 3)])
def test_direction(goal: str, better: int, worse: int, registry: Registry) -> None:
    promote(registry, 1, goal)
    with pytest.raises(RefusedError, match=f"a/m:{worse} is not better than a/m:1, which holds @prod"):
        promote(registry, worse, goal)
    promote(registry, better, goal)
    assert held(registry) == better


def test_a_refusal_has_the_numbers(registry: Registry) -> None:
    promote(registry, 2)
    with pytest.raises(RefusedError, match=r"metrics\.acc 0\.93 is not above 0\.94\n"):
        promote(registry, 1)
    with pytest.raises(RefusedError, match=r"metrics\.loss 2 is not below 1 by 0\.5 or more\n"):
        promote(registry, 1, "min(metrics.loss)", least="0.5")


def test_the_least_difference_is_exact(registry: Registry) -> None:
    promote(registry, 1)
    with pytest.raises(RefusedError):
        promote(registry, 2, least="0.0101")
    assert promote(registry, 2, least="0.01").version.number == 2  # 0.94 - 0.93 < 0.01 as floats


def test_an_equal_one_is_not_better(registry: Registry) -> None:
    add_metrics(registry, "a/m", {"acc": 0.93})
    promote(registry, 1)
    with pytest.raises(RefusedError):
        promote(registry, 7)


def test_the_holder_keeps_it_without_an_entry(registry: Registry) -> None:
    promote(registry, 1)
    head = registry.index.head
    done = promote(registry, 1)
    assert done.before == done.version
    assert registry.index.sync() == head


def test_a_number_that_is_missing_is_told_what_is_near(registry: Registry) -> None:
    with pytest.raises(RefusedError, match=r"a/m:1 has no number in metrics\.ac: did you mean `metrics\.acc`\?"):
        promote(registry, 1, "metrics.ac")


def test_a_nan_is_told_not_its_own_name(registry: Registry) -> None:
    with pytest.raises(RefusedError, match=r"a/m:5 has no number in metrics\.acc: it is NaN\n"):
        promote(registry, 5)


def test_a_value_that_is_no_number_is_told(registry: Registry) -> None:
    edit_versions(registry, ["a/m:1"], Edit(put={"metadata.owner": "me"}))
    with pytest.raises(RefusedError, match=r"a/m:1 has no number in metadata\.owner: its value is no number\n"):
        promote(registry, 1, "metadata.owner")


@pytest.mark.parametrize("number", [4, 5])
def test_a_missing_number_is_never_better(number: int, registry: Registry) -> None:
    with pytest.raises(RefusedError, match=rf"a/m:{number} has no number in metrics\.acc"):
        promote(registry, number)
    set_alias(registry, f"a/m:{number}", PROD)
    with pytest.raises(RefusedError, match=rf"0\.93, and a/m:{number}, which holds @prod, has no such number"):
        promote(registry, 1)


def test_infinity_is_a_number(registry: Registry) -> None:
    promote(registry, 1)
    assert promote(registry, 6, least="5").version.number == 6
    with pytest.raises(RefusedError):
        promote(registry, 2)


def test_require_holds_too_for_the_first(registry: Registry) -> None:
    with pytest.raises(RefusedError, match="does not satisfy"):
        promote(registry, 1, require="tag:checked")
    assert promote(registry, 1, require="metrics.loss < 3").version.number == 1


def test_an_archived_version_is_refused_with_the_way_back(registry: Registry) -> None:
    archive_versions(registry, ["a/m:1"])
    with pytest.raises(RefusedError) as refused:
        promote(registry, 1)
    assert refused.value.hint == "reg model restore a/m:1"


def test_a_bare_name_is_refused_with_the_exact_command(registry: Registry) -> None:
    with pytest.raises(UsageError) as refused:
        promote_version(registry, "a/m", PROD, parse_goal("metrics.acc"))
    assert refused.value.hint == "reg model promote a/m:6 prod --if-better 'max(metrics.acc)'"


class _Racer:
    """A gate in whose first call another process promotes a better version."""

    def __init__(self, other: Registry) -> None:
        self.other: Registry | None = other

    def check(self, registry: Registry, entry: Entry) -> None:
        if self.other is not None:
            other, self.other = self.other, None
            set_alias(other, "a/m:2", PROD)


@pytest.mark.slow
def test_a_holder_that_comes_in_between_is_compared(registry: Registry) -> None:
    with Registry.open(registry.path) as other:
        registry.gates.append(_Racer(other))
        with pytest.raises(RefusedError, match="is not better than a/m:2"):
            promote(registry, 1)
    assert held(registry) == 2


def test_case_makes_no_other_alias(registry: Registry) -> None:
    promote(registry, 1)
    promote_version(registry, "a/m:2", AliasName("Prod"), parse_goal("metrics.acc"))
    assert (held(registry), registry.get_row("a/m:2").aliases) == (2, ("prod",))
