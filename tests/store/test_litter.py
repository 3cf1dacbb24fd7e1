from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.ids import RecordId, VersionId
from registry_cli.registry.init import make_registry
from registry_cli.store import files
from registry_cli.store.layout import Layout
from registry_cli.store.litter import (
    DAY,
    Litter,
    list_litter,
    list_live_writers,
    read_clock,
    remove_litter,
)
from registry_cli.store.staging import Staging
from registry_cli.store.views import STAMPS, ViewFile, open_view
from registry_cli.store.writer_name import find_owner, new_name
from tests.builders import write
from tests.observers import Once, Recorder, fail
from tests.owners import new_dead_name, new_foreign_name, open_process

VERSION = VersionId(RecordId("ab" * 32))
OTHER = VersionId(RecordId("cd" * 32))
FOREIGN: list[Callable[[], str]] = [new_foreign_name, lambda: "probe", lambda: f".x.{new_foreign_name()}"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path, shared=False)


def list_found(
    layout: Layout, live: tuple[str, ...] = (), grace: float = 0.0, *, ahead: float = 0.0
) -> dict[str, Litter]:
    """Return what is litter, by path; `ahead` seconds from now."""
    found = list_litter(layout, live, read_clock(layout) + ahead, grace)
    return {str(each.path.relative_to(layout.root)): each for each in found}


def show(layout: Layout, version: VersionId, data: bytes) -> Path:
    with Staging(layout) as staging:
        digests = staging.add_bytes(data)
        staging.install()
    shown = ViewFile("deep/m.bin", digests.size, digests.sha256, digests.xxh3)
    return open_view(layout, layout.views, version, [shown], "copy")


def test_new_registry_holds_no_litter(layout: Layout) -> None:
    assert list_found(layout, ahead=1000 * DAY) == {}


def test_what_a_dead_process_left_is_litter_at_once(layout: Layout) -> None:
    file, folder = new_dead_name(), new_dead_name()
    write(layout.tmp / file, b"seven!!")
    write(layout.tmp / folder / "deep" / "m.bin", b"four")
    setting = write(layout.root / new_dead_name(), b"a setting that was being written")
    assert {path: (each.size, each.what) for path, each in list_found(layout, grace=100 * DAY).items()} == {
        f"tmp/{file}": (7, "tmp"),
        f"tmp/{folder}": (4, "tmp"),
        setting.name: (32, "tmp"),
    }


def test_what_a_living_process_makes_is_never_litter(layout: Layout) -> None:
    with open_process() as name:
        write(layout.tmp / name)
        write(layout.tmp / new_name() / "m.bin")
        write(layout.cache / name)
        write(layout.root / name)
        assert list_found(layout, ahead=1000 * DAY) == {}


@pytest.mark.parametrize("new", FOREIGN)
@pytest.mark.parametrize(("grace", "wait"), [(0.0, DAY), (3 * DAY, 3 * DAY)])
def test_file_of_an_unknown_maker_goes_by_its_age(
    new: Callable[[], str], grace: float, wait: float, layout: Layout
) -> None:
    name = new()
    write(layout.tmp / name)
    assert not list_found(layout, grace=grace, ahead=wait - 60)
    assert set(list_found(layout, grace=grace, ahead=wait + 60)) == {f"tmp/{name}"}


def test_old_times_do_not_make_a_young_file_old(layout: Layout) -> None:
    """`cp -p` and a hard link bring the times of bytes that are old."""
    os.utime(write(layout.tmp / new_foreign_name()), (1.0, 1.0))
    assert not list_found(layout)


def test_folder_is_as_young_as_what_is_in_it(layout: Layout) -> None:
    name = new_foreign_name()
    path = write(layout.tmp / name / "deep" / "m.bin")
    soon = read_clock(layout) + 2 * DAY
    os.utime(path, (soon, soon))
    assert not list_found(layout, ahead=DAY + 60)
    assert set(list_found(layout, ahead=3 * DAY + 60)) == {f"tmp/{name}"}


def test_bytes_with_another_name_are_not_counted(layout: Layout, tmp_path: Path) -> None:
    name = new_dead_name()
    os.link(write(tmp_path / "users.bin"), layout.tmp / name)
    assert list_found(layout)[f"tmp/{name}"].size == 0


def test_view_is_litter_when_its_version_is_gone(layout: Layout) -> None:
    show(layout, VERSION, b"weights")
    show(layout, OTHER, b"others")
    assert not list_found(layout, (VERSION, OTHER))
    found = list_found(layout, (OTHER,))
    stamps = (layout.views / f"{VERSION}{STAMPS}").stat().st_size
    assert {path: (each.size, each.what) for path, each in found.items()} == {
        f"views/{VERSION}": (7, "view"),
        f"views/{VERSION}{STAMPS}": (stamps, "view"),
    }


def test_view_made_after_the_clock_was_read_stays(layout: Layout) -> None:
    """Its version may be younger than the list of those that live."""
    show(layout, VERSION, b"weights")
    assert not list_found(layout, ahead=-60)


def test_stamps_without_a_view_are_litter(layout: Layout) -> None:
    write(layout.views / f"{VERSION}{STAMPS}", b"{}")
    assert set(list_found(layout, (VERSION,))) == {f"views/{VERSION}{STAMPS}"}


def test_view_that_a_dead_process_was_building_is_litter(layout: Layout) -> None:
    name = f".{new_dead_name()}"
    write(layout.views / name / "m.bin", b"half")
    assert {path: each.size for path, each in list_found(layout).items()} == {f"views/{name}": 4}


def test_what_others_put_beside_views_caches_and_settings_stays(layout: Layout) -> None:
    for folder in (layout.views, layout.cache, layout.root):
        write(folder / "notes.txt")
        write(folder / "notes" / "m.bin")
    assert not list_found(layout, ahead=1000 * DAY)


def test_cache_loses_what_dead_processes_set_aside_and_never_the_index(layout: Layout) -> None:
    name = new_dead_name()
    for suffix in ("", "-wal", "-shm", "-journal"):
        write(layout.cache / f"index.sqlite{suffix}")
        write(layout.cache / f"{name}{suffix}", b"five!")
    found = list_found(layout, ahead=1000 * DAY)
    assert {path: (each.size, each.what) for path, each in found.items()} == {
        f"cache/{name}{suffix}": (5, "cache") for suffix in ("", "-wal", "-shm", "-journal")
    }


def test_folders_that_git_did_not_keep_hold_no_litter(layout: Layout) -> None:
    for folder in (layout.views, layout.cache, layout.tmp):
        folder.rmdir()
    assert list_litter(layout, (), 0.0, 0.0) == []


def test_removed_litter_is_gone_and_nothing_else(layout: Layout) -> None:
    before = sorted(layout.root.rglob("*"))
    write(layout.tmp / new_dead_name())
    show(layout, VERSION, b"weights")
    view = sorted([*layout.views.rglob("*"), *layout.tmp.iterdir()])
    found = list_found(layout)
    recorder = Recorder()
    with files.open_observer(recorder):
        for each in found.values():
            remove_litter(each)
    assert {path for op, path in recorder.calls if op in {"unlink", "rmdir"}} == {str(path) for path in view}
    blobs = [path for path in layout.blobs.rglob("*") if path.is_file()]
    assert sorted(layout.root.rglob("*")) == sorted([*before, *blobs])


def test_litter_that_is_gone_already_is_fine(layout: Layout) -> None:
    write(layout.tmp / new_dead_name())
    write(layout.tmp / new_dead_name() / "m.bin")
    for each in [*list_found(layout).values()] * 2:
        remove_litter(each)
    assert list(layout.tmp.iterdir()) == []


def test_writers_are_those_that_run_or_may(layout: Layout) -> None:
    foreign = new_foreign_name()
    with open_process() as name:
        for each in (name, f"{name[:-1]}Z", new_name(), new_dead_name(), foreign, "probe"):
            write(layout.tmp / each)
        owners = {find_owner(name), find_owner(foreign)}
        assert len(list_live_writers(layout)) == len(owners)
        assert set(list_live_writers(layout)) == owners


def test_nobody_writes_in_a_new_registry(layout: Layout) -> None:
    assert list_live_writers(layout) == []


def test_clock_is_that_of_the_file_system(layout: Layout) -> None:
    first = read_clock(layout)
    made = write(layout.tmp / "later").stat().st_mtime
    assert first <= made <= read_clock(layout)
    assert [path.name for path in layout.tmp.iterdir()] == ["later"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_time_is_told_where_no_file_can_be_made(number: int, layout: Layout) -> None:
    os.utime(layout.turn, (0, 0))
    with files.open_observer(Once("create", fail(OSError(number, os.strerror(number))))):
        now = read_clock(layout)
    assert now == layout.turn.stat().st_mtime
    assert abs(now - read_clock(layout)) < DAY


def test_the_time_is_told_where_nothing_can_be_written(layout: Layout) -> None:
    layout.turn.unlink()
    with files.open_observer(Once("create", fail(OSError(errno.ENOSPC, "full")))):
        assert abs(read_clock(layout) - time.time()) < DAY
