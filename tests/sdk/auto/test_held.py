"""Files that are about to be written over: set aside at one stroke, or left where somebody might notice."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry_cli.sdk.auto.held import set_aside


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "held").mkdir()
    return tmp_path / "held" / "1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.pt"
    path.write_text("old")
    return path


def test_the_file_is_aside_and_the_new_one_gets_its_permissions(path: Path, target: Path) -> None:
    path.chmod(0o640)
    inode = path.stat().st_ino
    with path.open() as reader:
        aside = set_aside(path, target)
        assert aside is not None
        path.write_text("new")
        aside.hand_on()
        assert reader.read() == "old", "who reads goes on"
    assert (target.read_text(), target.stat().st_ino, target.stat().st_nlink) == ("old", inode, 1)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert sorted(target.parent.iterdir()) == [target]


def test_it_comes_back_where_nothing_was_written(path: Path, target: Path) -> None:
    inode = path.stat().st_ino
    aside = set_aside(path, target)
    assert aside is not None
    assert not path.exists()
    assert aside.give_back()
    assert (path.read_text(), path.stat().st_ino, path.stat().st_nlink) == ("old", inode, 1)
    assert list(target.parent.iterdir()) == []


def test_it_stays_where_half_was(path: Path, target: Path) -> None:
    aside = set_aside(path, target)
    assert aside is not None
    path.write_text("n")
    assert not aside.give_back()
    assert (target.read_text(), path.read_text()) == ("old", "n")


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


@pytest.mark.parametrize("make", [_link, _name, _give, _group, _admit])
def test_what_somebody_might_notice_is_left(path: Path, target: Path, make: object) -> None:
    if make in (_give, _group) and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    given = make(path)  # type: ignore[operator]
    assert set_aside(given, target) is None
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []


def test_a_disk_without_room_for_both_keeps_one(path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=5, f_frsize=1))
    assert set_aside(path, target) is None
    assert path.read_text() == "old"


def test_another_file_system_s_is_left(elsewhere: Path, target: Path) -> None:
    path = elsewhere / "m.pt"
    path.write_text("old")
    assert set_aside(path, target) is None
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []


def test_what_cannot_be_moved_stays(path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(16, "busy")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError, match="busy"):
        set_aside(path, target)
    assert path.read_text() == "old"
    assert list(target.parent.iterdir()) == []
