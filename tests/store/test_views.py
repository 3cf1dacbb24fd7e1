from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.ids import RecordId, VersionId
from registry_cli.registry.init import make_registry
from registry_cli.store import files, views
from registry_cli.store.layout import Layout
from registry_cli.store.staging import Staging
from registry_cli.store.views import BOOTS, STAMPS, Mode, Stamp, ViewFile, load_stamp, look_at, open_view
from tests.observers import WRITING, Once, Recorder, fail

VERSION = VersionId(RecordId("ab" * 32))
NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be root")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


@pytest.fixture
def users(tmp_path: Path) -> Iterator[Layout]:
    """A registry of a user who is not root, in whose name the test then runs."""
    if os.geteuid() != 0:
        yield make_registry(tmp_path / "own", shared=False)
        return
    folder = Path(tempfile.mkdtemp())
    layout = make_registry(folder, shared=False)
    open_view(layout, layout.views, VERSION, install(layout, {"warm.bin": b"all imports are done"}), "auto")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    os.chdir(folder)
    os.seteuid(NOBODY)
    try:
        yield layout
    finally:
        os.seteuid(0)
        os.chdir(tmp_path)
        shutil.rmtree(folder)


def install(layout: Layout, content: dict[str, bytes]) -> list[ViewFile]:
    shown = []
    with Staging(layout) as staging:
        for path, data in content.items():
            digests = staging.add_bytes(data)
            shown.append(ViewFile(path, digests.size, digests.sha256, digests.xxh3))
        staging.install()
    return shown


def show(layout: Layout, content: list[ViewFile], mode: Mode = "auto") -> Path:
    return open_view(layout, layout.views, VERSION, content, mode)


def test_a_view_keeps_the_names_of_its_files(layout: Layout) -> None:
    content = {"config.json": b"{}", "model/part 1.bin": b"1", "model/größe.bin": b"2", "empty": b""}
    folder = show(layout, install(layout, content))
    assert folder == layout.view(VERSION)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == content
    assert list(layout.tmp.iterdir()) == []


def test_an_intact_view_is_not_written_again(layout: Layout) -> None:
    content = install(layout, {"a": b"1", "b/c": b"2"})
    show(layout, content)
    recorder = Recorder()
    with files.open_observer(recorder):
        show(layout, content)
    assert recorder.calls == []


def test_a_file_that_was_only_touched_is_checked_and_kept(layout: Layout) -> None:
    content = install(layout, {"a": b"1"})
    path = show(layout, content, "copy") / "a"
    os.utime(path, (0, 0))
    recorder = Recorder()
    with files.open_observer(recorder):
        show(layout, content, "copy")
    made = {Path(path).parent for op, path in recorder.calls if op in WRITING}
    assert made == {layout.tmp}, "its stamp alone is written"


@root_only
def test_root_gets_a_copy(layout: Layout) -> None:
    content = install(layout, {"a": b"1"})
    assert not os.path.samefile(show(layout, content) / "a", layout.blob(content[0].sha256))


def test_a_user_gets_a_hard_link_to_his_own_blob(users: Layout) -> None:
    content = install(users, {"a": b"1"})
    path = show(users, content) / "a"
    assert os.path.samefile(path, users.blob(content[0].sha256))
    with pytest.raises(PermissionError):
        path.open("wb")


@root_only
def test_a_user_gets_a_copy_of_a_blob_of_somebody_else(users: Layout) -> None:
    content = install(users, {"a": b"1"})
    blob = users.blob(content[0].sha256)
    os.seteuid(0)
    os.chown(blob, 0, 0)
    os.seteuid(NOBODY)
    path = show(users, content) / "a"
    assert not os.path.samefile(path, blob)
    assert path.read_bytes() == b"1"


def test_a_copy_or_a_link_when_told_so(layout: Layout) -> None:
    content = install(layout, {"a": b"1"})
    blob = layout.blob(content[0].sha256)
    copied = show(layout, content, "copy") / "a"
    assert not os.path.samefile(copied, blob)
    assert stat.S_IMODE(copied.stat().st_mode) == 0o444
    files.remove_tree(layout.view(VERSION))
    assert os.path.samefile(show(layout, content, "hardlink") / "a", blob)


@pytest.mark.parametrize("damage", ["change", "cut", "remove", "remove all", "folder"])
def test_a_tampered_view_is_mended(damage: str, layout: Layout) -> None:
    content = install(layout, {"a": b"123", "b/c": b"456"})
    folder = show(layout, content, "copy")
    path = folder / "b" / "c"
    if damage == "remove all":
        shutil.rmtree(folder)
    else:
        path.unlink()
    if damage == "change":
        path.write_bytes(b"45X")
    elif damage == "cut":
        path.write_bytes(b"4")
    elif damage == "folder":
        path.mkdir()
    assert show(layout, content, "copy") == folder
    assert (path.read_bytes(), (folder / "a").read_bytes()) == (b"456", b"123")
    assert list(layout.tmp.iterdir()) == []


@pytest.mark.parametrize(
    "stamps", ["", "]", "[]", "5", '{"a": 1}', "null", '{"files": 1, "boots": {}}', "[" * 100_000, '{"a":' * 100_000]
)
def test_damaged_stamps_are_no_harm(stamps: str, layout: Layout) -> None:
    content = install(layout, {"a": b"1"})
    folder = show(layout, content)
    folder.with_name(folder.name + STAMPS).write_text(stamps)
    assert (show(layout, content) / "a").read_bytes() == b"1"


@pytest.mark.parametrize("mode", ["copy", "hardlink"])
def test_a_rotten_blob_is_not_shown(mode: Mode, layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    blob = layout.blob(content[0].sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"12X")
    with pytest.raises(CorruptError, match="does not hold"):
        show(layout, content, mode)
    assert not layout.view(VERSION).exists()


def test_a_blob_that_is_written_through_its_view_is_noticed(layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    path = show(layout, content, "hardlink") / "a"
    path.chmod(0o644)
    path.write_bytes(b"12X")
    with pytest.raises(CorruptError):
        show(layout, content, "hardlink")


def test_a_missing_blob_is_not_shown(layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    layout.blob(content[0].sha256).unlink()
    with pytest.raises(CorruptError, match="is missing"):
        show(layout, content)


def read_stamp(folder: Path) -> Stamp:
    return load_stamp(folder.with_name(folder.name + STAMPS).read_bytes())


def rot(path: Path) -> None:
    """Flip a bit as a disk does: no time, size or inode moves. The change time is put into the stamp instead."""
    folder = path.parent
    status, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    mode = stat.S_IMODE(status.st_mode)
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    stamp = read_stamp(folder)
    table = {"files": {**stamp.looks, path.name: look_at(path.stat())}, "boots": stamp.boots}
    folder.with_name(folder.name + STAMPS).write_text(json.dumps(table))


def test_bytes_that_changed_with_their_times_set_back_are_noticed(layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    path = show(layout, content, "copy") / "a"
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"12X")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (show(layout, content, "copy") / "a").read_bytes() == b"123"


def test_rot_that_moves_no_time_is_noticed_after_a_boot(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    content = install(layout, {"a": b"123"})
    path = show(layout, content, "copy") / "a"
    rot(path)
    assert (show(layout, content, "copy") / "a").read_bytes() == b"122", "nothing tells without reading"
    monkeypatch.setattr(views, "read_boot", lambda: "another boot")
    assert (show(layout, content, "copy") / "a").read_bytes() == b"123"


def test_rot_is_noticed_where_all_bytes_are_to_be_read(layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    rot(show(layout, content, "copy") / "a")
    folder = open_view(layout, layout.views, VERSION, content, "copy", verify=True)
    assert (folder / "a").read_bytes() == b"123"


def test_rot_of_a_blob_that_a_view_links_is_an_error(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    content = install(layout, {"a": b"123"})
    rot(show(layout, content, "hardlink") / "a")
    monkeypatch.setattr(views, "read_boot", lambda: "another boot")
    with pytest.raises(CorruptError, match="does not hold"):
        show(layout, content, "hardlink")


def test_several_machines_do_not_make_each_other_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    content = install(layout, {"a": b"123"})
    boots = [f"boot {number}" for number in range(BOOTS + 3)]
    for boot in boots:
        monkeypatch.setattr(views, "read_boot", lambda boot=boot: boot)
        folder = show(layout, content, "copy")
    assert read_stamp(folder).boots == boots[-BOOTS:]
    monkeypatch.setattr(views, "read_boot", lambda: boots[-2])
    monkeypatch.setattr(views, "xxh3_of_file", None)
    assert show(layout, content, "copy") == folder


def test_a_change_makes_all_machines_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    content = install(layout, {"a": b"123"})
    for boot in ("one", "other"):
        monkeypatch.setattr(views, "read_boot", lambda boot=boot: boot)
        folder = show(layout, content, "copy")
    (folder / "a").chmod(0o400)
    show(layout, content, "copy")
    assert read_stamp(folder).boots == ["other"]


def test_where_no_boot_is_known_all_is_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "read_boot", lambda: None)
    content = install(layout, {"a": b"123"})
    rot(show(layout, content, "copy") / "a")
    assert (show(layout, content, "copy") / "a").read_bytes() == b"123"


def test_what_we_do_to_a_blob_ourselves_costs_one_reading(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    content = install(layout, {"a": b"123"})
    folder = show(layout, content, "hardlink")
    files.freshen(layout.blob(content[0].sha256))
    show(layout, content, "hardlink")
    monkeypatch.setattr(views, "xxh3_of_file", None)
    assert show(layout, content, "hardlink") == folder


def test_a_stamp_that_cannot_be_written_stops_nobody(layout: Layout) -> None:
    content = install(layout, {"a": b"123"})
    folder = show(layout, content, "copy")
    os.utime(folder / "a", (0, 0))
    with files.open_observer(Once("create", fail(PermissionError("another member's")))):
        assert show(layout, content, "copy") == folder


@pytest.mark.parametrize("kind", ["link", "pipe"])
@pytest.mark.parametrize("where", ["folder", "file", "stamp"])
def test_a_link_or_pipe_in_a_view_is_damage_and_never_touched(
    where: str, kind: str, layout: Layout, tmp_path: Path
) -> None:
    content = install(layout, {"a": b"123"})
    folder = show(layout, content, "copy")
    victim = tmp_path / "victim"
    if where == "folder":
        files.remove_tree(folder)
        victim.mkdir()
        (victim / "diary").write_bytes(b"123")
    else:
        victim.write_bytes(b"123")
    path = {"folder": folder, "file": folder / "a", "stamp": folder.with_name(folder.name + STAMPS)}[where]
    if where != "folder":
        path.unlink()
    if kind == "link":
        path.symlink_to(victim)
    else:
        os.mkfifo(path)
    with pytest.raises(CorruptError):
        show(layout, content, "copy")
    assert stat.S_ISLNK(path.lstat().st_mode) == (kind == "link")
    assert ((victim / "diary") if where == "folder" else victim).read_bytes() == b"123"
    assert list(layout.tmp.iterdir()) == []


def test_views_of_a_registry_that_cannot_be_written_lie_elsewhere(layout: Layout, tmp_path: Path) -> None:
    content = install(layout, {"a": b"123"})
    cache = tmp_path / "cache" / "views"
    folder = open_view(layout, cache, VERSION, content, "auto")
    assert folder == cache / VERSION
    assert (folder / "a").read_bytes() == b"123"
    assert sorted(path.name for path in cache.iterdir()) == [VERSION, VERSION + STAMPS]
    assert list(layout.views.iterdir()) == []
