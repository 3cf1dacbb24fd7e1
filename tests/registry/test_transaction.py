"""One command is one entry: planned on the newest catalog, whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.changes import Change
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import ConflictError, CorruptError, NoRegistryError, RefusedError
from registry_cli.ids import AliasName, TagName
from registry_cli.records.codec import load_entry
from registry_cli.records.entry import Entry
from registry_cli.registry import events, transaction
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.transaction import transact
from registry_cli.registry.undo import undo_entry
from registry_cli.store import file_locks
from registry_cli.store.log import digest_entry
from tests.catalog.builders import Forger
from tests.owners import is_locked
from tests.registry.making import add


@pytest.fixture
def other(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The same registry, opened by somebody else, who does not wait for a turn."""
    assert registry.path.exists()
    monkeypatch.setattr(file_locks, "PATIENCE", 0.001)
    return Registry.open(tmp_path)


def test_an_entry_says_who_when_and_why(registry: Registry) -> None:
    row = add(registry, "a/m")
    entry = transact(registry, lambda: [changes.tag(row.id, add=[TagName("x")])], message="because")
    assert entry is not None
    assert (entry.seq, entry.author, entry.message, entry.rules) == (2, "tester", "because", 1)
    assert entry.tool.startswith("reg ")
    assert entry.previous == digest_entry(registry.log.get(1))
    assert [change.entry for change in iter_changes(registry.index.db, after=1)] == [entry.id]


def test_an_entry_needs_no_newer_rules_than_its_changes(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(changes.OPS, "approve", 7)
    monkeypatch.setattr(changes, "RULES", 7)
    row = add(registry, "a/m")
    tag_versions(registry, ["a/m"], add=[TagName("x")])
    assert [load_entry(registry.log.get(seq), "").rules for seq in (1, 2)] == [1, 1]
    approval: Change = {"op": "approve", "version": row.id}
    assert changes.compute_rules([approval, changes.archive(row.id)]) == 7


def test_writers_plan_one_after_the_other(registry: Registry) -> None:
    row = add(registry, "a/m")
    locked: list[bool] = []

    def plan() -> list[Change]:
        locked.append(is_locked(registry.layout.turn))
        return [changes.archive(row.id)]

    assert transact(registry, plan) is not None
    assert locked == [True]
    assert not is_locked(registry.layout.turn)


def test_a_plan_that_wants_nothing_writes_nothing(registry: Registry) -> None:
    assert transact(registry, list) is None
    assert not registry.log.exists(1)
    assert list(registry.layout.tmp.iterdir()) == []


def test_a_breach_is_refused_before_it_is_written(registry: Registry) -> None:
    row = add(registry, "a/m")
    with pytest.raises(RefusedError, match="`restore` is not allowed") as refused:
        transact(registry, lambda: [changes.tag(row.id, add=[TagName("x")]), changes.restore(row.id)])
    assert refused.value.hint == "reg help lifecycle"
    assert registry.index.sync().seq == 1
    assert registry.get_row("a/m").tags == ()


def test_the_plan_is_made_anew_when_another_writer_was_first(registry: Registry, other: Registry) -> None:
    row = add(registry, "a/m")
    plans: list[tuple[TagName, ...]] = []

    def plan() -> list[Change]:
        plans.append(registry.get_row("a/m").tags)
        if len(plans) == 1:
            tag_versions(other, ["a/m"], add=[TagName("theirs")])
        return [changes.tag(row.id, add=[TagName("ours")])]

    entry = transact(registry, plan)
    assert entry is not None
    assert plans == [(), ("theirs",)]
    assert entry.seq == 3
    assert registry.get_row("a/m").tags == ("ours", "theirs")
    other.close()


def test_a_slot_lost_at_the_last_moment_is_tried_anew(registry: Registry) -> None:
    row, forger = add(registry, "a/m"), Forger(registry.path)
    tried: list[int] = []

    class Late:
        """A gate during whose thinking another writer takes the slot."""

        def check(self, registry: Registry, entry: Entry) -> None:
            tried.append(entry.seq)
            if len(tried) < 3:
                forger.entry(changes.tag(row.id, add=[TagName(f"t{len(tried)}")]))

    registry.gates.append(Late())
    tag_versions(registry, ["a/m"], add=[TagName("ours")])
    assert tried == [2, 3, 4]
    assert registry.get_row("a/m").tags == ("ours", "t1", "t2")


def test_an_expectation_is_checked_anew(registry: Registry) -> None:
    first, second, forger = add(registry, "a/m"), add(registry, "a/m"), Forger(registry.path)
    prod = AliasName("prod")

    class Late:
        def check(self, registry: Registry, entry: Entry) -> None:
            if entry.seq == 3:
                forger.entry(changes.alias(prod, version=second.id, old=None))

    registry.gates.append(Late())
    with pytest.raises(ConflictError, match="held by a/m:2, not by nobody"):
        set_alias(registry, first.ref, prod, expect="")
    assert registry.get_row("a/m@prod").number == 2


def test_what_became_forbidden_meanwhile_is_refused(registry: Registry) -> None:
    row, forger = add(registry, "a/m"), Forger(registry.path)

    class Late:
        def check(self, registry: Registry, entry: Entry) -> None:
            if entry.seq == 2:
                forger.entry(changes.remove(row.id))

    registry.gates.append(Late())
    with pytest.raises(RefusedError, match="a/m:1 is removed"):
        tag_versions(registry, [row.id], add=[TagName("x")])


@pytest.mark.slow
def test_many_changes_are_one_entry(registry: Registry) -> None:
    """However many: whoever is killed in between has done all or nothing, and one `undo` takes all back."""
    row, tag = add(registry, "a/m"), [TagName("x")]
    steps = [changes.tag(row.id, **{"remove" if at % 2 else "add": tag}) for at in range(5001)]
    entry = transact(registry, lambda: steps)
    assert entry is not None
    assert (entry.seq, len(entry.changes), registry.index.head.seq) == (2, 5001, 2)
    assert registry.get_row("a/m").tags == ("x",)
    assert len(undo_entry(registry).changes) == 5001
    assert registry.index.head.seq == 3
    assert registry.get_row("a/m").tags == ()


def test_an_entry_that_nobody_could_read_is_refused(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    row = add(registry, "a/m")
    monkeypatch.setattr(transaction, "SMALL", 1000)
    with pytest.raises(RefusedError, match="20 changes at once make an entry of") as refused:
        transact(registry, lambda: [changes.tag(row.id, add=[TagName(f"t{at}")]) for at in range(20)])
    assert "do it in parts" in refused.value.message
    assert not registry.log.exists(2)
    assert list(registry.layout.tmp.iterdir()) == []
    assert registry.get_row("a/m").tags == ()
    assert transact(registry, lambda: [changes.tag(row.id, add=[TagName("x")])]) is not None


@pytest.mark.slow
def test_two_writers_lose_nothing(registry: Registry, tmp_path: Path) -> None:
    add(registry, "a/m")

    def work(name: str) -> None:
        with Registry.open(tmp_path) as mine:
            for at in range(15):
                tag_versions(mine, ["a/m"], add=[TagName(f"{name}{at}")])

    workers = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    registry.index.sync()
    assert len(registry.get_row("a/m").tags) == 45
    assert registry.index.head.seq == 46
    assert all(row.void is None for row in iter_changes(registry.index.db))


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "cache" not in path.parts)


@pytest.mark.sweep(5)
@pytest.mark.parametrize("others", [None, 0, 1, 2, 5])
@pytest.mark.parametrize("planned", [False, True], ids=["before", "while it plans"])
def test_a_registry_that_was_replaced_is_left_alone(
    registry: Registry, tmp_path: Path, others: int | None, planned: bool
) -> None:
    row = add(registry, "a/m")
    tag_versions(registry, [row.id], add=["x"])
    left: list[Path] = []

    def replace() -> None:
        shutil.rmtree(registry.path)
        if others is not None:
            another = Registry.init(tmp_path)
            for number in range(others):
                add(another, "b/n", str(number).encode())
        left[:] = _list_files(tmp_path)

    def plan() -> list[Change]:
        if planned and not left:
            replace()
        return [changes.tag(row.id, add=[TagName("y")])]

    if not planned:
        replace()
    with pytest.raises((ConflictError, CorruptError, FileNotFoundError)) as told:
        transact(registry, plan)
    if not planned:
        assert isinstance(told.value, ConflictError)
        assert _list_files(tmp_path) == left
    if others is not None:
        fresh = Registry.open(tmp_path)
        assert fresh.index.head.seq == others, "its log is as it was"


def test_one_that_was_replaced_before_its_first_entry_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    shutil.rmtree(registry.path)
    Registry.init(tmp_path)
    with pytest.raises(ConflictError):
        add(registry, "a/m")
    assert Registry.open(tmp_path).index.head.seq == 0


def test_one_that_was_taken_away_before_its_first_entry_stays_away(registry: Registry, tmp_path: Path) -> None:
    shutil.rmtree(registry.path)
    with pytest.raises(NoRegistryError):
        add(registry, "a/m")
    assert not registry.path.exists()


@pytest.mark.parametrize("change", ["UPDATE stamp SET value = '99' WHERE key = 'schema'", "DELETE FROM stamp"])
def test_an_index_that_a_newer_program_made_holds_nobody_up(registry: Registry, tmp_path: Path, change: str) -> None:
    row = add(registry, "a/m")
    tag_versions(registry, [row.id], add=["x"])
    with closing(sqlite3.connect(registry.layout.index)) as db, db:
        db.execute(change)
    tag_versions(registry, [row.id], add=["y"])
    assert registry.get_row(row.id).tags == ("x", "y")
    assert Registry.open(tmp_path).get_row(row.id).tags == ("x", "y")


def test_a_large_entry_is_told_a_few_changes_at_a_time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes so many values in one statement and no more."""
    ids = [add(registry, "a/m").id for _ in range(10)]
    transact(registry, lambda: [changes.tag(version, add=[TagName("x")]) for version in ids])
    found = list(iter_changes(registry.index.db, after=10))
    monkeypatch.setattr(events, "BATCH", 2)
    registry.index.db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 8)
    assert [one.row.ref for one in events.describe_changes(registry, found)] == [f"a/m:{at}" for at in range(1, 11)]
