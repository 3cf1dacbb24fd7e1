"""Repair, one kind of damage at a time: where good bytes are found, and what becomes of a version that has none."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError, NoRegistryError, UsageError
from registry_cli.ids import BlobHash, parse_tag
from registry_cli.records.codec import dump_entry, load_entry
from registry_cli.registry.api import Registry
from registry_cli.registry.availability import list_lost
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.fsck.report import Damage
from registry_cli.registry.get import get_version, open_path
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.registry.repair.outcome import Repair
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.verify import list_faults
from registry_cli.store import files, trash
from registry_cli.store import log as store_log
from registry_cli.store.format import read_format
from registry_cli.store.known_losses import NOTHING, Partial, read_partial, write_partial
from tests.builders import add
from tests.observers import Once, Recorder, fail


@pytest.fixture
def row(registry: Registry) -> VersionRow:
    """A version of one file, in a registry with a second one."""
    add(registry, "p/other", b"other")
    return add(registry, "p/m", b"good weights")


def blob_of(row: VersionRow) -> BlobHash:
    sha256 = row.files[0].sha256
    assert sha256
    return sha256


def repair(registry: Registry, source: Path | None = None, *, dry_run: bool = False) -> Repair:
    registry.close()
    return repair_registry(registry.path, source=source, dry_run=dry_run)


def copy(registry: Registry, name: str = "copy") -> Path:
    registry.close()
    return Path(shutil.copytree(registry.path, registry.path.parent / name / ".registry")).parent


def spoil(path: Path, data: bytes = b"rotten bytes") -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def list_hows(done: Repair) -> list[str]:
    return [outcome.how for outcome in done.outcomes]


def list_damages(registry: Registry) -> tuple[Damage, ...]:
    return check_registry(registry, "strong").damages


def list_names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_nothing_to_do(registry: Registry, row: VersionRow) -> None:
    registry.close()
    before = list_names(registry.path)
    done = repair(registry)
    assert (done.outcomes, done.lost, done.orphans) == ((), (), ())
    assert list_names(registry.path) == before


@pytest.mark.slow
def test_blob_from_a_view(registry: Registry, row: VersionRow) -> None:
    registry.settings.set("views", "copy")
    open_path(registry, row)
    spoil(registry.layout.blob(blob_of(row)))
    assert list_hows(repair(registry)) == ["copied from a view"]
    assert registry.layout.blob(blob_of(row)).read_bytes() == b"good weights"
    assert [trashed.reason for trashed in trash.list_trash(registry.layout)] == ["damaged"]


@pytest.mark.slow
def test_blob_from_the_trash(registry: Registry, row: VersionRow) -> None:
    path = registry.layout.blob(blob_of(row))
    trash.sweep(registry.layout, path)
    spoil(path)
    assert list_hows(repair(registry)) == ["brought back from the trash"]
    assert path.read_bytes() == b"good weights"


def test_blob_that_is_only_in_the_trash(registry: Registry, row: VersionRow) -> None:
    path = registry.layout.blob(blob_of(row))
    trash.sweep(registry.layout, path)
    repair(registry)
    assert path.read_bytes() == b"good weights"


@pytest.mark.slow
def test_blob_that_is_rotten_in_the_trash_too(registry: Registry, row: VersionRow) -> None:
    path = registry.layout.blob(blob_of(row))
    swept = trash.sweep(registry.layout, path)
    assert swept
    spoil(swept)
    spoil(path)
    assert repair(registry).lost
    assert not path.exists()
    assert not trash.bring_back(registry.layout, path)


@pytest.mark.slow
def test_blob_from_any_other_registry(registry: Registry, row: VersionRow, tmp_path: Path) -> None:
    with Registry.init(tmp_path / "other") as other:
        add(other, "q/same", b"good weights")
    registry.layout.blob(blob_of(row)).unlink()
    done = repair(registry, tmp_path / "other" / ".registry")
    assert list_hows(done) == ["copied from the other registry"]
    assert not list_damages(registry)


@pytest.mark.slow
def test_blob_of_no_version_goes_to_the_trash(registry: Registry, row: VersionRow) -> None:
    path = registry.layout.blob(BlobHash("0" * 64))
    spoil(path)
    registry.close()
    done = repair_registry(registry.path, level="strong")
    assert list_hows(done) == ["moved to the trash: nothing needs it"]
    assert not done.lost
    assert not path.exists()


@pytest.mark.slow
def test_lost_blob_makes_its_version_partial(registry: Registry, row: VersionRow, tmp_path: Path) -> None:
    path = registry.layout.blob(blob_of(row))
    spoil(path)
    done = repair(registry)
    assert [outcome.path for outcome in done.lost] == [path]
    assert done.names[row.id] == "p/m:1"
    assert read_partial(registry.layout) == Partial(blobs=frozenset([blob_of(row)]))
    assert list_lost(registry, row) == ["m.bin"]
    assert [(fault.what, fault.known) for fault in list_faults(registry, row)] == [("m.bin", True)]
    for read in (lambda: get_version(registry, row, tmp_path / "got"), lambda: open_path(registry, row)):
        with pytest.raises(CorruptError, match=r"p/m:1 is partial: m\.bin is lost in this copy") as caught:
            read()
        assert caught.value.hint == "reg repair"
    assert not (tmp_path / "got").exists()
    assert list_damages(registry)
    assert repair(registry).lost, "it is told each time"


@pytest.mark.slow
def test_bytes_that_are_back_are_not_partial(registry: Registry, row: VersionRow) -> None:
    registry.layout.blob(blob_of(row)).unlink()
    repair(registry)
    add(registry, "p/again", b"good weights")
    assert list_lost(registry, row) == []
    assert read_partial(registry.layout) != NOTHING
    assert not repair(registry).outcomes
    assert read_partial(registry.layout) == NOTHING
    assert not registry.layout.partial.exists()


@pytest.mark.slow
def test_lost_record_holds_nobody_up(registry: Registry, row: VersionRow) -> None:
    source = copy(registry)
    path = registry.layout.record(row.id)
    spoil(path)
    registry.layout.index.unlink()
    with pytest.raises(CorruptError, match="nothing can be added") as caught:
        tag_versions(registry, ["p/other:1"], add=[parse_tag("new")])
    assert "reg repair" in str(caught.value.hint)
    assert [outcome.path for outcome in repair(registry).lost] == [path]
    assert read_partial(registry.layout).records == {row.id}
    tag_versions(registry, ["p/other:1"], add=[parse_tag("new")])
    with pytest.raises(CorruptError, match="p/m:1 is damaged"):
        registry.get_row("p/m:1")
    assert not repair(registry, source).lost
    assert registry.get_row("p/m:1") == row
    assert read_partial(registry.layout) == NOTHING


def test_publication_from_a_copy(registry: Registry, row: VersionRow) -> None:
    (published,) = publish_versions(registry, [row.ref])
    source = copy(registry)
    assert published.publication
    spoil(registry.layout.record(published.publication))
    assert list_hows(repair(registry, source)) == ["copied from the other registry"]
    assert not list_damages(registry)


@pytest.mark.slow
def test_view_is_removed(registry: Registry, row: VersionRow) -> None:
    registry.settings.set("views", "copy")
    path = open_path(registry, row)
    spoil(path, b"good weighty")
    assert [outcome.kind for outcome in repair(registry).outcomes] == ["view"]
    assert list_names(registry.layout.views) == []
    assert open_path(registry, row).read_bytes() == b"good weights"


@pytest.mark.sweep(3)
@pytest.mark.parametrize("broken", [b"", b"no database", b"SQLite format 3\0" + bytes(4080)])
def test_index_is_made_anew(broken: bytes, registry: Registry, row: VersionRow) -> None:
    registry.close()
    registry.layout.index.write_bytes(broken)
    assert not repair(registry).lost
    assert registry.get_row(row.ref) == row
    assert not list_damages(registry)


@pytest.mark.slow
def test_unreadable_settings_are_made_anew(registry: Registry, row: VersionRow) -> None:
    registry.layout.config.write_bytes(b"author = [")
    (done,) = repair(registry).outcomes
    assert done.how == "made again: all settings are the defaults, the old file is in the trash"
    assert registry.layout.config.read_bytes().startswith(b"# settings")
    (trashed,) = trash.list_trash(registry.layout)
    assert trashed.path.read_bytes() == b"author = ["


@pytest.mark.slow
def test_a_wrong_setting_costs_no_other(registry: Registry, row: VersionRow) -> None:
    registry.layout.config.write_bytes(b'author = "me"\nviews = "nonsense"\n')
    assert repair(registry).outcomes
    assert registry.layout.config.read_bytes() == b'author = "me"\n'


@pytest.mark.slow
def test_small_files_and_folders(registry: Registry, row: VersionRow) -> None:
    registry.layout.ignore.write_bytes(b"blobs/\n")
    registry.layout.turn.unlink()
    shutil.rmtree(registry.layout.hooks)
    registry.layout.hooks.write_bytes(b"no folder")
    shutil.rmtree(registry.layout.tmp)
    assert not repair(registry).lost
    assert registry.layout.ignore.read_bytes() == b"*\nblobs/\n"
    assert registry.layout.turn.read_bytes() == b""
    assert all(folder.is_dir() for folder in registry.layout.folders)
    assert not list_damages(registry)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("known", ["index", "copy"])
def test_format(known: str, shared: bool, tmp_path: Path) -> None:
    with Registry.init(tmp_path / "site", shared=shared) as registry:
        add(registry, "p/m")
        source = copy(registry)
    good = registry.layout.format.read_bytes()
    registry.layout.format.write_bytes(good[:-9])
    if known == "copy":
        shutil.rmtree(registry.layout.cache)
    (done,) = repair(registry, source).outcomes
    assert done.kind == "format"
    assert registry.layout.format.read_bytes() == good


def test_format_that_nobody_knows(registry: Registry, row: VersionRow, tmp_path: Path) -> None:
    with Registry.init(tmp_path / "other") as other:
        add(other, "q/m")
    registry.close()
    registry.layout.format.unlink()
    registry.layout.index.unlink()
    with pytest.raises(CorruptError, match="nothing here knows the registry's id"):
        repair(registry, other.path)


def test_no_registry(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoRegistryError):
        repair_registry(tmp_path / "empty")
    with pytest.raises(NoRegistryError, match="empty is no registry"):
        repair(registry, tmp_path / "empty")
    with pytest.raises(UsageError, match="is to be mended"):
        repair(registry, tmp_path)


@pytest.mark.slow
def test_dry_run_does_nothing(registry: Registry, row: VersionRow) -> None:
    add(registry, "p/m", b"more")
    source = copy(registry)
    registry.layout.blob(blob_of(row)).unlink()
    registry.layout.slot(2).unlink()
    registry.layout.config.write_bytes(b"[")
    before = {path: path.stat().st_mtime_ns for path in registry.path.rglob("*")}
    plan = repair(registry, dry_run=True)
    assert {path: path.stat().st_mtime_ns for path in registry.path.rglob("*")} == before
    assert {"config", "log"} <= {outcome.kind for outcome in plan.outcomes}
    assert not repair(registry, source, dry_run=True).lost
    assert not repair(registry, source).lost


def test_format_in_a_dry_run(registry: Registry, row: VersionRow) -> None:
    registry.layout.format.unlink()
    assert list_hows(repair(registry, dry_run=True)) == ["made again with the id that the index knows"]
    assert not registry.layout.format.exists()


@pytest.mark.sweep(4)
@pytest.mark.parametrize("kind", ["blob", "record", "slot", "format"])
def test_full_disk_leaves_nothing_half_written(kind: str, registry: Registry, row: VersionRow) -> None:
    add(registry, "p/m", b"more")
    source = copy(registry)
    victims = {
        "blob": registry.layout.blob(blob_of(row)),
        "record": registry.layout.record(row.id),
        "slot": registry.layout.slot(2),
        "format": registry.layout.format,
    }
    good = victims[kind].read_bytes()
    spoil(victims[kind])
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"), files.open_observer(Once("write", fail(full))):
        repair(registry, source)
    assert not victims[kind].exists() or victims[kind].read_bytes() == b"rotten bytes"
    assert list_names(registry.layout.tmp) == []
    assert not repair(registry, source).lost
    assert victims[kind].read_bytes() == good


def test_repaired_format_is_read(registry: Registry, row: VersionRow) -> None:
    identity = registry.id
    registry.layout.format.unlink()
    repair(registry)
    assert read_format(registry.layout).id == identity


@pytest.mark.parametrize("content", ["", "blobs = 3", "[", 'records = ["x"]'])
def test_strange_marks_are_read(content: str, registry: Registry) -> None:
    registry.layout.partial.write_text(content)
    known = read_partial(registry.layout)
    assert known.blobs == frozenset()
    write_partial(registry.layout, NOTHING)
    assert not registry.layout.partial.exists()


@pytest.mark.sweep(2)
@pytest.mark.parametrize("kept", [0, 1])
def test_entries_that_somebody_took_away_come_from_a_copy(kept: int, registry: Registry, row: VersionRow) -> None:
    """Nothing tells that they were there but the records that they added, and the copy."""
    tag_versions(registry, [row.ref], add=[parse_tag("later")])
    source = copy(registry)
    for slot in sorted(registry.layout.log.glob("*/*"))[kept:]:
        slot.unlink()
    registry.layout.index.unlink()
    assert list_hows(repair(registry, source))[0] == "copied from the other registry"
    assert registry.get_row(row.ref).id == row.id
    assert list_damages(registry) == ()


@pytest.mark.slow
def test_a_copy_that_only_went_on_is_no_reason_to_follow_it(registry: Registry, row: VersionRow) -> None:
    source = copy(registry)
    with Registry.open(source) as other:
        tag_versions(other, [row.ref], add=[parse_tag("later")])
    assert list_hows(repair(registry, source)) == []
    assert registry.get_row(row.ref).tags == ()


@pytest.mark.slow
def test_a_link_in_a_blob_s_place_is_no_blob(registry: Registry, row: VersionRow, tmp_path: Path) -> None:
    source = copy(registry)
    path = registry.layout.blob(blob_of(row))
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    assert not repair(registry, source).lost
    assert not path.is_symlink()
    assert list_damages(registry) == ()


@pytest.mark.slow
def test_what_was_wrong_is_told_where_nothing_is_left(registry: Registry, row: VersionRow) -> None:
    path = registry.layout.blob(blob_of(row))
    path.chmod(0o644)
    path.write_bytes(b"rotten bytes")
    (lost,) = repair(registry).lost
    assert lost.how == "does not hold the bytes it was given; those bytes are in the trash"


@pytest.mark.sweep(2)
@pytest.mark.parametrize("seq", [1, 2])
def test_a_link_in_a_slot_s_place_is_no_entry(seq: int, registry: Registry, row: VersionRow) -> None:
    source = copy(registry)
    slot = registry.layout.slot(seq)
    slot.unlink()
    slot.symlink_to("nowhere")
    registry.layout.index.unlink()
    assert list_hows(repair(registry, source)) == ["copied from the other registry"]
    assert not slot.is_symlink()
    assert list_damages(registry) == ()
    assert registry.get_row(row.ref).id == row.id


@pytest.mark.sweep(3)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("nowhere", path)])
def test_what_is_no_file_makes_room_for_a_stand_in(
    make: Callable[[Path], None], registry: Registry, row: VersionRow
) -> None:
    registry.close()
    slot = registry.layout.slot(1)
    slot.unlink()
    make(slot)
    registry.layout.index.unlink()
    (done,) = repair(registry).lost
    assert (done.path, done.how) == (slot, "lost; an entry that changes nothing stands for it")
    assert stat.S_ISREG(slot.lstat().st_mode)
    assert list_damages(registry) == ()
    assert registry.get_row(row.ref).id == row.id


@pytest.mark.sweep(2)
@pytest.mark.parametrize("name", ["config", "partial"])
def test_pipes_in_the_place_of_small_files(name: str, registry: Registry, row: VersionRow) -> None:
    registry.close()
    path: Path = getattr(registry.layout, name)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert repair(registry).lost == ()
    assert not path.is_fifo()
    assert list_damages(registry) == ()


@pytest.mark.slow
def test_a_slot_that_nobody_lets_be_mended_ends_the_repair(registry: Registry, row: VersionRow) -> None:
    """Whatever takes a slot again and again."""
    registry.close()
    slot = registry.layout.slot(1)
    slot.unlink()
    registry.layout.index.unlink()

    class Taking(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            if op == "link" and detail == str(slot):
                slot.symlink_to("nowhere")

    with files.open_observer(Taking()):
        done = repair(registry)
    assert [outcome.path for outcome in done.lost][-1:] == [slot]
    assert [damage.path for damage in list_damages(registry)] == [slot]


@pytest.mark.sweep(2)
@pytest.mark.parametrize("entry", [True, False])
def test_a_stray_slot_far_beyond_the_end_is_moved_away(entry: bool, registry: Registry, row: VersionRow) -> None:
    registry.close()
    far = registry.layout.slot(20_241_123)
    far.parent.mkdir()
    shutil.copy(registry.layout.slot(2), far)
    if entry:
        found = load_entry(far.read_bytes(), "it")
        spoil(far, dump_entry(replace(found, seq=20_241_123)))
    (damage,) = list_damages(registry)
    assert (damage.kind, damage.path, damage.problem) == (
        "log", far, "lies 20,241,121 slots beyond the end of the log",
    )  # fmt: skip
    for dry_run in (True, False):
        done = repair(registry, dry_run=dry_run)
        assert list_hows(done) == ["moved to the trash: the log ends far before it"]
        assert bool(done.lost) is entry
    assert list_damages(registry) == ()
    assert len(list(registry.layout.log.glob("*/*"))) == 2
    assert registry.get_row(row.ref).id == row.id


@pytest.mark.slow
def test_an_entry_beyond_a_leap_is_kept(registry: Registry, row: VersionRow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_log, "LEAP", 5)
    rows = [add(registry, "p/m") for _ in range(9)]
    registry.close()
    for seq in range(3, 11):
        registry.layout.slot(seq).unlink()
    registry.layout.index.unlink()
    repair(registry)
    assert list_damages(registry) == ()
    assert [registry.get_row(one.id).id for one in (row, rows[-1])] == [row.id, rows[-1].id]


@pytest.mark.slow
def test_a_copy_s_entry_that_cannot_be_put_ends_the_repair(registry: Registry, row: VersionRow) -> None:
    source = copy(registry)
    slot = registry.layout.slot(2)
    slot.unlink()
    registry.layout.index.unlink()

    class Refusing(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            if op == "link" and detail == str(slot):
                raise FileExistsError

    with files.open_observer(Refusing()):
        repair(registry, source)
    assert not slot.exists()


@pytest.mark.slow
def test_another_program_s_database_in_the_index_s_place_goes_to_the_trash(registry: Registry, row: VersionRow) -> None:
    registry.close()
    index = registry.layout.index
    index.unlink()
    with closing(sqlite3.connect(index)) as db:
        db.execute("CREATE TABLE runs (metric)")
        db.execute("INSERT INTO runs VALUES (42)")
        db.commit()
    assert [damage.path for damage in list_damages(registry)] == [index]
    repair(registry)
    assert list_damages(registry) == ()
    (kept,) = trash.list_aside(registry.layout, index)
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT metric FROM runs").fetchone() == (42,)
    assert registry.get_row(row.ref).id == row.id
