"""Collections that are killed, race, meet wrong clocks or random programs: what is in use stays, the rest goes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_cli.catalog.fold import blob_effects
from registry_cli.catalog.read import tasks
from registry_cli.errors import ConflictError, NotFoundError, RefusedError, RegError
from registry_cli.ids import KEEP_TAG, BlobHash, parse_alias, parse_model_name, parse_tag
from registry_cli.registry.add import add_files, make_design
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.configure import set_setting
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import Edit, derive_version, edit_versions, tag_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.gc import collect, plan
from registry_cli.registry.gc.collect import empty_trash, preview_collection, run_collection
from registry_cli.registry.gc.restore import restore_trashed
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import (
    archive_versions,
    publish_versions,
    remove_versions,
    rename_model,
    restore_versions,
)
from registry_cli.registry.prune import plan_prune, prune_versions
from registry_cli.registry.retention import parse_keep
from registry_cli.registry.task_lifecycle import remove_tasks, restore_tasks
from registry_cli.store import blobs, litter, trash
from registry_cli.store.layout import Layout
from registry_cli.store.litter import DAY
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import get_task
from tests.faults import dump, test_gc_races
from tests.faults.dump import check_converged, collect_all, collect_now, list_stored, make_dump
from tests.faults.harness import (
    EXTENT,
    TALLY,
    Acknowledge,
    Site,
    check_chain,
    check_whole,
    choose,
    extents,
    list_all,
    share_of,
)
from tests.faults.test_kill import list_calls, run_killed
from tests.faults.test_races import run_crowd
from tests.owners import new_dead_name
from tests.registry import making_tasks

YEAR: Final = 365 * DAY
Command = Callable[[Site], object]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A registry where things of every kind are due; nobody writes here."""
    return make_dump(tmp_path_factory.mktemp("dump"))


def empty(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        empty_trash(registry)


def restore_from_trash(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        swept = [t.blob for t in trash.list_trash(registry.layout) if t.blob]
        restore_trashed(registry, swept[:1])


def remove(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        remove_versions(registry, ["p/base:1"])


def archive(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        archive_versions(registry, ["p/base:1"])


def rename(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        if not registry.index.db.execute("SELECT 1 FROM lines WHERE name = 'p/renamed'").fetchone():
            rename_model(registry, "p/base", "p/renamed")


def derive(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        try:
            registry.get_row("p/child:1")
        except NotFoundError:
            dump.derive(site)


def configure(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        set_setting(registry, "retention.keep", "last 5")


def prune(site: Site) -> None:
    with Registry.open(site.folder) as registry:
        pruning = plan_prune(registry, 'name = "p/base" or name = "p/draft"', parse_keep("published"))
        prune_versions(registry, "", parse_keep("published"), only={row.id for row in pruning.removed})


COMMANDS: Final[dict[str, Command]] = {
    "end-task": dump.end_task, "restore-task": dump.restore_task,
    "remove": remove, "restore": dump.restore, "archive": archive, "rename": rename, "edit": dump.edit,
    "derive": derive, "undo": dump.undo, "config": configure, "prune": prune,
    "add-orphan": dump.WRITERS["add-orphan"].command,
}  # fmt: skip
COLLECTORS: Final[dict[str, tuple[Command, int]]] = {
    "condemn": (lambda site: collect_all(site, 1), 0), "sweep": (lambda site: collect_all(site, 1), 1),
    "purge": (lambda site: collect_all(site, 1), 2), "now": (collect_now, 0), "now of some": (collect_now, 1),
    "trash empty": (empty, 2), "trash restore": (restore_from_trash, 2),
}  # fmt: skip


def state_of(site: Site) -> tuple[object, object]:
    """Return what a registry says, its settings too, once all that it has is checked."""
    found = check_whole(site)
    with Registry.open(site.folder) as registry:
        return found, registry.index.db.execute("SELECT * FROM settings ORDER BY key").fetchall()


@pytest.mark.slow
@extents(COMMANDS, smoke="remove")
def test_killed_command(name: str, extent: str, full: Site, tmp_path: Path, quick_disk: None) -> None:
    command = COMMANDS[name]
    rehearsal = full.copy(tmp_path / "rehearsal")
    calls = list_calls(rehearsal, command)
    before, after = state_of(full), state_of(rehearsal)
    assert before != after
    for fatal in choose(calls, "all") if extent == "all" else dump.pick(range(1, len(calls) + 1), 3):
        site = full.copy(tmp_path / str(fatal))
        ended = run_killed(site, command, fatal)
        if fatal % 2:
            site.forget_index()
        found = state_of(site)
        assert found == after or (found == before and not ended.acknowledged), calls[fatal - 1]
        command(site)
        assert state_of(site) == after, calls[fatal - 1]
        check_converged(site)
        shutil.rmtree(site.folder)


@pytest.mark.slow
@EXTENT
@pytest.mark.parametrize("name", COLLECTORS)
def test_killed_collector(name: str, extent: str, full: Site, tmp_path: Path, quick_disk: None) -> None:
    command, runs = COLLECTORS[name]
    ready = full.copy(tmp_path / "ready")
    collect_all(ready, runs)
    calls = list_calls(ready.copy(tmp_path / "rehearsal"), command)
    said = state_of(full)
    for fatal in choose(calls, extent):
        site = ready.copy(tmp_path / str(fatal))
        run_killed(site, command, fatal)
        assert state_of(site) == said, calls[fatal - 1]
        command(site) if name != "trash restore" else None
        assert state_of(site) == said, calls[fatal - 1]
        check_converged(site)
        shutil.rmtree(site.folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "turns"), [(3, 6), pytest.param(32, 20, marks=pytest.mark.faults)], ids=["small", "large"]
)
def test_all_at_once(workers: int, turns: int, full: Site, tmp_path: Path, quick_disk: None) -> None:
    """Everybody adds the same few contents, removes, restores, publishes, tags, collects and checks at once."""
    turns = share_of(turns)
    site = full.copy(tmp_path / "site")

    def act(registry: Registry, chance: random.Random, who: int, turn: int) -> bool:
        kind = chance.choice(["add", "add", "remove", "restore", "publish", "tag", "gc", "gc", "empty", "check"])
        rows = list_all(registry)
        row = chance.choice(rows)
        if kind == "add":
            name = parse_model_name(f"q/m{chance.randrange(3)}")
            draft = Draft(name, tags=(parse_tag(f"w{who}-{turn}"),))
            return add_files(registry, draft, [site.sources / chance.choice(["new.bin", "gone.bin", "orphan.bin"])]).new
        if kind == "gc":
            run_collection(registry)
        elif kind == "empty":
            empty_trash(registry)
        elif kind == "check":
            assert check_registry(registry, "strong").damages == ()
        elif kind == "tag":
            tag_versions(registry, [row.ref], add=[parse_tag("seen")])
        elif kind == "publish":
            publish_versions(registry, [row.ref])
        elif kind == "restore":
            restore_versions(registry, [row.ref])
        elif chance.random() < 0.8:
            remove_versions(registry, [row.ref], force=True, message="crowd")
        return False

    def work(who: int, acknowledge: Acknowledge) -> None:
        chance = random.Random(who)
        for turn in range(turns):
            time.sleep(chance.random() / 100)
            try:
                with Registry.open(site.folder) as registry:
                    added = act(registry, chance, who, turn)
            except (ConflictError, RefusedError):
                continue
            if added:
                acknowledge()

    promised = run_crowd(workers, work)
    found = check_whole(site)
    check_chain(site.root)
    tags = [tag for row in found for tag in row[2] if tag.startswith("w")]
    assert len(tags) == len(set(tags)) == promised
    check_converged(site)
    TALLY["adds in a crowd that collects"] += promised


CLOCKS: Final = [0.0, 3600.0, -3600.0, YEAR, -YEAR]


@pytest.mark.slow
@EXTENT
def test_wrong_clock(extent: str, full: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the clock says, and however it jumps from one run to the next, what must stay stays."""
    site = full.copy(tmp_path / "site")
    with Registry.open(site.folder) as registry:
        for key, value in (("gc.grace", "1d"), ("gc.trash", "7d")):
            set_setting(registry, key, value)
        make_precious(registry, site)
        precious = list_precious(registry)
    honest, chance = litter.read_clock, random.Random(7)
    for run in range(12 if extent == "some" else share_of(150)):
        shift = chance.choice(CLOCKS)
        monkeypatch.setattr(plan, "read_clock", lambda layout, shift=shift: honest(layout) + shift)
        monkeypatch.setattr(litter, "read_clock", lambda layout, shift=shift: honest(layout) + shift)
        collect_all(site, 1)
        TALLY["collections by a wrong clock"] += 1
        if run % 4 == 0:  # bytes that a wrong clock sent to the trash serve who needs them, and go only by an entry
            dump.add(site, f"again{run}", "orphan")
        check_whole(site)
        with Registry.open(site.folder) as registry:
            stored = list_stored(site)
            assert all(registry.layout.blob(blob).exists() for blob in precious), run
            assert precious <= stored
        if run % 4 == 2:
            dump.remove(site, f"p/again{run - 2}:1")


@pytest.mark.slow
@pytest.mark.sweep(3)
@pytest.mark.parametrize("shift", [-YEAR, -3600.0, 0.0])
def test_time_in_the_future_makes_nothing_older(
    shift: float, full: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = full.copy(tmp_path / "site")
    with Registry.open(site.folder) as registry:
        set_setting(registry, "gc.grace", "1d")
        set_setting(registry, "gc.trash", "7d")
    before, honest = list_stored(site), litter.read_clock
    monkeypatch.setattr(plan, "read_clock", lambda layout: honest(layout) + shift)
    collect_all(site, 6)
    assert list_stored(site) == before


def make_precious(registry: Registry, site: Site) -> None:
    """Make versions that were removed by force and whose bytes stay all the same."""
    for name in ("sealed", "tagged", "parent"):
        path = site.folder / f"{name}.bin"
        path.write_bytes(name.encode() * 999)
        add_files(registry, Draft(parse_model_name(f"k/{name}")), [path])
    publish_versions(registry, ["k/sealed:1"])
    set_alias(registry, "k/sealed:1", parse_alias("best"))
    tag_versions(registry, ["k/tagged:1"], add=[parse_tag(KEEP_TAG)])
    derive_version(registry, "k/parent:1", Edit(), name=parse_model_name("k/child"))
    remove_versions(registry, ["k/sealed:1", "k/tagged:1", "k/parent:1"], force=True, message="a mistake")


def list_precious(registry: Registry) -> set[BlobHash]:
    return {
        BlobHash(sha256) for (sha256,) in registry.index.db.execute(
            "SELECT u.sha256 FROM uses u JOIN versions v ON v.row = u.version JOIN lines l ON l.id = v.line"
            " WHERE v.removed = 0 OR l.name LIKE 'k/%'")
    }  # fmt: skip


STEP = st.tuples(
    st.sampled_from(
        ["add", "add", "remove", "restore", "derive", "design", "publish", "alias", "view", "gc", "gc", "now", "empty",
         "untrash", "litter", "task start", "task end", "task end", "task remove", "task restore"]
    ),
    st.integers(0, 5),
    st.integers(0, 3),
)  # fmt: skip


@pytest.mark.faults
def test_random_programs(full: Site, tmp_path: Path, quick_disk: None) -> None:
    count = iter(range(10**6))

    @settings(max_examples=share_of(80), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, min_size=3, max_size=14))
    def run(program: list[tuple[str, int, int]]) -> None:
        site = full.copy(tmp_path / str(next(count)))
        for step in program:
            try:
                take_step(site, *step)
            except (RefusedError, NotFoundError, ConflictError):
                pass
            check_whole(site)
        check_converged(site)
        TALLY["random programs"] += 1
        shutil.rmtree(site.folder)

    run()


def take_step(site: Site, kind: str, which: int, other: int) -> None:
    with Registry.open(site.folder) as registry:
        rows = list_all(registry)
        ref = rows[which % len(rows)].ref
        if kind in {"gc", "now"}:
            check_bytes(site, registry, instant=kind == "now")
        elif kind == "add":
            name = parse_model_name(f"p/r{other}")
            design = make_design(dump.LONG, "d.json") if which % 2 else None
            add_files(registry, Draft(name, design=design), [site.sources / f"{dump.SOURCES[which]}.bin"])
        elif kind == "design":
            edit_versions(registry, [ref], Edit(design=make_design(dump.LONG + b" " * other, "d.json")))
        elif kind == "remove":
            remove_versions(registry, [ref], force=other == 0, message="random" if other == 0 else None)
        elif kind == "alias":
            set_alias(registry, ref, parse_alias(f"a{other}"))
        elif kind == "view":
            open_path(registry, registry.get_row(ref))
        elif kind == "litter":
            leave_litter(site, registry, which)
        elif kind.startswith("task"):
            take_task_step(site, registry, kind, which)
        else:
            actions: dict[str, Callable[[], object]] = {
                "restore": lambda: restore_versions(registry, [ref]),
                "derive": lambda: derive_version(registry, ref, Edit()),
                "publish": lambda: publish_versions(registry, [ref]),
                "empty": lambda: empty_trash(registry),
                "untrash": lambda: restore_from_trash(site),
            }
            actions[kind]()


def take_task_step(site: Site, registry: Registry, kind: str, which: int) -> None:
    """Bring a task a step on; its console holds what versions may hold too."""
    rows = [row for (row,) in registry.index.db.execute("SELECT row FROM attempts WHERE newest = 1 ORDER BY row")]
    row = tasks.get_task_row(registry.index.db, rows[which % len(rows)])
    if kind == "task start":
        making_tasks.start(registry, get_task(registry, row))
    elif kind == "task end":
        data = (site.sources / f"{dump.SOURCES[which]}.bin").read_bytes()
        making_tasks.end(registry, get_task(registry, row), files={"console.log": data})
    elif kind == "task remove":
        remove_tasks(registry, [row.id])
    else:
        restore_tasks(registry, [row.id])


def leave_litter(site: Site, registry: Registry, which: int) -> None:
    """Leave what a process left that was killed after it had linked a blob."""
    stored = sorted(registry.layout.blobs.glob("??/*"))
    source = stored[which % len(stored)]
    dead = new_dead_name()
    os.link(source, registry.layout.tmp / dead)


def check_bytes(site: Site, registry: Registry, *, instant: bool) -> None:
    """Check that a collection frees what its dry run says, to the byte, and as much as it says it did."""
    said = preview_collection(registry, instant=instant)
    before = measure(registry.layout)
    done = run_collection(registry, instant=instant)
    freed = before - measure(registry.layout)
    assert (said.now, said.after_grace, said.after_trash) == (done.now, done.after_grace, done.after_trash)
    assert done.now == freed, (done, freed)
    TALLY["dry runs that told the truth"] += 1


def measure(layout: Layout) -> int:
    """Return the bytes of all files of a registry that a collection may free, each inode once."""
    found = {}
    for folder in (layout.blobs, layout.trash, layout.views, layout.tmp):
        for path in folder.rglob("*"):
            if path.is_file():
                status = path.stat()
                found[status.st_ino] = status.st_size
    return sum(found.values())


@pytest.mark.slow
def test_views_that_share_bytes_are_told_right(full: Site, tmp_path: Path) -> None:
    site = full.copy(tmp_path / "site")
    with Registry.open(site.folder) as registry:
        set_setting(registry, "views", "hardlink")
        dump.add(site, "twin", "draft")
        for ref in ("p/draft:1", "p/twin:1"):
            open_path(registry, registry.get_row(ref))
        remove_versions(registry, ["p/draft:1", "p/twin:1"])
        time.sleep(0.01)
        for instant in (False, False, False, True):
            check_bytes(site, registry, instant=instant)
    check_converged(site)


@pytest.mark.slow
def test_lost_folder_of_blobs_is_made_again(full: Site, tmp_path: Path) -> None:
    """A copy of a registry may have lost its empty folders, and the bytes lie in the trash."""
    site = full.copy(tmp_path / "site")
    collect_all(site, 2)
    for folder in (site.root / "blobs").iterdir():
        if not any(folder.iterdir()):
            folder.rmdir()
    dump.restore(site)
    check_whole(site)


@pytest.mark.slow
def test_the_suite_notices_a_fold_that_asks_nobody(
    full: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_disk: None
) -> None:
    site = full.copy(tmp_path / "site")
    monkeypatch.setattr(blob_effects, "list_used", lambda _db, _blobs, **_: [])
    monkeypatch.setattr("registry_cli.registry.gc.mark.list_used", lambda _db, _blobs, **_: [])
    with pytest.raises((AssertionError, RegError)):
        check_converged(site)


@pytest.mark.slow
@pytest.mark.parametrize("ask", ["garbage", "gc.mark"])
def test_the_suite_notices_who_asks_no_task(
    ask: str, full: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_disk: None
) -> None:
    """Where the fold knows better than the collector nothing is taken; where neither asks, it is told."""
    site = full.copy(tmp_path / "site")
    honest = blob_effects._LIVE_USE
    blind = honest.replace("t.removed = 0", "FALSE")
    assert blind != honest
    if ask == "garbage":
        monkeypatch.setattr(blob_effects, "_LIVE_USE", blind)
        with pytest.raises((AssertionError, RegError)):
            check_converged(site)
        return

    def list_used(db: sqlite3.Connection, blobs: Sequence[str], *, earlier: bool = True) -> list[BlobHash]:
        return [BlobHash(sha256) for (sha256,) in db.execute(blind, (json.dumps(blobs), earlier))]

    monkeypatch.setattr("registry_cli.registry.gc.mark.list_used", list_used)
    with pytest.raises(RefusedError, match="in use"):
        collect_all(site)
    check_whole(site)


def blind_install(monkeypatch: pytest.MonkeyPatch) -> None:
    install = Staging.install

    def forgetful(staging: Staging) -> None:
        names = staging._names
        placed, names.placed = names.placed, {}
        install(staging)
        names.placed = placed | names.placed

    monkeypatch.setattr(Staging, "install", forgetful)


def blind_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Staging, "restore_lost", lambda _staging: None)
    blind_reader(monkeypatch)


def blind_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect._Collection, "_look_again", lambda _self, _due, used: used)
    blind_reader(monkeypatch)


def blind_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(layout: Layout, sha256: str) -> Path | None:
        path = layout.blob(sha256)  # type: ignore[arg-type]
        return path if path.exists() else None

    monkeypatch.setattr(blobs, "find_blob", find)


def hasty_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    def purge(self: collect._Collection, due: list[trash.Trashed]) -> int:
        return sum(collect._delete(trashed.path) for trashed in due)

    monkeypatch.setattr(collect._Collection, "purge", purge)


def races(full: Site, folder: Path) -> None:
    """Do those that a working registry survives and that hit each of its guards."""
    for dead in ("collector", "writer", "nobody"):
        test_gc_races.test_move_after_the_writer_took_its_slot(dead, full, folder / dead)
    test_gc_races.test_purge_before_the_writer_took_its_slot(full, folder / "purge")
    test_gc_races.test_writer_stopped_beside_collections("add-removed", signal.SIGCONT, "some", full, folder / "beside")


@pytest.mark.slow
@pytest.mark.sweep(6)
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (blind_install, "missing|deleted|ended with"),
        (blind_writer, "in the trash alone"),
        (blind_collector, "in the trash alone"),
        (hasty_purge, "ended with"),
    ],
)
def test_the_suite_notices(
    spoil: Callable[[pytest.MonkeyPatch], None], found: str, full: Site, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, quick_disk: None, strict: None,
) -> None:  # fmt: skip
    monkeypatch.setattr("registry_cli.store.file_locks.PATIENCE", 0.002)
    spoil(monkeypatch)
    with pytest.raises((AssertionError, RegError), match=found):
        races(full, tmp_path)
