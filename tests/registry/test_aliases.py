"""Aliases: moved, expected, required, taken away, given back."""

from __future__ import annotations

import pytest

from registry_cli.catalog.read.aliases import find_holder
from registry_cli.errors import ConflictError, NotFoundError, RefusedError, UsageError
from registry_cli.ids import AliasName
from registry_cli.registry.aliases import list_moves, remove_alias, set_alias, undo_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions, rename_model
from registry_cli.registry.query import find_versions
from registry_cli.registry.undo import undo_entry
from tests.registry.making import add, add_metrics

PROD = AliasName("prod")


@pytest.fixture(autouse=True)
def versions(registry: Registry) -> None:
    add_metrics(registry, "a/m", {"acc": 0.5}, {"acc": 0.7}, {"acc": 0.9})


def _held(registry: Registry) -> int | None:
    holder = registry.read(lambda db: find_holder(db, 1, PROD))
    return registry.get_row(holder).number if holder else None


def test_one_version_of_a_model_holds_it(registry: Registry) -> None:
    assert set_alias(registry, "a/m:1", PROD).aliases == ("prod",)
    assert set_alias(registry, "a/m:2", PROD, message="better").aliases == ("prod",)
    assert registry.get_row("a/m:1").aliases == ()
    add(registry, "b/n")
    set_alias(registry, "b/n:1", PROD)
    assert (registry.get_row("a/m@prod").ref, registry.get_row("b/n@prod").ref) == ("a/m:2", "b/n:1")


def test_setting_it_where_it_is_writes_nothing(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    head = registry.index.head
    assert set_alias(registry, "a/m@prod", PROD).number == 1
    assert registry.index.sync() == head


def test_a_version_may_hold_many(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    assert set_alias(registry, "a/m@prod", AliasName("best")).aliases == ("best", "prod")


def test_an_address_that_speaks_of_the_alias_itself(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    set_alias(registry, "a/m:2", PROD)
    assert set_alias(registry, "a/m@prod@{1}", PROD).ref == "a/m:1"


def test_a_bare_name_is_refused_with_the_exact_address(registry: Registry) -> None:
    with pytest.raises(UsageError) as refused:
        set_alias(registry, "a/m", PROD)
    assert refused.value.hint == "reg model alias a/m:3 prod"


def test_expect(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD, expect="")
    set_alias(registry, "a/m:2", PROD, expect="a/m:1")
    set_alias(registry, "a/m:3", PROD, expect="a/m@prod")
    with pytest.raises(ConflictError, match="a/m@prod is held by a/m:3, not by a/m:2"):
        set_alias(registry, "a/m:1", PROD, expect="a/m:2")
    with pytest.raises(ConflictError, match="held by a/m:3, not by nobody"):
        set_alias(registry, "a/m:1", PROD, expect="")
    with pytest.raises(ConflictError, match="a/m@best is held by nobody, not by a/m:2"):
        set_alias(registry, "a/m:1", AliasName("best"), expect="a/m:2")
    assert _held(registry) == 3


def test_require(registry: Registry) -> None:
    assert set_alias(registry, "a/m:3", PROD, require="metrics.acc > 0.8").number == 3
    with pytest.raises(RefusedError, match=r"a/m:1 does not satisfy `metrics\.acc > 0\.8`"):
        set_alias(registry, "a/m:1", PROD, require="metrics.acc > 0.8")
    with pytest.raises(UsageError):
        set_alias(registry, "a/m:1", PROD, require="metrics.acc >")
    assert _held(registry) == 3


def test_a_query_can_ask_whether_anybody_holds_it(registry: Registry) -> None:
    gate = "not has(@prod) or metrics.acc > @prod.metrics.acc"
    add(registry, "b/n", aliases=("prod",))
    assert set_alias(registry, "a/m:2", PROD, require=gate).number == 2
    with pytest.raises(RefusedError):
        set_alias(registry, "a/m:1", PROD, require=gate)
    assert set_alias(registry, "a/m:3", PROD, require=gate).number == 3
    assert [row.ref for row in registry.query("has(@prod)", sort="name,number")] == ["a/m:1", "a/m:2", "a/m:3", "b/n:1"]
    assert registry.query("has(@best)") == []


@pytest.mark.parametrize("hide", [archive_versions, remove_versions])
def test_what_is_hidden_holds_no_alias(registry: Registry, hide: object) -> None:
    hide(registry, ["a/m:1"])  # type: ignore[operator]  # two functions of one shape
    with pytest.raises(RefusedError):
        set_alias(registry, "a/m:1", PROD)


def test_archived_versions_keep_what_they_hold_and_published_ones_take_it(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    archive_versions(registry, ["a/m:1"])
    assert registry.get_row("a/m@prod").number == 1
    publish_versions(registry, ["a/m:2"])
    assert set_alias(registry, "a/m:2", PROD).aliases == ("prod",)


def test_remove(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    assert remove_alias(registry, "a/m@prod", message="bye").number == 1
    assert _held(registry) is None
    with pytest.raises(NotFoundError):
        remove_alias(registry, "a/m@prod")
    for ref in ("a/m", "a/m:1"):
        with pytest.raises(UsageError, match="names no alias"):
            remove_alias(registry, ref)


def _undo(registry: Registry) -> int | None:
    row = undo_alias(registry, "a/m@prod")
    assert (row and row.number) == _held(registry)
    return row and row.number


def test_each_undo_goes_further_back(registry: Registry) -> None:
    for number in (1, 2, 1, 3):
        set_alias(registry, f"a/m:{number}", PROD)
    assert [_undo(registry) for _ in range(4)] == [1, 2, 1, None]
    with pytest.raises(NotFoundError, match="every move of a/m@prod is undone"):
        undo_alias(registry, "a/m@prod")


def test_undo_after_a_move_that_follows_an_undo(registry: Registry) -> None:
    for number in (1, 2):
        set_alias(registry, f"a/m:{number}", PROD)
    assert _undo(registry) == 1
    set_alias(registry, "a/m:3", PROD)
    assert [_undo(registry) for _ in range(2)] == [1, None]


def test_the_undo_of_an_undo_moves_it_forward_again(registry: Registry) -> None:
    for number in (1, 2):
        set_alias(registry, f"a/m:{number}", PROD)
    assert _undo(registry) == 1
    undo_entry(registry)
    assert _held(registry) == 2
    assert _undo(registry) == 1


def test_undo_of_a_removal(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    remove_alias(registry, "a/m@prod")
    assert [_undo(registry) for _ in range(2)] == [1, None]
    with pytest.raises(NotFoundError, match="never had an alias `best`"):
        undo_alias(registry, "a/m@best")
    with pytest.raises(UsageError, match="names no alias"):
        undo_alias(registry, "a/m:1")


def test_undo_to_a_version_that_is_hidden_is_refused(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    set_alias(registry, "a/m:2", PROD)
    archive_versions(registry, ["a/m:1"])
    with pytest.raises(RefusedError, match="archived") as refused:
        undo_alias(registry, "a/m@prod")
    assert refused.value.hint == "reg model restore a/m:1"
    assert _held(registry) == 2


def test_every_move_is_listed_newest_first(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD, message="first")
    set_alias(registry, "a/m:2", PROD, message="second")
    remove_alias(registry, "a/m@prod", message="third")
    rename_model(registry, "a/m", "a/other")
    moves = list_moves(registry, "a/m")
    assert [(move.message, move.ref) for move in moves] == [
        ("third", "a/other:2"), ("second", "a/other:2"), ("first", "a/other:1")]  # fmt: skip
    assert "version" not in moves[0].change
    with pytest.raises(NotFoundError):
        list_moves(registry, "no/body")


def test_aliases_disregard_case_as_names_do(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    set_alias(registry, "a/m:2", AliasName("Prod"))
    assert [row.aliases for row in registry.list_rows(["a/m:1", "a/m:2"])] == [(), (PROD,)]
    assert registry.get_row("a/m@PROD").number == 2
    assert registry.get_row("a/m@pRod@{1}").number == 1
    assert set_alias(registry, "a/m:2", AliasName("PROD")).aliases == (PROD,)
    for expr, found in (("alias:Prod", [2]), ("metrics.acc >= @PROD.metrics.acc", [3, 2])):
        assert [row.number for row in find_versions(registry, expr)] == found
    row = undo_alias(registry, "a/m@Prod")
    assert row is not None
    assert (row.number, row.aliases) == (1, (PROD,))
    remove_alias(registry, "a/m@PROD")
    assert _held(registry) is None
    set_alias(registry, "a/m:1", AliasName("Prod"))
    assert _held(registry) == 1, "the first spelling stays, even where nobody holds the alias"
    set_alias(registry, "a/m:1", AliasName("GRÜN"))
    assert registry.get_row("a/m@grün").number == 1


def test_a_version_is_added_with_an_alias_in_any_case(registry: Registry) -> None:
    set_alias(registry, "a/m:1", PROD)
    assert add(registry, "a/m", b"new", aliases=("PROD", "Prod")).aliases == (PROD,)
