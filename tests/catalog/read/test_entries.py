"""Entries, aliases and ancestors as they are read from the index."""

from __future__ import annotations

from datetime import timedelta

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import entries
from registry_cli.catalog.read.aliases import find_holder, list_steps
from registry_cli.catalog.read.ancestry import list_relatives
from registry_cli.catalog.read.journal import find_slot
from registry_cli.ids import AliasName, VersionId
from tests.catalog.builders import START, Catalog

PROD = AliasName("prod")


def test_entries() -> None:
    catalog = Catalog()
    assert entries.find_last_entry(catalog.db) is None
    version = catalog.add()
    assert catalog.apply(changes.archive(version)) is None
    assert catalog.apply(changes.archive(version)) is not None
    last = entries.find_last_entry(catalog.db)
    assert last is not None
    assert (last.seq, last.time) == (3, START + timedelta(seconds=3))
    assert find_slot(catalog.db, last.id) == 3
    assert find_slot(catalog.db, "none") is None
    assert entries.list_by_prefix(catalog.db, last.id[:24], 5) == [last.id]
    assert len(entries.list_by_prefix(catalog.db, "", 2)) == 2
    assert entries.list_slots(catalog.db, 1) == [2, 3]
    assert (entries.count_void(catalog.db), [seq for seq, _ in entries.list_void(catalog.db)]) == (1, [3])
    assert [change["op"] for _, change in entries.iter_first_changes(catalog.db)] == ["archive", "add-version"]
    assert entries.find_columns(catalog.db, 4) is None


def test_an_alias_and_who_held_it() -> None:
    catalog = Catalog()
    one, two = catalog.add(), catalog.add()
    assert find_holder(catalog.db, 1, PROD) is None
    for version, old in ((one, None), (two, one), (None, two)):
        assert catalog.apply(changes.alias(PROD, version=version, old=old)) is None
        assert find_holder(catalog.db, 1, PROD) == version
    assert list_steps(catalog.db, 1, PROD) == [None, one, two, None]


def test_the_steps_of_an_alias_leave_out_what_is_undone() -> None:
    catalog = Catalog()
    one, two, three = catalog.add(), catalog.add(), catalog.add()
    assert list_steps(catalog.db, 1, PROD) == []

    def move(version: VersionId | None, old: VersionId | None, **more: object) -> list[VersionId | None]:
        assert catalog.apply({**changes.alias(PROD, version=version, old=old), **more}) is None
        return list_steps(catalog.db, 1, PROD)

    assert move(one, None) == [None, one]
    assert move(two, one) == [None, one, two]
    assert move(one, two) == [None, one, two, one]
    assert move(two, one, back=True) == [None, one, two]
    assert move(one, two, back=True) == [None, one]
    assert move(three, one) == [None, one, three]
    assert move(None, three, back=True) == [None]
    assert move(three, None, undoes="the move back") == [None, three]


def test_relatives_come_level_by_level() -> None:
    catalog = Catalog()
    root = catalog.add()
    left, right = catalog.add(parents=(root,)), catalog.add(parents=(root,))
    leaf = catalog.add(parents=(left, right))
    assert list_relatives(catalog.db, leaf, "up", None) == ([leaf, left, right, root], frozenset())
    assert list_relatives(catalog.db, leaf, "up", 1) == ([leaf, left, right], {left, right})
    assert list_relatives(catalog.db, leaf, "up", 2) == ([leaf, left, right, root], frozenset())
    assert set(list_relatives(catalog.db, root, "down", None).versions) == {root, left, right, leaf}
    assert list_relatives(catalog.db, root, "up", None) == ([root], frozenset())
