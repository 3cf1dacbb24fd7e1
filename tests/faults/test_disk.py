"""Disks that are full or read-only, users with another umask, registries of somebody else."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.registry.api import Registry
from registry_cli.registry.get import open_path
from registry_cli.store import disk_reserve, files
from registry_cli.store.layout import Layout
from tests.builders import write
from tests.faults import harness
from tests.faults.harness import Acknowledge, Call, Site, Witness, check_whole, end_child, snapshot_of, start_child
from tests.faults.small_disk import PAGE, OpenDisk, SmallDisk
from tests.faults.strangers import run

SPARES = disk_reserve.SPARES
NOBODY, SOMEBODY, GROUP = 65534, 65533, 65532
MEGABYTE = 1 << 20
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


def list_left(root: Path) -> list[str]:
    """Return what a command that failed left behind; there must be nothing."""
    hidden = [path.name for path in root.parent.rglob(".*") if path.name not in {".registry", ".gitignore"}]
    return hidden + [path.name for path in (root / "tmp").iterdir()]


@pytest.fixture
def small(template: Site, open_small_disk: OpenDisk) -> tuple[SmallDisk, Site]:
    """A disk with a registry on it, files to add elsewhere."""
    disk = open_small_disk(24 * MEGABYTE)
    return disk, template.copy(disk.path / "site")


COMMANDS = {
    "add": ["model", "add", "p/new", "model.bin", "folder", "--tag", "fresh", "--alias", "best"],
    "add what is there": ["model", "add", "p/twin", "base.bin"],
    "tag": ["model", "tag", "p/base:1", "--add", "good"],
    "publish": ["model", "publish", "p/base:1"],
    "edit": ["model", "edit", "p/base:1", "--design", "folder/deep/vocab.txt"],
}


@pytest.mark.sweep(3)
@pytest.mark.parametrize("name", COMMANDS)
def test_full_disk(name: str, small: tuple[SmallDisk, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a page more each time, until there is room: what fails says so and leaves nothing, then it succeeds."""
    disk, site = small
    monkeypatch.chdir(site.sources)
    before = snapshot_of(site)
    failed, pages = 0, 0
    while True:
        disk.fill(leave=pages * PAGE)
        code, text = run(site.root, *COMMANDS[name])
        if code == 0:
            break
        failed += 1
        assert code == 1
        assert "error: no space left on device" in text
        assert f"make room, and repeat the command\nhint: reg --registry {site.root} gc\n" in text
        assert not list_left(site.root)
        assert snapshot_of(site) == before
        pages += 1 if pages < 8 else pages // 8
        assert pages * PAGE < 16 * MEGABYTE, "there is room and it still fails"
    assert failed
    disk.free()
    assert check_whole(site) != before
    assert not list_left(site.root)


@pytest.mark.parametrize("index", ["there", "gone"])
def test_full_disk_is_read(index: str, small: tuple[SmallDisk, Site], tmp_path: Path) -> None:
    disk, site = small
    if index == "gone":
        site.forget_index()
    disk.fill()
    for words in (["show", "p/base"], ["list"], ["query", "tag:kept"], ["verify", "p/base"], ["history", "p/base"]):
        code, text = run(site.root, "model", *words)
        assert (code, "p/base" in text) == (0, True)
    assert run(site.root, "model", "get", "p/base", tmp_path / "got")[0] == 0
    assert (tmp_path / "got" / "base.bin").read_bytes() == b"base" * 500


def test_getting_onto_a_full_disk(template: Site, open_small_disk: OpenDisk) -> None:
    disk = open_small_disk(MEGABYTE)
    disk.fill()
    code, text = run(template.root, "model", "get", "p/base", disk.path / "got")
    assert code == 1
    assert "error: no space left on device" in text
    assert [path.name for path in disk.path.rglob("*") if path.is_file()] == ["ballast"]
    disk.free()
    assert run(template.root, "model", "get", "p/base", disk.path / "got")[0] == 0


@pytest.mark.slow
@pytest.mark.sweep(4)
@pytest.mark.parametrize("op", ["create", "write", "fsync", "link", "fsync-dir"])
@pytest.mark.parametrize("name", ["add", "tag", "publish"])
def test_full_quota(name: str, op: str, template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = template.copy(tmp_path / "site")
    monkeypatch.chdir(site.sources)

    def act(_number: int, call: Call) -> None:
        if (call.moment, call.op) == ("before", op):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), call.path)

    with files.open_observer(Witness(act)):
        code, text = run(site.root, *COMMANDS[name])
    assert code == 1
    assert "error: disk quota exceeded" in text
    assert str(site.root) in text
    assert f"make room, and repeat the command\nhint: reg --registry {site.root} gc\n" in text
    assert not list_left(site.root)
    if op != "fsync-dir":  # the last one comes after the entry has its slot
        assert check_whole(site) == snapshot_of(template)
    assert run(site.root, *COMMANDS[name])[0] == 0


@pytest.mark.slow
def test_read_only_disk(small: tuple[SmallDisk, Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, site = small
    monkeypatch.chdir(site.sources)
    harness.add_new(site)
    before = sorted(site.root.rglob("*"))
    disk.protect()
    for words in (["status"], ["events"], ["model", "list"], ["model", "show", "p/new"], ["model", "verify", "p/new"]):
        assert run(site.root, *words)[0] == 0
    assert run(site.root, "model", "get", "p/new", tmp_path / "got")[0] == 0
    code, path = run(site.root, "model", "path", "p/base")
    assert (code, Path(path.strip()).read_bytes()) == (0, b"base" * 500)
    for words in [*COMMANDS.values(), ["config", "set", "author", "me"], ["undo"]]:
        code, text = run(site.root, *words)
        assert code == 1
        assert "error: read-only file system" in text
        assert "; reading still works" in text
    assert sorted(site.root.rglob("*")) == before


def become(user: int, group: int) -> None:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    os.environ["REG_CACHE_HOME"] = f"/tmp/reg-no-home-of-{user}/cache"
    os.environ["REG_CONFIG_HOME"] = f"/tmp/reg-no-home-of-{user}/config"


def do_as(user: int, group: int, umask: int, work: Callable[[], object]) -> None:
    """Do `work` in a child as another user; a failure there is one here."""

    def child(acknowledge: Acknowledge) -> None:
        os.umask(umask)
        if user:
            become(user, group)
        work()
        acknowledge()

    ended = end_child(*start_child(child))
    assert (ended.code, ended.acknowledged) == (0, 1)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that other users reach."""
    harness.open_to_all(tmp_path)
    folder = tmp_path / "open"
    folder.mkdir()
    for name in ("model.bin", "base.bin"):
        write(tmp_path / "open" / "sources" / name, name.encode() * 100).chmod(0o644)
    rehearsal = Site(tmp_path / "rehearsal", folder / "sources")
    Registry.init(rehearsal.folder).close()
    set_author(rehearsal)
    use(rehearsal, "p/x", "base.bin")  # others may not reach the interpreter's modules: have them loaded
    run_tag(rehearsal, "p/x:1")
    return folder


def use(site: Site, name: str, source: str) -> None:
    """Do a bit of everything: add, tag, publish, get in place, and look at all."""
    harness.add(site, name, source, tags=["t"])
    with Registry.open(site.folder) as registry:
        assert open_path(registry, registry.get_row(name)).read_bytes() == (site.sources / source).read_bytes()
    check_whole(site)


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o077, 0o027, 0o022, 0o000], ids="{:03o}".format)
def test_files_of_a_private_registry_are_their_owners(umask: int, tmp_path: Path) -> None:
    """Nobody writes what is stored, whatever the umask; it decides only who reads."""
    site = Site(tmp_path / "site", tmp_path)
    write(tmp_path / "base.bin")
    before = os.umask(umask)
    try:
        Registry.init(site.folder)
        use(site, "p/mine", "base.bin")
    finally:
        os.umask(before)
    for area in ("blobs", "records", "log"):
        for path in (site.root / area).rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o777 if path.is_dir() else 0o444) & ~umask, path


@pytest.mark.slow
@pytest.mark.sweep(3)
@needs_root
@pytest.mark.parametrize("umask", [0o077, 0o027, 0o000], ids="{:03o}".format)
def test_group_shares_a_shared_registry(umask: int, open_folder: Path) -> None:
    """Two users of one group, neither of whom lets the group in by his umask, work in one registry."""
    site = Site(open_folder / "site", open_folder / "sources")
    site.folder.mkdir()
    os.chown(site.folder, NOBODY, GROUP)
    do_as(NOBODY, GROUP, umask, lambda: Registry.init(site.folder, shared=True).close())
    for number, user in enumerate((SOMEBODY, NOBODY, SOMEBODY)):
        source = "model.bin" if number else "base.bin"
        do_as(user, GROUP, umask, lambda name=f"p/m{number}", source=source: use(site, name, source))
        do_as(user, GROUP, umask, lambda number=number: run_tag(site, f"p/m{number}:1"))
        do_as(user, GROUP, umask, lambda: set_author(site))
        do_as(user, GROUP, umask, lambda number=number: open_all(site, number))
    for path in [site.root, *site.root.rglob("*")]:
        status = path.lstat()
        if path.relative_to(site.root).parts[:1] != ("cache",):  # each member's index is his own
            assert status.st_gid == GROUP, path
            assert stat.S_IMODE(status.st_mode) & 0o040, path
            assert not path.is_dir() or stat.S_IMODE(status.st_mode) == files.SHARED_DIR, path
    assert len(check_whole(site)) == 3


def open_all(site: Site, newest: int) -> None:
    """Open every member's versions in place, the first time and again, and mend a view that another has made."""
    for words in ([], [], ["--verify"]):
        for number in range(newest + 1):
            code, text = run(site.root, "model", "path", f"p/m{number}:1", *words)
            assert code == 0, text
            assert Path(text.strip()).is_relative_to(site.root / "views")
            assert Path(text.strip()).read_bytes()
    with Registry.open(site.folder) as registry:
        view = open_path(registry, registry.get_row("p/m0"))
        view.unlink()
        assert open_path(registry, registry.get_row("p/m0")).read_bytes()


def run_tag(site: Site, ref: str) -> None:
    assert run(site.root, "model", "tag", ref, "--add", "seen")[0] == 0
    assert run(site.root, "config", "list")[0] == 0


def set_author(site: Site) -> None:
    assert run(site.root, "config", "set", "author", "we")[0] == 0


@pytest.mark.slow
@needs_root
def test_registry_of_root_is_read_by_others(open_folder: Path) -> None:
    site = Site(open_folder / "site", open_folder / "sources")
    Registry.init(site.folder).close()
    use(site, "p/roots", "base.bin")
    got = open_folder / "theirs" / "got.bin"
    got.parent.mkdir()
    os.chown(got.parent, NOBODY, NOBODY)

    def read() -> None:
        assert run(site.root, "model", "verify", "p/roots")[0] == 0
        code, text = run(site.root, "model", "get", "p/roots", "-o", str(got))
        assert code == 0, text
        assert got.read_bytes() == (site.sources / "base.bin").read_bytes()
        assert run(site.root, "model", "get", "p/roots", "-o", "/dev/null")[0] == 0
        code, text = run(site.root, "model", "tag", "p/roots:1", "--add", "x")
        assert code == 1
        assert "error: permission denied" in text
        assert "; reading may still work" in text

    def check() -> None:
        code, text = run(site.root, "fsck")
        assert code == 0, "what this user may not read is not damaged"
        assert "1 file that this user may not read: not checked" in text

    do_as(NOBODY, NOBODY, 0o022, read)
    next((site.root / "blobs").glob("*/*")).chmod(0o400)
    do_as(NOBODY, NOBODY, 0o022, check)


@pytest.mark.slow
@pytest.mark.sweep(2)
@needs_root
@pytest.mark.parametrize("first", ["root", "owner"])
def test_root_in_a_user_s_registry_locks_its_owner_out_of_nothing(first: str, open_folder: Path) -> None:
    site = Site(open_folder / "site", open_folder / "sources")
    site.folder.mkdir()
    os.chown(site.folder, NOBODY, NOBODY)
    do_as(NOBODY, NOBODY, 0o022, lambda: Registry.init(site.folder).close())
    users = [0, NOBODY, 0, NOBODY] if first == "root" else [NOBODY, 0, NOBODY]
    for number, user in enumerate(users):
        source = "base.bin" if number % 3 else "model.bin"
        do_as(user, user, 0o022, lambda name=f"p/m{number}", source=source: use(site, name, source))
        do_as(user, user, 0o022, lambda number=number: run_tag(site, f"p/m{number}:1"))
    assert len(check_whole(site)) == len(users)


@pytest.mark.slow
@pytest.mark.sweep(5)
@pytest.mark.parametrize("late", [False, True], ids=["removed before", "removed on the full disk"])
@pytest.mark.parametrize("leave", [0, 1, 3])
def test_full_disk_is_freed_by_collecting(
    leave: int, late: bool, template: Site, open_small_disk: OpenDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removing and collecting need room themselves: the reserve gives it, and is made again afterwards."""
    monkeypatch.setattr(disk_reserve, "RESERVE", 2 * MEGABYTE)
    disk = open_small_disk(24 * MEGABYTE)
    site = template.copy(disk.path / "site")
    large, small = write(tmp_path / "large.bin", os.urandom(8 * MEGABYTE)), str(site.sources / "model.bin")
    assert run(site.root, "model", "add", "p/large", str(large))[0] == 0
    disk_reserve.make_reserve(Layout(site.root))
    if not late:
        assert run(site.root, "model", "remove", "p/large:1")[0] == 0
    disk.fill(leave=leave * PAGE)
    code, text = run(site.root, "model", "add", "p/more", small)
    assert code == 1
    assert f"make room, and repeat the command\nhint: reg --registry {site.root} gc\n" in text
    if late:
        assert run(site.root, "model", "remove", "p/large:1")[0] == 0
    assert run(site.root, "gc", "--now")[0] == 0
    assert (site.root / "reserve").stat().st_size == 2 * MEGABYTE
    assert run(site.root, "model", "add", "p/more", small)[0] == 0
    check_whole(site)


@pytest.mark.slow
@pytest.mark.sweep(8)
@pytest.mark.parametrize("late", [False, True], ids=["removed before", "removed on the full disk"])
@pytest.mark.parametrize("leave", [0, 1, 2, 5])
def test_disk_without_inodes_is_freed_by_collecting(
    leave: int, late: bool, template: Site, open_small_disk: OpenDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are more blobs to be moved to folders of the trash than there are inodes in reserve."""
    monkeypatch.setattr(disk_reserve, "SPARES", SPARES)
    site, crowd = crowded(template, open_small_disk, tmp_path)
    if not late:
        assert run(site.root, "model", "remove", "p/many:1")[0] == 0
    crowd(leave)
    code, text = run(site.root, "model", "add", "p/more", str(tmp_path / "many"), "--allow-same")
    assert (code, "error: no space left on device" in text) == (1, True)
    if late:
        assert run(site.root, "model", "remove", "p/many:1")[0] == 0
    code, text = run(site.root, "gc", "--now")
    assert code == 0, text
    assert len(list((site.root / "spares").iterdir())) == SPARES
    assert run(site.root, "model", "add", "p/more", str(site.sources / "model.bin"))[0] == 0
    check_whole(site)


@pytest.mark.slow
@pytest.mark.sweep(4)
@pytest.mark.parametrize("leave", [0, 1, 2, 5])
def test_trash_is_emptied_on_a_disk_without_inodes(
    leave: int, template: Site, open_small_disk: OpenDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_reserve, "SPARES", SPARES)
    site, crowd = crowded(template, open_small_disk, tmp_path)
    assert run(site.root, "config", "set", "gc.grace", "0s")[0] == 0
    assert run(site.root, "model", "remove", "p/many:1")[0] == 0
    for _ in range(2):
        assert run(site.root, "gc")[0] == 0
    crowd(leave)
    code, text = run(site.root, "trash", "empty", "--yes")
    assert code == 0, text
    assert [path for path in (site.root / "trash").rglob("*") if path.is_file()] == []
    check_whole(site)


def crowded(template: Site, open_small_disk: OpenDisk, folder: Path) -> tuple[Site, Callable[[int], None]]:
    """Return a registry with a version of many files on a disk of few inodes, and what takes all but some of them."""
    disk = open_small_disk(24 * MEGABYTE, 3000)
    site = template.copy(disk.path / "site")
    for number in range(25 * SPARES):
        write(folder / "many" / str(number), b"%d" % number)
    assert run(site.root, "model", "add", "p/many", str(folder / "many"))[0] == 0
    disk_reserve.make_reserve(Layout(site.root))
    return site, lambda leave: disk.crowd(leave=leave)
