"""Bytes go in steps, each announced; what is used, or was too important to be removed lightly, stays."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.catalog.read.rows import VersionRow
from registry_cli.dataclass import replace
from registry_cli.errors import ConflictError, CorruptError, RefusedError
from registry_cli.ids import BlobHash
from registry_cli.records.task import CONSOLE
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import DesignSource
from registry_cli.registry.editing import Edit, edit_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.gc.collect import Collected, _Collection, empty_trash, preview_collection, run_collection
from registry_cli.registry.gc.mark import Mark
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import publish_versions, remove_versions, restore_versions
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.task_lifecycle import remove_tasks, restore_tasks
from registry_cli.registry.transaction import transact
from registry_cli.registry.undo import undo_entry
from registry_cli.registry.verify import list_faults
from registry_cli.store import trash
from registry_cli.store.format import dump_format
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.progress import SILENT
from registry_cli.store.staging import Staging
from tests import forks
from tests.forks import fork
from tests.registry.gc.conftest import Later
from tests.registry.making import add
from tests.registry.making_tasks import end, row_of, run, start


def blob_of(row: VersionRow) -> BlobHash:
    assert row.files[0].sha256
    return row.files[0].sha256


def is_stored(registry: Registry, row: VersionRow) -> bool:
    return registry.layout.blob(blob_of(row)).exists()


def collect(registry: Registry, **options: bool) -> Collected:
    """Collect, and see that it was just what the dry run had said."""
    plan = preview_collection(registry, **options)
    done = run_collection(registry, **options)
    assert (done.now, done.after_grace, done.after_trash) == (plan.now, plan.after_grace, plan.after_trash)
    return done


def list_collections(registry: Registry) -> list[str]:
    return [row.op for row in iter_changes(registry.index.db) if row.op in changes.COLLECTION]


def test_unused_bytes_go_in_three_steps(registry: Registry, later: Later) -> None:
    stays, goes = add(registry, "a/m", b"stays"), add(registry, "a/m", b"goes!!")
    remove_versions(registry, [goes.ref])
    assert collect(registry) == Collected(0, 6, 0, young=0)
    assert is_stored(registry, goes)
    assert collect(registry).after_grace == 6, "announced a moment ago"
    with later():
        assert collect(registry).after_trash == 6
    assert not is_stored(registry, goes)
    assert collect(registry).after_trash == 6
    with later():
        assert collect(registry).now == 6
    assert trash.list_trash(registry.layout) == []
    assert list_collections(registry) == ["condemn", "sweep", "purge"]
    assert collect(registry) == Collected(0, 0, 0, young=0)
    assert list_faults(registry, stays, strong=True) == []


def test_now_takes_all_steps(registry: Registry) -> None:
    goes = add(registry, "a/m", b"goes!!", design="{}" + " " * 5000)
    remove_versions(registry, [goes.ref])
    assert collect(registry, instant=True) == Collected(5008, 0, 0, young=0, blobs=2)
    assert list_collections(registry) == ["condemn", "sweep", "purge"]
    with pytest.raises(RefusedError, match=r"the bytes of model\.bin of a/m:1 are gone"):
        restore_versions(registry, [goes.ref])


def test_bytes_that_another_version_has_stay(registry: Registry) -> None:
    add(registry, "a/m", b"same")
    remove_versions(registry, [add(registry, "b/m", b"same").ref])
    assert collect(registry, instant=True).now == 0


@pytest.mark.slow
def test_an_orphan_goes(registry: Registry, later: Later) -> None:
    with Staging(registry.layout) as staging:
        staging.add_bytes(b"nobody's")
        staging.install()
    assert collect(registry) == Collected(0, 0, 0, young=8)
    with later():
        assert [collect(registry) for _ in range(3)][-1].now == 8


@pytest.mark.parametrize("kind", ["published", "kept", "ancestor"])
def test_what_was_removed_by_force_stays_unless_that_is_said(kind: str, registry: Registry) -> None:
    row = add(registry, "a/m", b"precious", tags=("keep",) if kind == "kept" else ())
    if kind == "published":
        publish_versions(registry, [row.ref])
    if kind == "ancestor":
        between = add(registry, "a/between", b"between", parents=(("base", row.id),))
        add(registry, "a/child", b"child", parents=(("base", between.id),))
        remove_versions(registry, [between.ref], force=True, message="why")
    remove_versions(registry, [row.ref], force=True, message="why")
    assert collect(registry, instant=True).now == 0
    assert is_stored(registry, row)
    assert collect(registry, instant=True, forced=True).now > 0
    assert not is_stored(registry, row)


@pytest.mark.slow
def test_a_new_use_ends_the_announcement(registry: Registry, later: Later) -> None:
    remove_versions(registry, [add(registry, "a/m", b"back").ref])
    assert collect(registry).after_grace == 4
    again = add(registry, "a/again", b"back")
    remove_versions(registry, [again.ref])
    assert collect(registry).after_grace == 4
    assert list_collections(registry) == ["condemn", "condemn"]
    restore_versions(registry, [again.ref])
    with later():
        assert collect(registry) == Collected(0, 0, 0, young=0)


def test_what_is_in_the_trash_is_found_by_whoever_needs_it(registry: Registry) -> None:
    rows = [add(registry, "a/m", name.encode()) for name in ("restored", "undone", "added")]
    for row in rows:
        remove_versions(registry, [row.ref])
        assert trash.sweep(registry.layout, registry.layout.blob(blob_of(row)))
    restore_versions(registry, ["a/m:1"])
    entry = [row.entry for row in iter_changes(registry.index.db) if row.op == "remove"][1]
    undo_entry(registry, entry)
    add(registry, "a/other", b"added")
    assert all(is_stored(registry, row) for row in rows)
    assert collect(registry).now == 0
    left = [trashed.blob for trashed in trash.list_trash(registry.layout)]
    assert left == [blob_of(rows[2])], "second names of what is in use need not wait, other copies do"


def test_bytes_in_use_come_back(registry: Registry) -> None:
    """As after a collector and a writer that both died when they met."""
    row = add(registry, "a/m", b"used")
    assert trash.sweep(registry.layout, registry.layout.blob(blob_of(row)))
    assert open_path(registry, row).read_bytes() == b"used"
    trash.sweep(registry.layout, registry.layout.blob(blob_of(row)))
    assert collect(registry).now == 0
    assert is_stored(registry, row)


def test_a_sweeper_that_died_is_followed(registry: Registry, later: Later) -> None:
    row = add(registry, "a/m", b"unused")
    remove_versions(registry, [row.ref])
    blob = blob_of(row)
    transact(registry, lambda: [changes.collect(op, [blob]) for op in ("condemn", "sweep")])
    with later():
        assert collect(registry).after_trash == 6
    assert list_collections(registry) == ["condemn", "sweep"]


@pytest.mark.slow
def test_damaged_bytes_stay_while_they_are_all_there_is(registry: Registry, later: Later) -> None:
    row = add(registry, "a/m", b"right")
    home = registry.layout.blob(blob_of(row))
    home.chmod(0o644)
    home.write_bytes(b"wrong")
    trash.set_aside(registry.layout, home)
    with later():
        assert collect(registry).now == 0
        home.write_bytes(b"other")
        assert collect(registry).now == 0, "what is in its place is not right either"
        home.write_bytes(b"right")
        assert collect(registry).now == 5


def test_an_old_design_goes_and_its_edit_cannot_be_undone_then(registry: Registry) -> None:
    add(registry, "a/m", b"bytes", design="first" * 1000)
    edit_versions(registry, ["a/m:1"], Edit(design=DesignSource(b"second" * 1000, "text/plain")))
    undo_entry(registry)
    undo_entry(registry, [row.entry for row in iter_changes(registry.index.db)][-1])
    assert collect(registry, instant=True).now == 5000
    with pytest.raises(RefusedError, match="the design that was replaced"):
        undo_entry(registry, [row.entry for row in iter_changes(registry.index.db) if row.op == "edit"][-1])


def test_bytes_with_a_name_elsewhere_free_nothing(registry: Registry) -> None:
    row = add(registry, "a/m", b"linked")
    os.link(registry.layout.blob(blob_of(row)), "mine.bin")
    remove_versions(registry, [row.ref])
    assert collect(registry, instant=True) == Collected(0, 0, 0, young=0, blobs=1)
    assert Path("mine.bin").read_bytes() == b"linked"


@pytest.mark.slow
def test_a_view_goes_with_its_version(registry: Registry) -> None:
    registry.settings.set("views", "hardlink")
    row = add(registry, "a/m", b"viewed")
    view = open_path(registry, row)
    assert view.stat().st_nlink == 2
    assert collect(registry, instant=True).now == 0
    remove_versions(registry, [row.ref])
    registry.layout.tmp.joinpath("left").write_bytes(b"by nobody")
    done = collect(registry, instant=True)
    assert done.now >= 6
    assert not view.parent.exists()
    assert registry.layout.tmp.joinpath("left").exists(), "nobody knows whose it is, and it is young"


def test_nothing_goes_while_a_record_cannot_be_read(registry: Registry) -> None:
    row = add(registry, "a/m")
    add(registry, "a/m")
    registry.close()
    registry.layout.record(row.id).unlink()
    registry.layout.index.unlink()
    with pytest.raises(CorruptError, match="nothing can be added while a/m:1 is damaged"):
        run_collection(registry)


def test_an_unknown_feature_forbids_to_collect(registry: Registry) -> None:
    add(registry, "a/m")
    registry.layout.format.write_bytes(dump_format(replace(registry.format, features=(("gc", ("leases",)),))))
    with (
        Registry.open(registry.path) as again,
        pytest.raises(RefusedError, match="must not collect here: it uses leases"),
    ):
        run_collection(again)


def test_now_waits_for_those_who_write(registry: Registry) -> None:
    def write() -> None:
        with Staging(registry.layout) as staging:
            staging.add_bytes(b"on its way")
            os.kill(os.getpid(), signal.SIGSTOP)

    child = fork(write)
    os.waitpid(child, os.WUNTRACED)
    try:
        with pytest.raises(ConflictError, match=f"other processes are writing \\(process {child}\\)"):
            run_collection(registry, instant=True)
    finally:
        os.kill(child, signal.SIGKILL)
        forks.end(child)
    assert run_collection(registry, instant=True).leftovers == 1


@pytest.mark.slow
def test_the_trash_is_emptied(registry: Registry, later: Later) -> None:
    row = add(registry, "a/m", b"unused")
    remove_versions(registry, [row.ref])
    collect(registry)
    with later():
        collect(registry)
    assert empty_trash(registry) == 6
    assert empty_trash(registry) == 0
    assert trash.list_trash(registry.layout) == []


@pytest.mark.slow
def test_nothing_goes_while_a_lost_record_may_need_it(registry: Registry) -> None:
    """Also where a repair has found that it is lost for good, so that all else goes on."""
    row = add(registry, "a/m", b"needed")
    registry.close()
    registry.layout.record(row.id).unlink()
    assert repair_registry(registry.path).lost
    with Registry.open(registry.path) as again:
        with pytest.raises(CorruptError, match="the bytes that a/m:1 uses are unknown"):
            run_collection(again, instant=True)
        remove_versions(again, ["a/m:1"])
        assert run_collection(again, instant=True).now == 6


@pytest.mark.slow
def test_what_a_lost_entry_may_have_named_stays_unless_that_is_said(registry: Registry) -> None:
    row = add(registry, "a/m", b"added by the lost entry")
    add(registry, "a/other")
    registry.close()
    registry.layout.slot(1).unlink()
    registry.layout.index.unlink()
    repair_registry(registry.path)
    with Registry.open(registry.path) as again:
        assert run_collection(again, instant=True).now == 0
        assert is_stored(again, row)
        assert run_collection(again, instant=True, forced=True).now == 23


def test_what_a_record_names_stays_although_the_log_is_gone(registry: Registry) -> None:
    """Somebody took the log and its index away: a copy may bring the entries back, and then needs the bytes."""
    rows = [add(registry, "a/m", name) for name in (b"first", b"second")]
    registry.close()
    for path in [*registry.layout.log.glob("*/*"), registry.layout.index]:
        path.unlink()
    with Registry.open(registry.path) as again:
        assert check_registry(again).damages[0].problem == "is missing: there are 2 records and no entry"
        assert run_collection(again, instant=True).now == 0
        assert all(is_stored(again, row) for row in rows)


@pytest.mark.parametrize("instant", [False, True])
def test_a_dry_run_is_refused_where_a_run_is(instant: bool, registry: Registry) -> None:
    add(registry, "a/m")
    registry.layout.format.write_bytes(dump_format(replace(registry.format, features=(("write", ("packs",)),))))
    with Registry.open(registry.path) as again, pytest.raises(RefusedError, match="it uses packs"):
        preview_collection(again, instant=instant)


def test_a_log_that_becomes_shorter_ends_a_collection(registry: Registry) -> None:
    """As when a copy is rolled back, or the last entry, which was damaged, is taken away."""
    add(registry, "a/m", b"one")
    with Mark(registry) as mark:
        with Registry.open(registry.path) as other:
            add(other, "a/m", b"two")
        mark.sync()
        registry.layout.slot(mark.seq).unlink()
        with pytest.raises(ConflictError, match="the registry was replaced while it was collected"):
            _Collection(registry, mark, None, SILENT)._announce([BlobHash("0" * 64)], changes.CONDEMN)


@pytest.mark.slow
def test_an_entry_that_comes_while_an_announcement_is_planned_leaves_the_index_in_its_place(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index was folded inside the plan's snapshot; SQLite's error for that passed for a damaged file."""
    row = add(registry, "a/m", b"one")
    remove_versions(registry, [row.ref])
    inode, sync = registry.layout.index.stat().st_ino, Mark.sync

    def add_first(mark: Mark) -> None:
        monkeypatch.setattr(Mark, "sync", sync)
        with Registry.open(registry.path) as other:
            add(other, "a/m", b"two")
        sync(mark)

    with Mark(registry) as mark:
        collection = _Collection(registry, mark, None, SILENT)
        monkeypatch.setattr(Mark, "sync", add_first)
        assert collection._announce([blob_of(row)], changes.CONDEMN) == [blob_of(row)]
    assert list_collections(registry) == [changes.CONDEMN]
    assert registry.layout.index.stat().st_ino == inode


def console_of(registry: Registry, data: bytes) -> Path:
    return registry.layout.blob(digest_bytes(data).sha256)


@pytest.mark.slow
def test_the_files_of_every_attempt_stay(registry: Registry, later: Later) -> None:
    task = run(registry, files={CONSOLE: b"the first"})
    task = end(registry, start(registry, task), "failed", files={CONSOLE: b"the second"})
    end(registry, start(registry, task), files={CONSOLE: b"the third"})
    assert collect(registry, instant=True).now == 0
    with later():
        assert collect(registry).after_grace == 0
    assert not check_registry(registry).damages
    assert [console_of(registry, b"the " + word).exists() for word in (b"first", b"second", b"third")] == [True] * 3


@pytest.mark.slow
def test_the_files_of_every_attempt_go_and_come_back_with_their_task(registry: Registry, later: Later) -> None:
    task = end(registry, start(registry, run(registry, files={CONSOLE: b"the first"})), files={CONSOLE: b"the second"})
    paths = [console_of(registry, b"the first"), console_of(registry, b"the second")]
    remove_tasks(registry, [task.id])
    collect(registry)
    with later():
        collect(registry)
    assert [path.exists() for path in paths] == [False, False]
    restore_tasks(registry, [task.id])
    assert [path.exists() for path in paths] == [True, True]
    remove_tasks(registry, [task.id])
    collect(registry, instant=True)
    with pytest.raises(RefusedError, match=r"console\.log of task baseline are gone"):
        restore_tasks(registry, [task.id])


@pytest.mark.slow
def test_nothing_goes_while_the_record_of_an_earlier_attempt_is_lost(registry: Registry) -> None:
    task = run(registry)
    first = row_of(registry, task).record
    end(registry, start(registry, task), files={CONSOLE: b"another"})
    registry.close()
    registry.layout.record(first).unlink()
    registry.layout.index.unlink()
    repair_registry(registry.path)
    with pytest.raises(CorruptError, match="uses are unknown"):
        run_collection(registry)
    remove_tasks(registry, [task.id])
    run_collection(registry, instant=True)
