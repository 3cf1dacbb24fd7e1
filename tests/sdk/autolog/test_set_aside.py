"""Files that are about to be written over: set aside at one stroke, or left where somebody might notice."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry_cli.sdk.autolog.set_aside import give_back, set_aside
from registry_cli.store.files import open_observer
from tests.builders import write
from tests.observers import Once, Recorder, fail


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "held").mkdir()
    return tmp_path / "held" / "1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.pt"
    path.write_text("old")
    return path


def aside(path: Path, target: Path) -> bool:
    status = path.stat()
    return set_aside(path, status.st_size, status.st_mtime_ns, target)


def test_the_file_is_aside(path: Path, target: Path) -> None:
    before = path.stat()
    with path.open() as reader:
        assert aside(path, target)
        path.write_text("new")
        assert reader.read() == "old", "who reads goes on"
    assert (target.read_text(), target.stat().st_ino, target.stat().st_nlink) == ("old", before.st_ino, 1)
    assert (path.read_text(), path.stat().st_mode) == ("new", before.st_mode)
    assert sorted(target.parent.iterdir()) == [target]


def test_it_comes_back_where_nothing_was_written(path: Path, target: Path) -> None:
    inode = path.stat().st_ino
    assert aside(path, target)
    assert not path.exists()
    assert give_back(path, target)
    assert (path.read_text(), path.stat().st_ino, path.stat().st_nlink) == ("old", inode, 1)
    assert list(target.parent.iterdir()) == []


def test_it_stays_where_half_was(path: Path, target: Path) -> None:
    assert aside(path, target)
    path.write_text("n")
    assert not give_back(path, target)
    assert (target.read_text(), path.read_text()) == ("old", "n")


def test_it_stays_where_the_folder_is_gone(tmp_path: Path, target: Path) -> None:
    path = write(tmp_path / "out" / "m.pt", b"old")
    assert aside(path, target)
    path.parent.rmdir()
    assert not give_back(path, target)
    assert target.read_text() == "old"


def test_what_somebody_else_has_begun_to_write_comes_back(path: Path, target: Path) -> None:
    status = path.stat()
    path.write_text("half")
    assert not set_aside(path, status.st_size, status.st_mtime_ns, target)
    assert path.read_text() == "half"
    assert list(target.parent.iterdir()) == []


def test_a_signal_in_the_midst_brings_it_back(path: Path, target: Path) -> None:
    class Interrupting(Recorder):
        def after(self, op: str, path: str, detail: object) -> None:
            if op == "rename":
                raise KeyboardInterrupt

    with open_observer(Interrupting()), pytest.raises(KeyboardInterrupt):
        aside(path, target)
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []


def _close(path: Path) -> Path:
    path.chmod(0o444)
    return path


def _note(path: Path) -> Path:
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError as error:
        pytest.skip(f"this file system keeps no attributes: {error}")
    return path


def _link(path: Path) -> Path:
    link = path.with_name("link.pt")
    link.symlink_to(path)
    return link


def _name(path: Path) -> Path:
    os.link(path, path.with_name("other.pt"))
    return path


def _give(path: Path) -> Path:
    os.chown(path, 4321, -1)
    return path


def _group(path: Path) -> Path:
    os.chown(path, -1, 4321)
    return path


def _admit(path: Path) -> Path:
    """Let one more user write: entries of tag, rights and id, as the kernel keeps them."""
    entries = [(1, 6, 0), (2, 6, 4321), (4, 4, 0), (16, 6, 0), (32, 4, 0)]
    try:
        os.setxattr(path, "system.posix_acl_access",
                    struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries))  # fmt: skip
    except OSError as error:
        pytest.skip(f"this file system keeps no access lists: {error}")
    return path


@pytest.mark.parametrize("make", [_link, _name, _give, _group, _admit, _close, _note])
def test_what_somebody_might_notice_is_left(path: Path, target: Path, make: object) -> None:
    if make in (_give, _group) and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    given = make(path)  # type: ignore[operator]
    assert not aside(given, target)
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []


def test_a_disk_without_room_for_both_keeps_one(path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=5, f_frsize=1))
    assert not aside(path, target)
    assert path.read_text() == "old"


def test_another_file_system_s_is_left(elsewhere: Path, target: Path) -> None:
    path = elsewhere / "m.pt"
    path.write_text("old")
    assert not aside(path, target)
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []


def test_what_cannot_be_moved_stays(path: Path, target: Path) -> None:
    with open_observer(Once("rename", fail(OSError(16, "busy")))), pytest.raises(OSError, match="busy"):
        aside(path, target)
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []
