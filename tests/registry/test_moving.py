"""Files that are shared with the registry or taken away: which may be, and that only what was taken in ever goes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError, RegError, UsageError
from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.get import open_path
from registry_cli.registry.moving import Mode
from registry_cli.registry.verify import list_faults
from registry_cli.store import files
from registry_cli.store.hashing import digest_bytes
from tests.builders import add, add_path, write
from tests.observers import Recorder

MEBI = 1 << 20
SIZES = pytest.mark.parametrize("size", [7, 3 * MEBI])
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


class AtCommit(Recorder):
    """Does something when the version has got its slot in the log."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__()
        self._action = action

    def after(self, op: str, path: str, detail: object) -> None:
        super().after(op, path, detail)
        if op == "link" and "/log/" in str(detail):
            self._action()


class AtAside(Recorder):
    """Does something before or after the user's file is renamed aside."""

    def __init__(self, source: Path, before: Callable[[], object], after: Callable[[], object]) -> None:
        super().__init__()
        self._source, self._before, self._after = str(source), before, after

    def before(self, op: str, path: str, detail: object) -> None:
        if (op, path) == ("rename", self._source):
            self._before()

    def after(self, op: str, path: str, detail: object) -> None:
        if (op, path) == ("rename", self._source):
            self._after()


def replace(path: Path, data: bytes) -> None:
    """Write a file as a training does that saves its next checkpoint."""
    write(path.with_name("next.pt"), data).rename(path)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@SIZES
def test_the_next_checkpoint_in_its_place_stays(size: int, registry: Registry, tmp_path: Path) -> None:
    data, source = os.urandom(size), tmp_path / "out" / "last.pt"
    write(source, data)
    with files.open_observer(AtCommit(lambda: replace(source, b"the next"))):
        added = add_path(registry, "a/b", source, mode="move")
    assert source.read_bytes() == b"the next"
    assert [(left.path, left.kept) for left in added.left] == [(source, None)]
    assert list_names(source.parent) == ["last.pt"]
    assert open_path(registry, added.version).read_bytes() == data


@SIZES
def test_one_that_comes_between_the_look_and_the_rename_gets_its_name_back(
    size: int, registry: Registry, tmp_path: Path
) -> None:
    source = write(tmp_path / "out" / "last.pt", os.urandom(size))
    watcher = AtAside(source, lambda: replace(source, b"the next"), lambda: None)
    with files.open_observer(watcher):
        added = add_path(registry, "a/b", source, mode="move")
    assert source.read_bytes() == b"the next"
    assert [left.path for left in added.left] == [source]
    assert list_names(source.parent) == ["last.pt"]
    assert list_faults(registry, added.version) == []


def test_a_third_file_is_not_replaced_and_the_second_is_kept(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "out" / "last.pt", b"first")
    watcher = AtAside(source, lambda: replace(source, b"second"), lambda: replace(source, b"third"))
    with files.open_observer(watcher):
        [left] = add_path(registry, "a/b", source, mode="move").left
    assert source.read_bytes() == b"third"
    assert left.kept is not None
    assert left.kept.name.startswith("last.pt.kept-")
    assert left.kept.read_bytes() == b"second"
    assert list_names(source.parent) == sorted(["last.pt", left.kept.name])


def test_a_file_that_was_written_to_stays(registry: Registry, tmp_path: Path) -> None:
    """Its times may even have been set back."""
    source = write(tmp_path / "last.pt", b"first")
    os.link(source, tmp_path / "other name")  # so it is copied
    before = source.stat()

    def rewrite() -> None:
        source.write_bytes(b"FIRST")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))

    with files.open_observer(AtCommit(rewrite)):
        added = add_path(registry, "a/b", source, mode="move")
    assert source.read_bytes() == b"FIRST"
    assert [left.path for left in added.left] == [source]
    assert open_path(registry, added.version).read_bytes() == b"first"


def test_a_file_that_only_got_another_mode_goes(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "last.pt", b"first")
    os.link(source, tmp_path / "other name")
    with files.open_observer(AtCommit(lambda: source.chmod(0o600))):
        assert add_path(registry, "a/b", source, mode="move").left == ()
    assert not source.exists()


def test_a_file_that_is_gone_by_itself_is_no_matter(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "last.pt", b"first")
    with files.open_observer(AtCommit(source.unlink)):
        assert add_path(registry, "a/b", source, mode="move").left == ()


def test_a_file_with_another_name_is_copied(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "last.pt", b"first")
    os.link(source, tmp_path / "other name")
    row = add_path(registry, "a/b", source, mode="move").version
    assert not source.exists()
    (tmp_path / "other name").write_bytes(b"later")
    assert list_faults(registry, row, strong=True) == []
    assert stat.S_IMODE((tmp_path / "other name").stat().st_mode) & stat.S_IWUSR


@needs_root
def test_a_file_of_somebody_else_is_copied_and_not_linked(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "theirs.pt", b"theirs")
    os.chown(source, NOBODY, NOBODY)
    with pytest.raises(RegError, match=r"theirs\.pt belongs to another user"):
        add_path(registry, "a/b", source, mode="link")
    assert stat.S_IMODE(source.stat().st_mode) & stat.S_IWUSR
    row = add_path(registry, "a/b", source, mode="move").version
    blob = registry.layout.blob(digest_bytes(b"theirs").sha256)
    assert (blob.stat().st_uid, source.exists()) == (os.geteuid(), False)
    assert list_faults(registry, row) == []


@SIZES
@pytest.mark.parametrize("mode", ["link", "move"])
def test_what_becomes_a_blob_is_read_only(mode: Mode, size: int, registry: Registry, tmp_path: Path) -> None:
    data = os.urandom(size)
    source = write(tmp_path / "m.bin", data)
    source.chmod(0o600)
    inode = source.stat().st_ino
    add_path(registry, "a/b", source, mode=mode)
    blob = registry.layout.blob(digest_bytes(data).sha256)
    assert (blob.stat().st_ino, stat.S_IMODE(blob.stat().st_mode)) == (inode, 0o444)
    assert source.exists() == (mode == "link")


@pytest.mark.parametrize("mode", ["link", "move"])
def test_a_file_that_does_not_become_a_blob_has_its_mode_again(mode: Mode, registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "m.bin", b"bytes")
    source.chmod(0o640)
    with pytest.raises(NotFoundError):
        add_path(registry, "a/b", source, mode=mode, parents=(("base", "no/body:1"),))
    assert stat.S_IMODE(source.stat().st_mode) == 0o640
    add(registry, "a/b", b"bytes")
    add_path(registry, "a/c", source, mode="link")
    assert stat.S_IMODE(source.stat().st_mode) == 0o640, "the blob was there already"


def test_a_second_name_of_a_blob_goes_and_the_blob_stays(registry: Registry, tmp_path: Path) -> None:
    source = write(tmp_path / "m.bin", b"bytes")
    add_path(registry, "a/b", source, mode="link")
    assert add_path(registry, "a/c", source, mode="move").left == ()
    assert not source.exists()
    assert check_registry(registry).damages == ()


@pytest.mark.parametrize("mode", ["link", "move", "reference"])
@pytest.mark.parametrize("way", ["straight", "link to the file", "link to a folder", "relative"])
def test_files_of_a_registry_are_not_shared_or_taken(
    way: str, mode: Mode, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(registry, "a/b", b"bytes")
    blob = registry.layout.blob(digest_bytes(b"bytes").sha256)
    (tmp_path / "to folder").symlink_to(blob.parent)
    (tmp_path / "to file").symlink_to(blob)
    monkeypatch.chdir(blob.parent)
    path = {
        "straight": blob,
        "link to the file": tmp_path / "to file",
        "link to a folder": tmp_path / "to folder" / blob.name,
        "relative": Path(blob.name),
    }[way]
    with pytest.raises(UsageError, match=r"lies in a registry|is a link"):
        add_path(registry, "a/c", path, mode=mode)
    assert blob.exists()
    assert add_path(registry, "a/c", path).version.size == 5, "a copy harms nobody"


@pytest.mark.parametrize("area", ["views", "trash", "tmp", "records"])
def test_so_is_all_that_a_registry_has(area: str, registry: Registry, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"bytes")
    view = open_path(registry, row)
    path = {
        "views": view,
        "trash": write(registry.layout.trash / "x"),
        "tmp": write(registry.layout.tmp / "x"),
        "records": registry.layout.record(row.id),
    }[area]
    with pytest.raises(UsageError, match="lies in a registry"):
        add_path(registry, "a/c", path, mode="move")
    assert path.exists()
    with Registry.init(tmp_path / "other") as other, pytest.raises(UsageError, match="lies in a registry"):
        add_path(other, "a/c", path, mode="move")
    assert path.exists()


def test_a_blob_under_a_folder_that_shows_it_elsewhere_stays(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a bind mount does, whose parents do not tell; here the check of the parents is left out."""
    add(registry, "a/b", b"bytes")
    blob = registry.layout.blob(digest_bytes(b"bytes").sha256)
    monkeypatch.setattr("registry_cli.registry.add.check_sources", lambda *_: None)
    [left] = add_path(registry, "a/c", blob, mode="move").left
    assert left.path == blob
    assert blob.exists()
    assert list_names(blob.parent) == [blob.name]


def test_a_link_is_not_moved(registry: Registry, tmp_path: Path) -> None:
    target = write(tmp_path / "target.pt", b"bytes")
    (tmp_path / "link.pt").symlink_to(target)
    with pytest.raises(UsageError, match=r"link\.pt is a link, and --move takes files"):
        add_path(registry, "a/b", tmp_path / "link.pt", mode="move")
    assert (tmp_path / "link.pt").exists()


def test_a_folder_that_holds_a_registry_is_moved_without_it(registry: Registry, tmp_path: Path) -> None:
    add(registry, "a/b", b"bytes")
    write(registry.path.parent / "model.pt", b"weights")
    add_path(registry, "a/c", registry.path.parent, mode="move")
    assert not (registry.path.parent / "model.pt").exists()
    assert check_registry(registry).damages == ()
