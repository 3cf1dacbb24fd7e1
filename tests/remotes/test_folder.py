"""A remote in a folder: what lies there is not trusted, and no crash leaves a part of an object."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from registry_cli.errors import RemoteError
from registry_cli.remotes.folder import FolderRemote
from registry_cli.store import files
from tests.faults.harness import Call, Witness, end_child, start_child

DATA = b"0123456789" * 1000


@pytest.fixture
def remote(tmp_path: Path) -> FolderRemote:
    remote = FolderRemote(tmp_path / "remote")
    remote.put_new("first", b"x")
    return remote


def list_keys(remote: FolderRemote) -> list[str]:
    return [one.key for one in remote.list_after("")]


def test_a_mount_that_is_gone_is_no_empty_remote(tmp_path: Path) -> None:
    remote = FolderRemote(tmp_path / "mnt" / "nfs" / "reg")
    for act in (
        lambda: remote.put_new("a", b"x"),
        lambda: remote.get("a", most=1),
        lambda: remote.head("a"),
        lambda: list(remote.list_after("")),
    ):
        with pytest.raises(RemoteError, match="is no folder, or is not mounted"):
            act()
    assert not (tmp_path / "mnt").exists()


def test_other_files_are_no_objects(remote: FolderRemote) -> None:
    for name in (".DS_Store", "notes on this.txt", "tmp/left", "~lock"):
        (remote.root / name).parent.mkdir(exist_ok=True)
        (remote.root / name).write_text("not ours")
    (remote.root / ".snapshot").mkdir()
    (remote.root / ".snapshot" / "first").write_text("not ours")
    assert list_keys(remote) == ["first"]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_something_else_in_an_object_s_place(remote: FolderRemote, tmp_path: Path, kind: str) -> None:
    place = remote.root / "log" / "0001"
    place.parent.mkdir()
    if kind == "link":
        (tmp_path / "secret").write_text("secret")
        place.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    with pytest.raises(RemoteError):
        remote.get("log/0001", most=100)
    if kind != "folder":
        with pytest.raises(RemoteError):
            list_keys(remote)
    assert remote.put_new("log/0001", b"x") is False


def test_no_link_leads_out_of_the_folder(remote: FolderRemote, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "0001").write_text("secret")
    (remote.root / "log").symlink_to(tmp_path / "outside")
    with pytest.raises(RemoteError):
        remote.get("log/0001", most=100)
    with pytest.raises(RemoteError):
        remote.put_new("log/0002", b"x")
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["0001"]


def count_calls(remote: FolderRemote) -> int:
    watch = Witness()
    with files.open_observer(watch):
        remote.put_new("log/0000", DATA)
    return len(watch.calls)


def test_a_creation_that_fails_leaves_all_or_nothing(remote: FolderRemote) -> None:
    count = count_calls(remote)
    assert count > 5
    for number in range(1, count + 1):
        key = f"log-{number}/0001"

        def fail(at: int, _call: Call, number: int = number) -> None:
            if at == number:
                raise OSError(errno.EIO, "input/output error")

        with files.open_observer(Witness(fail)):
            try:
                remote.put_new(key, DATA)
            except RemoteError:
                pass
        assert remote.head(key) is None or remote.get(key, most=1 << 20) == DATA
        remote.put_new(key, DATA)
        assert remote.get(key, most=1 << 20) == DATA
    assert len(list_keys(remote)) == count + 2


@pytest.mark.slow
def test_a_killed_creation_leaves_all_or_nothing(remote: FolderRemote) -> None:
    count = count_calls(remote)
    for number in range(1, count + 1):
        key = f"log-{number}/0001"

        def work(acknowledge: object, key: str = key, number: int = number) -> None:
            def kill(at: int, _call: Call) -> None:
                if at == number:
                    os.kill(os.getpid(), 9)

            with files.open_observer(Witness(kill)):
                remote.put_new(key, DATA)

        end_child(*start_child(work))
        assert remote.head(key) is None or remote.get(key, most=1 << 20) == DATA
        remote.put_new(key, DATA)
        assert remote.get(key, most=1 << 20) == DATA


def test_a_full_disk(remote: FolderRemote) -> None:
    def fail(_at: int, call: Call) -> None:
        if call.op == "write":
            raise OSError(errno.ENOSPC, "no space left on device")

    with files.open_observer(Witness(fail)), pytest.raises(RemoteError, match="no space left on device"):
        remote.put_new("log/0001", DATA)
    assert list_keys(remote) == ["first"]
    assert not list((remote.root / "tmp").iterdir())
