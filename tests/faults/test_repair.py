"""Repair: a copy gives all bytes back; without one, what is left is read and written; SIGKILL changes neither."""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.repair.outcome import Repair
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.store import files
from tests.faults import harness
from tests.faults.harness import (
    EXTENT,
    TALLY,
    Acknowledge,
    Call,
    Site,
    Witness,
    check_whole,
    choose,
    end_child,
    kill_self,
    names_of,
    snapshot_of,
    start_child,
)
from tests.faults.test_rot import DAMAGED, DAMAGES, Damage

pytestmark = [pytest.mark.usefixtures("quick_disk"), pytest.mark.slow]

KEPT = ("blobs", "records", "log", "format.toml", "config.toml", ".gitignore", "turn", "partial.toml")
"""What travels with a copy, beside what each process makes anew."""
KINDS = {
    "format": "format.toml",
    "first entry": "log/000000/000001.toml",
    "middle entry": "log/000000/000002.toml",
    "newest entry": "log/000000/000004.toml",
    "record": "records/??/*.toml",
    "blob": "blobs/??/*",
}
KIND = pytest.mark.parametrize("pattern", KINDS.values(), ids=KINDS)


@pytest.fixture(scope="module")
def whole(template: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two versions, one of them published, four entries and an index; nobody writes here."""
    site = template.copy(tmp_path_factory.mktemp("whole") / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REG_AUTHOR", "tester")
        for command in (harness.add_new, harness.tag, harness.publish, snapshot_of):
            command(site)
    return site


@pytest.fixture
def site(whole: Site, tmp_path: Path) -> Site:
    return whole.copy(tmp_path / "site")


def repair(site: Site, source: Site | None = None) -> Repair:
    return repair_registry(site.root, source=source.folder if source else None)


def read_tree(site: Site) -> dict[str, bytes]:
    paths = (path for area in KEPT for path in [site.root / area, *(site.root / area).rglob("*")])
    return {str(path.relative_to(site.root)): path.read_bytes() for path in paths if path.is_file()}


def find(site: Site, pattern: str) -> Path:
    return sorted(path for path in site.root.glob(pattern) if path.is_file())[0]


def list_trashed(site: Site) -> set[str]:
    trashed = (path for path in (site.root / "trash").rglob("*") if path.is_file())
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in trashed}


def list_damages(site: Site) -> list[str]:
    with Registry.open(site.folder) as registry:
        return [str(damage.path) for damage in check_registry(registry, "strong").damages]


def break_file(path: Path, damage: Damage) -> str | None:
    """Damage a file, and return the SHA-256 of what is left of it."""
    damage(path)
    TALLY["repairs"] += 1
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


@pytest.mark.slow
@pytest.mark.sweep(13)
@pytest.mark.parametrize("indexed", [True, False])
@DAMAGED
@KIND
def test_all_bytes_come_back_from_a_copy(pattern: str, damage: Damage, indexed: bool, site: Site, whole: Site) -> None:
    if not indexed:
        site.forget_index()
    left = break_file(find(site, pattern), damage)
    known = indexed or left or "000004" not in pattern
    if not known:  # without an index nobody knows that there was a newest entry
        return
    done = repair(site, whole)
    assert not done.lost
    assert done.outcomes
    assert read_tree(site) == read_tree(whole)
    assert left is None or left in list_trashed(site)
    assert snapshot_of(site) == snapshot_of(whole)
    assert not repair(site).outcomes


@pytest.mark.slow
def test_all_at_once(site: Site, whole: Site) -> None:
    """Also those whose mending needs the others' to come first."""
    site.forget_index()
    for pattern in KINDS.values():
        break_file(find(site, pattern), DAMAGES["flipped"])
    (site.root / "config.toml").write_text("author = [")
    (site.root / ".gitignore").unlink()
    (site.root / "turn").unlink()
    shutil.rmtree(site.root / "tmp")
    assert not repair(site, whole).lost
    assert read_tree(site) == read_tree(whole)
    assert check_whole(site) == snapshot_of(whole)


@pytest.mark.sweep(7)
@pytest.mark.parametrize("slots", [[1], [2], [4], [2, 3], [1, 2, 3, 4]])
@DAMAGED
def test_index_alone_gives_entries_back_byte_for_byte(
    damage: Damage, slots: list[int], site: Site, whole: Site
) -> None:
    for seq in slots:
        break_file(site.root / f"log/000000/{seq:06d}.toml", damage)
    done = repair(site)
    assert {outcome.how for outcome in done.outcomes} == {"written again from the index, byte for byte"}
    assert not done.lost
    assert read_tree(site) == read_tree(whole)
    assert not list_damages(site)


@pytest.mark.slow
@pytest.mark.sweep(7)
@pytest.mark.parametrize("slots", [[1], [2], [2, 3]])
@DAMAGED
def test_stand_in_keeps_all_else_readable_and_a_copy_ends_it(
    damage: Damage, slots: list[int], site: Site, whole: Site
) -> None:
    site.forget_index()
    left = [break_file(site.root / f"log/000000/{seq:06d}.toml", damage) for seq in slots]
    done = repair(site)
    assert [outcome.path.stem for outcome in done.lost] == [f"{seq:06d}" for seq in slots]
    assert {digest for digest in left if digest} <= list_trashed(site)
    if slots == [2]:
        with Registry.open(whole.folder) as registry:
            (version,) = registry.list_rows(["p/new:1"])
        assert done.orphans == (version.id,)
        assert names_of(snapshot_of(site)) == ["p/base:1"]
    assert not list_damages(site)
    assert not repair(site).outcomes
    later = site.copy(site.folder.parent / "later")
    harness.add_new(later)
    assert "p/new:1" in names_of(snapshot_of(later))
    assert not repair(site, whole).lost
    assert read_tree(site) == read_tree(whole)
    assert check_whole(site) == snapshot_of(whole)


@pytest.mark.slow
@pytest.mark.sweep(6)
@pytest.mark.parametrize("slots", [[4], [3, 4]])
@pytest.mark.parametrize("name", ["truncated", "flipped", "empty"])
def test_log_ends_before_entries_that_nobody_has(name: str, slots: list[int], site: Site, whole: Site) -> None:
    site.forget_index()
    left = [break_file(site.root / f"log/000000/{seq:06d}.toml", DAMAGES[name]) for seq in slots]
    done = repair(site)
    assert [outcome.path.stem for outcome in done.lost] == [f"{seq:06d}" for seq in slots]
    assert {digest for digest in left if digest} <= list_trashed(site)
    assert harness.check_chain(site.root) == 4 - len(slots)
    assert not list_damages(site)
    later = site.copy(site.folder.parent / "later")
    harness.alias(later)
    assert not repair(site, whole).lost
    assert read_tree(site) == read_tree(whole)
    ours = read_tree(later)
    assert not repair(later, whole).outcomes, "another entry has the slot by now"
    assert read_tree(later) == ours


def test_index_that_knows_too_much_is_not_believed(site: Site) -> None:
    """The newest entry is gone and cannot be proved: the log ends before, and can be gone on with."""
    import sqlite3

    with sqlite3.connect(site.root / "cache" / "index.sqlite") as db:
        db.execute("UPDATE entries SET message = 'forged'")
    db.close()
    (site.root / "log/000000/000004.toml").unlink()
    assert [outcome.path.stem for outcome in repair(site).lost] == ["000004"]
    assert not list_damages(site)
    harness.alias(site)
    assert names_of(check_whole(site)) == ["p/base:1", "p/new:1"]


def test_index_that_is_wrong_loses_no_entry(site: Site, whole: Site) -> None:
    import sqlite3

    with sqlite3.connect(site.root / "cache" / "index.sqlite") as db:
        db.execute("UPDATE stamp SET value = ? WHERE key = 'digest'", ("0" * 64,))
    db.close()
    repair(site)
    assert read_tree(site) == read_tree(whole)
    assert check_whole(site) == snapshot_of(whole)


@pytest.mark.parametrize("pattern", ["records/??/*.toml", "blobs/??/*"], ids=["record", "blob"])
def test_a_lie_under_the_right_name_is_refused(pattern: str, site: Site, whole: Site) -> None:
    liar = whole.copy(site.folder.parent / "liar")
    victim = find(site, pattern)
    victim.unlink()
    DAMAGES["flipped"](find(liar, pattern))
    lie = find(liar, pattern).read_bytes()
    assert [outcome.path for outcome in repair(site, liar).lost] == [victim]
    assert not victim.exists()
    assert lie not in read_tree(site).values()


def test_an_entry_of_another_history_is_refused(site: Site, template: Site) -> None:
    """It is whole, of the same registry, and in the right slot; it does not lead to the entry after it."""
    other = template.copy(site.folder.parent / "other")
    harness.alias(other)
    site.forget_index()
    (site.root / "log/000000/000002.toml").unlink()
    assert [outcome.path.stem for outcome in repair(site, other).lost] == ["000002"]
    assert names_of(snapshot_of(site)) == ["p/base:1"]


def break_much(site: Site) -> None:
    for pattern in ("format.toml", "log/000000/000002.toml", "records/??/*.toml", "blobs/??/*"):
        DAMAGES["flipped"](find(site, pattern))
    (site.root / "config.toml").write_text("author = [")
    (site.root / "turn").unlink()


def break_log(site: Site) -> None:
    site.forget_index()
    for seq in (2, 4):
        DAMAGES["flipped"](site.root / f"log/000000/{seq:06d}.toml")


def sweep(site: Site, source: Site | None, extent: str, check: Callable[[Site], None]) -> None:
    """Kill a repair in each call of the seam, and let another finish."""
    rehearsal = site.copy(site.folder.parent / "rehearsal")
    witness = Witness()
    with files.open_observer(witness):
        repair(rehearsal, source)
    check(rehearsal)
    for fatal in choose(witness.calls, extent):
        broken = site.copy(site.folder.parent / str(fatal))

        def act(number: int, _call: Call, fatal: int = fatal) -> None:
            if number == fatal:
                kill_self()

        def work(acknowledge: Acknowledge, broken: Site = broken, act: Callable[[int, Call], None] = act) -> None:
            with files.open_observer(Witness(act)):
                repair(broken, source)
            acknowledge()

        assert end_child(*start_child(work)).code in {0, -signal.SIGKILL}
        TALLY["kills"] += 1
        repair(broken, source)
        check(broken)
        shutil.rmtree(broken.folder)


@EXTENT
def test_killed_repair_is_finished_by_the_next_one(extent: str, site: Site, whole: Site) -> None:
    good = read_tree(whole)
    break_much(site)

    def check(repaired: Site) -> None:
        assert read_tree(repaired) == good
        assert check_whole(repaired) == snapshot_of(whole)

    sweep(site, whole, extent, check)


@EXTENT
def test_killed_repair_of_a_log_that_nobody_has(extent: str, site: Site) -> None:
    break_log(site)

    def check(repaired: Site) -> None:
        assert not list_damages(repaired)
        assert names_of(snapshot_of(repaired)) == ["p/base:1"]
        harness.alias(repaired)
        assert snapshot_of(repaired)[0][3] == ("champion", "prod")

    sweep(site, None, extent, check)
