"""Undo: the inverse of each change, appended."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import NotFoundError, RefusedError
from registry_cli.ids import AliasName, EntryId, TagName
from registry_cli.opening import Registry
from registry_cli.registry.aliases import remove_alias, set_alias
from registry_cli.registry.draft import DesignSource
from registry_cli.registry.editing import Edit, edit_versions, tag_versions
from registry_cli.registry.lifecycle import (
    archive_versions,
    publish_versions,
    remove_versions,
    rename_model,
    restore_versions,
)
from registry_cli.registry.query import Question
from registry_cli.registry.saved_queries import save_question
from registry_cli.registry.undo import undo_entry
from tests.catalog.builders import Forger
from tests.registry.making import add

PROD = AliasName("prod")


def _last(registry: Registry) -> EntryId:
    return registry.read(lambda db: list(iter_changes(db)))[-1].entry


def _state(registry: Registry) -> object:
    return (
        [version.row for version in registry.query(include_archived=True)],
        registry.get_row("a/m:1"),
        registry.read(versions.read_settings),
        {
            row: registry.index.db.execute(f"SELECT * FROM {row} ORDER BY 1, 2").fetchall()
            for row in ("aliases", "tags")
        },
    )


ACTS: dict[str, Callable[[Registry], object]] = {
    "add": lambda registry: add(registry, "a/m", tags=("x",), aliases=("prod",)),
    "tag": lambda registry: tag_versions(registry, ["a/m:1"], add=[TagName("x")], remove=[TagName("first")]),
    "alias": lambda registry: set_alias(registry, "a/m:1", PROD),
    "alias removed": lambda registry: remove_alias(registry, "a/m@best"),
    "edit": lambda registry: edit_versions(registry, ["a/m:1"], Edit(
        put={"metadata.k": 2, "metadata.new": [1], "metrics.acc": 0.9, "comment": "c"}, unset=("metadata.gone",),
        labels={"dog": 2}, framework="torch", design=DesignSource(b"x", "text/plain"))),
    "archive": lambda registry: archive_versions(registry, ["a/m:1"]),
    "remove": lambda registry: remove_versions(registry, ["a/m:1"], force=True, message="why"),
    "rename": lambda registry: rename_model(registry, "a/m", "b/n"),
    "setting": lambda registry: save_question(registry, "top", Question("metrics.acc > 0.5")),
}  # fmt: skip


@pytest.fixture
def made(registry: Registry) -> Registry:
    add(registry, "a/m", tags=("first",), aliases=("best",), metadata={"k": 1, "gone": True}, metrics={"acc": 0.5},
        labels={"cat": 1}, framework="onnx", message="hello")  # fmt: skip
    save_question(registry, "top", Question("tag:x"))
    return registry


@pytest.mark.parametrize("act", ACTS)
def test_each_change_can_be_undone_and_done_again(made: Registry, act: str) -> None:
    before = _state(made)
    ACTS[act](made)
    after = _state(made)
    assert after != before
    done = undo_entry(made, message="oops")
    assert {change.entry for change in done.changes} != {_last(made)}
    if act == "add":  # its number stays given
        assert [version.number for version in made.query()] == [1]
        assert made.get_row("a/m:2").removed
    else:
        assert _state(made) == before
    undo_entry(made, _last(made))
    assert _state(made) == after


def test_restores_are_undone_by_what_they_ended(made: Registry) -> None:
    remove_alias(made, "a/m@best")
    for hide in (archive_versions, remove_versions):
        hide(made, ["a/m:1"])
        hidden = made.get_row("a/m:1")
        restore_versions(made, ["a/m:1"])
        undo_entry(made)
        assert made.get_row("a/m:1") == hidden
        restore_versions(made, ["a/m:1"])


def test_undo_goes_back_step_by_step(made: Registry) -> None:
    for tag in "xyz":
        tag_versions(made, ["a/m:1"], add=[TagName(tag)])
    for left in (("first", "x", "y"), ("first", "x"), ("first",)):
        undo_entry(made)
        assert made.get_row("a/m").tags == left
    undo_entry(made)
    assert made.read(versions.read_settings) == {}


def test_nothing_to_undo(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="nothing to undo"):
        undo_entry(registry)
    add(registry, "a/m")
    undo_entry(registry)
    with pytest.raises(NotFoundError, match="nothing to undo"):
        undo_entry(registry)


def test_an_entry_by_its_id(made: Registry) -> None:
    tag_versions(made, ["a/m:1"], add=[TagName("x")])
    entry = _last(made)
    tag_versions(made, ["a/m:1"], add=[TagName("y")])
    assert [change.event for change in undo_entry(made, f"{entry.lower()}/0").changes] == [f"{entry}/0"]
    assert made.get_row("a/m").tags == ("first", "y")
    with pytest.raises(NotFoundError, match="no entry starts with `ZZZ`"):
        undo_entry(made, "ZZZ")
    with pytest.raises(NotFoundError, match="more than one entry"):
        undo_entry(made, entry[:3])


def test_undo_says_which_entry_it_undoes(made: Registry) -> None:
    entry = _last(made)
    undo_entry(made, message="oops")
    last = list(iter_changes(made.index.db))[-1]
    assert (last.change["undoes"], last.message) == (entry, "oops")


def test_publish_cannot_be_undone(made: Registry) -> None:
    publish_versions(made, ["a/m:1"])
    head = made.index.head
    with pytest.raises(RefusedError, match="`publish` cannot be undone") as refused:
        undo_entry(made, _last(made))
    assert refused.value.hint == "reg model derive a/m:1"
    assert made.index.sync() == head


def test_what_cannot_be_undone_is_passed_over_and_named(made: Registry) -> None:
    tag_versions(made, ["a/m:1"], add=[TagName("x")])
    tag_entry = _last(made)
    publish_versions(made, ["a/m:1"])
    publish_entry = _last(made)
    done = undo_entry(made)
    assert [change.entry for change in done.changes] == [tag_entry]
    assert [(each.entry, each.ref) for each in done.passed] == [(publish_entry, "a/m:1")]
    assert "`publish` cannot be undone" in done.passed[0].reason
    assert (made.get_row("a/m:1").tags, made.get_row("a/m:1").published) == (("first",), True)


def test_nothing_is_left_but_what_cannot_be_undone(registry: Registry) -> None:
    add(registry, "a/m")
    publish_versions(registry, ["a/m:1"])
    with pytest.raises(NotFoundError, match="nothing to undo: 2 entries cannot be undone"):
        undo_entry(registry)
    assert not registry.get_row("a/m:1").removed


def test_what_is_in_use_since_cannot_be_undone(made: Registry) -> None:
    add(made, "a/m")
    entry = _last(made)
    add(made, "a/child", parents=(("base", "a/m:2"),))
    with pytest.raises(RefusedError, match="a/m:2 is a parent of a/child:1"):
        undo_entry(made, entry)
    set_alias(made, "a/m:1", PROD)
    entry = _last(made)
    set_alias(made, "a/m:2", PROD)
    with pytest.raises(RefusedError, match="moved by somebody else"):
        undo_entry(made, entry)


def test_a_void_entry_cannot_be_undone(made: Registry) -> None:
    forged = Forger(made.path).entry(changes.restore(made.get_row("a/m").id))
    made.index.sync()
    with pytest.raises(RefusedError, match="had no effect"):
        undo_entry(made, forged.id)
    undo_entry(made)  # passes over it
    assert made.read(versions.read_settings) == {}
