"""Every change of a model is told in words, and a metric is followed over its versions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError
from registry_cli.ids import AliasName, TagName, parse_model_name
from registry_cli.registry.add import add_url
from registry_cli.registry.aliases import remove_alias, set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.registry.editing import Edit, edit_versions, tag_versions
from registry_cli.registry.history import Series, read_history
from registry_cli.registry.lifecycle import (
    archive_versions,
    publish_versions,
    remove_versions,
    rename_model,
    restore_versions,
)
from tests.registry.making import add, add_metrics


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def told(registry: Registry, name: str = "a/b") -> list[str]:
    """Return what happened, oldest first, but for the first version."""
    changes = sorted(read_history(registry, name).changes, key=lambda one: one.row.seq)  # of one entry, in their order
    return [one.what for one in changes][1:]


def series(registry: Registry, metric: str | None = None) -> Series:
    found = read_history(registry, "a/b", metric=metric).series
    assert found is not None
    return found


def test_new_versions(registry: Registry) -> None:
    add(registry, "c/d", b"1")
    add(registry, "a/b", b"1234")
    add(registry, "a/b", b"12345", parents=(("continue", "a/b:1"), ("base", "c/d")), tags=("new",), aliases=("best",))
    add_url(registry, Draft(parse_model_name("a/b")), "https://example.org/m.pth")
    assert told(registry) == [
        "added model.bin, 5 bytes; continue :1, base c/d:1",
        "tags +new",
        "alias best → :2",
        "added m.pth",
    ]


def test_aliases_and_tags(registry: Registry) -> None:
    add_metrics(registry, "a/b", {})
    set_alias(registry, "a/b:1", AliasName("prod"))
    add_metrics(registry, "a/b", {"acc": 1})
    set_alias(registry, "a/b:2", AliasName("prod"))
    remove_alias(registry, "a/b@prod")
    tag_versions(registry, ["a/b:1"], add=(TagName("x"), TagName("y")))
    tag_versions(registry, ["a/b:1"], add=(TagName("z"),), remove=(TagName("x"),))
    words = told(registry)
    assert words[0] == "alias prod → :1"
    assert words[2:] == ["alias prod :1 → :2", "alias prod :2 → nobody", "tags +x +y", "tags +z -x"]


def test_edits(registry: Registry) -> None:
    add(registry, "a/b", metrics={"acc": 0.5}, metadata={"owner": "risk team", "old": True})
    edit_versions(
        registry,
        ["a/b:1"],
        Edit(
            put={"metrics.acc": 0.75, "metadata.owner": "me", "framework": "xgboost"},
            unset=("metadata.old",),
            labels={"cat": 1},
            comment="two words",
            design=DesignSource(b"{}", "application/json"),
        ),
    )
    assert told(registry) == [
        'set comment to "two words", design set, set framework to xgboost, set labels.cat to 1, '
        'unset metadata.old, was true, metadata.owner "risk team" → me, metrics.acc 0.5 → 0.75'
    ]


def test_a_life(registry: Registry) -> None:
    add(registry, "a/b")
    publish_versions(registry, ["a/b:1"])
    archive_versions(registry, ["a/b:1"])
    restore_versions(registry, ["a/b:1"])
    set_alias(registry, "a/b:1", AliasName("prod"))
    remove_versions(registry, ["a/b:1"], force=True, message="wrong data")
    rename_model(registry, "a/b", "a/c")
    words = told(registry, "a/c")
    assert words == [
        "published",
        "archived",
        "restored",
        "alias prod → :1",
        "removed, held prod",
        "renamed a/b → a/c",
    ]
    assert told(registry, "a/b") == words
    assert read_history(registry, "a/b").name == "a/c"


def test_newest_first_with_who_and_why(registry: Registry) -> None:
    add(registry, "a/b", message="first try")
    add(registry, "a/b", message="second try")
    add(registry, "x/y")
    newest, oldest = read_history(registry, "a/b").changes
    assert (newest.row.ref, newest.row.author, newest.row.message) == ("a/b:2", "tester", "second try")
    assert oldest.row.message == "first try"
    assert read_history(registry, "a/b", limit=1).changes == (newest,)
    assert read_history(registry, "a/b", limit=0).changes == ()


def test_the_commonest_metric_is_followed(registry: Registry) -> None:
    add_metrics(registry, "a/b", {"zeta": 1}, {"zeta": 2, "acc": 0.5}, {"zeta": math.nan}, {"acc": 0.7, "zeta": 4})
    assert series(registry) == Series("metrics.zeta", ((1, 1), (2, 2), (3, None), (4, 4)))
    remove_versions(registry, ["a/b:1"])
    assert series(registry) == Series("metrics.acc", ((2, 0.5), (3, None), (4, 0.7)))
    assert series(registry, "zeta") == series(registry, "metrics.zeta")


def test_a_metric_that_no_version_has(registry: Registry) -> None:
    add_metrics(registry, "a/b", {})
    assert read_history(registry, "a/b").series is None
    add_metrics(registry, "a/b", {"acc": math.inf})
    assert series(registry).points == ((1, None), (2, None))
    with pytest.raises(NotFoundError) as caught:
        read_history(registry, "a/b", metric="f1")
    assert caught.value.hint == "reg model history a/b --metric metrics.acc"
    with pytest.raises(NotFoundError):
        read_history(registry, "a/nothing")
