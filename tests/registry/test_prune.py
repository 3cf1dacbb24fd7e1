"""Pruning removes what nothing keeps, in one entry, and never what others stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import UsageError
from registry_cli.ids import AliasName, RecordId, VersionId
from registry_cli.opening import Registry
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions
from registry_cli.registry.prune import Pruning, plan_prune, prune_among, prune_versions
from registry_cli.registry.retention import parse_keep
from tests.registry.making import add, add_metrics


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def plan(registry: Registry, keep: str, expr: str = "") -> Pruning:
    return plan_prune(registry, expr, parse_keep(keep))


def fates(found: Pruning) -> dict[str, str | None]:
    return {verdict.version.ref: verdict.kept for verdict in found.verdicts}


def prune(registry: Registry, keep: str, expr: str = "", *, message: str | None = None) -> list[str]:
    agreed = {row.id for row in plan(registry, keep, expr).removed}
    return [row.ref for row in prune_versions(registry, expr, parse_keep(keep), only=agreed, message=message)]


def entries(registry: Registry) -> int:
    return int(registry.index.db.execute("SELECT count(*) FROM entries").fetchone()[0])


def test_rules_hold_for_each_model_by_itself(registry: Registry) -> None:
    add_metrics(registry, "a/one", {}, {}, {})
    add_metrics(registry, "a/two", {})
    assert fates(plan(registry, "last 1")) == {
        "a/one:3": "last 1",
        "a/one:2": None,
        "a/one:1": None,
        "a/two:1": "last 1",
    }


def test_all_goes_in_one_entry_with_its_reason(registry: Registry) -> None:
    add_metrics(registry, "a/b", {}, {}, {})
    before = entries(registry)
    assert prune(registry, "last 1", message="clean") == ["a/b:2", "a/b:1"]
    assert entries(registry) == before + 1
    assert [row.number for row in registry.query()] == [3]
    newest = registry.read(lambda db: list(iter_changes(db)))[-1]
    assert (newest.op, newest.message) == ("remove", "clean")
    assert prune(registry, "last 1") == []
    assert entries(registry) == before + 1


def test_rules_count_over_the_whole_line(registry: Registry) -> None:
    """With `last 2` the two newest stay, whichever of them the query names."""
    add_metrics(registry, "a/b", {"acc": 0.1}, {"acc": 0.2}, {"acc": 0.9}, {"acc": 0.3})
    found = plan(registry, "last 2", "metrics.acc < 0.5")
    assert fates(found) == {"a/b:4": "last 2", "a/b:2": None, "a/b:1": None}


def test_published_and_aliased_versions_stay_without_a_rule(registry: Registry) -> None:
    add_metrics(registry, "a/b", {}, {}, {}, {})
    publish_versions(registry, ["a/b:1"])
    set_alias(registry, "a/b:2", AliasName("prod"))
    found = plan(registry, "last 1")
    assert fates(found) == {"a/b:4": "last 1", "a/b:3": None, "a/b:2": "alias prod", "a/b:1": "published"}
    assert prune(registry, "last 1") == ["a/b:3"]


def test_the_tag_keep_keeps(registry: Registry) -> None:
    add(registry, "a/b", tags=("keep",))
    add(registry, "a/b", tags=("keep-not",))
    add(registry, "a/b")
    assert fates(plan(registry, "last 1")) == {"a/b:3": "last 1", "a/b:2": None, "a/b:1": "tag keep"}


def test_a_parent_stays_as_long_as_a_child_does(registry: Registry) -> None:
    add(registry, "a/base")
    add(registry, "a/base", parents=(("continue", "a/base:1"),))
    add(registry, "a/base")
    add(registry, "b/tuned", parents=(("base", "a/base:2"),))
    found = plan(registry, "last 1", "project = a")
    assert fates(found) == {"a/base:3": "last 1", "a/base:2": "parent of b/tuned:1", "a/base:1": "parent of a/base:2"}


def test_a_chain_goes_as_a_whole(registry: Registry) -> None:
    add(registry, "a/b")
    for number in range(1, 4):
        add(registry, "a/b", parents=(("continue", f"a/b:{number}"),))
    add(registry, "a/b")
    assert prune(registry, "last 1") == ["a/b:4", "a/b:3", "a/b:2", "a/b:1"]


def test_the_bytes_told_are_those_that_only_they_hold(registry: Registry) -> None:
    add(registry, "a/b", b"x" * 10)
    add(registry, "a/b", b"y" * 100, metrics={"acc": 1})
    add(registry, "a/b", b"y" * 100, metrics={"acc": 2})
    add(registry, "a/b", b"z" * 1000, metrics={"acc": 3})
    add(registry, "c/d", b"z" * 1000)
    add(registry, "a/b", b"last")
    found = plan(registry, "last 1", "project = a")
    assert [row.size for row in found.removed] == [1000, 100, 100, 10]
    assert found.freed == 110


def test_a_long_design_is_a_blob_too(registry: Registry) -> None:
    add(registry, "a/b", b"x", design="d" * 5000)
    add(registry, "a/b", b"y", design="e" * 6000)
    add(registry, "a/b", b"z", design="e" * 6000)
    assert plan(registry, "last 1").freed == 5002


def test_archived_versions_go_only_where_the_query_names_them(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"acc": 0.9}, {"acc": 0.8}, {"acc": 0.1}, {"acc": 0.2})
    archive_versions(registry, ["a/b:1", "a/b:2"])
    assert fates(plan(registry, "last 1")) == {"a/b:4": "last 1", "a/b:3": None}
    found = plan(registry, "best 1 max(metrics.acc)", "archived")
    assert fates(found) == {"a/b:2": None, "a/b:1": "best 1 max(metrics.acc)"}


def test_only_what_was_agreed_to_goes(registry: Registry) -> None:
    """What came after the plan stays, and so does what it stands on."""
    add_metrics(registry, "a/b", {}, {}, {})
    agreed = {row.id for row in plan(registry, "last 1").removed}
    add(registry, "a/b", parents=(("continue", "a/b:1"),))
    add(registry, "a/b")
    gone = prune_versions(registry, "", parse_keep("last 1"), only=agreed)
    assert [row.ref for row in gone] == ["a/b:2"]


def test_a_bad_query_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError):
        plan(registry, "last 1", "acc >")


# --- among some versions ----------------------------------------------------------------------------------------------


def test_rules_count_among_the_given_versions_alone(registry: Registry) -> None:
    losses = [{"loss": loss} for loss in (0.1, 0.5, 0.3, 0.4)]
    mine = add_metrics(registry, "a/one", *losses[:2])
    other = add_metrics(registry, "a/one", {"loss": 0.0})
    mine += add_metrics(registry, "a/one", *losses[2:])
    mine += add_metrics(registry, "a/two", {})
    add_metrics(registry, "a/one", {})
    before = entries(registry)
    gone = prune_among(
        registry, [row.id for row in mine], parse_keep("last 1, best 1 min(metrics.loss)"), message="why"
    )
    assert {row.ref for row in gone} == {"a/one:2", "a/one:4"}
    assert entries(registry) == before + 1
    assert registry.read(lambda db: list(iter_changes(db)))[-1].message == "why"
    assert other[0].id in {row.id for row in registry.query()}
    assert prune_among(registry, [row.id for row in mine], parse_keep("last 1, best 1 min(metrics.loss)")) == []
    assert entries(registry) == before + 1


def test_what_others_hold_stays_among_them_too(registry: Registry) -> None:
    rows = add_metrics(registry, "a/b", {}, {}, {}, {}, {})
    rows.append(add(registry, "a/b", tags=("keep",)))
    publish_versions(registry, ["a/b:1"])
    set_alias(registry, "a/b:2", AliasName("prod"))
    add(registry, "c/child", parents=(("base", "a/b:3"),))
    rows.append(add(registry, "a/b"))
    gone = prune_among(registry, [row.id for row in rows], parse_keep("last 1"))
    assert [row.ref for row in gone] == ["a/b:5", "a/b:4"]


def test_what_is_gone_or_unknown_does_not_count(registry: Registry) -> None:
    rows = add_metrics(registry, "a/b", {}, {}, {})
    remove_versions(registry, ["a/b:3"])
    unknown = VersionId(RecordId("0" * 64))
    gone = prune_among(registry, [unknown, *(row.id for row in rows)], parse_keep("last 1"))
    assert [row.ref for row in gone] == ["a/b:1"]


def test_a_writer_in_between_is_seen(tmp_path: Path) -> None:
    """Another program publishes what was about to go: it stays."""
    with Registry.init(tmp_path) as registry, Registry.open(registry.path) as other:
        rows = add_metrics(registry, "a/b", {}, {}, {})
        publish_versions(other, ["a/b:1"])
        gone = prune_among(registry, [row.id for row in rows], parse_keep("last 1"))
        assert [row.ref for row in gone] == ["a/b:2"]
