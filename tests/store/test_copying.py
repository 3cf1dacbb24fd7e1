from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from registry_cli.errors import ConflictError, CorruptError
from registry_cli.registry.init import make_registry
from registry_cli.store import blobs, files
from registry_cli.store.content import Content
from registry_cli.store.copying import OPEN, Copying, find_place, give_name, hidden_name
from registry_cli.store.hashing import Digests, digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.new_file import NewFile
from registry_cli.store.outlet import Outlet
from registry_cli.store.staging import Staging
from registry_cli.store.writer_name import find_owner
from tests.interrupts import interrupt_everywhere
from tests.observers import Once, Recorder, fail

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def install(layout: Layout, data: bytes) -> Digests:
    with Staging(layout) as staging:
        digests = staging.add_bytes(data)
        staging.install()
    return digests


def copy(layout: Layout, digests: Digests, *targets: Path, replace: bool = False, durable: bool = True) -> None:
    with Copying(replace=replace, durable=durable) as copying:
        for target in targets:
            copying.add_blob(Content(layout), digests.sha256, digests.xxh3, target)
        copying.finish()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # a whole path may be too long for one


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_is_the_users_own(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    copy(layout, digests, out / "m.bin")
    assert (out / "m.bin").read_bytes() == b"abc"
    assert (out / "m.bin").stat().st_mode & stat.S_IWUSR
    assert (out / "m.bin").stat().st_nlink == 1
    assert list_names(out) == ["m.bin"]


def test_a_file_is_flushed_before_it_has_its_name_and_the_name_after(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    recorder = Recorder()
    with files.open_observer(recorder):
        copy(layout, digests, out / "a", out / "b")
    ops = [op for op, _ in recorder.calls if op in {"fsync", "link", "unlink", "fsync-dir"}]
    assert ops == ["fsync", "fsync", "link", "unlink", "link", "unlink", "fsync-dir"]
    assert recorder.calls[-1] == ("fsync-dir", str(out))


def test_scratch_files_are_not_flushed(layout: Layout, out: Path) -> None:
    recorder = Recorder()
    with files.open_observer(recorder):
        copy(layout, install(layout, b"abc"), out / "a", durable=False)
    assert [path for op, path in recorder.calls if op.startswith("fsync") and path.startswith(str(out))] == []


def test_no_more_files_are_open_than_may(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    before, most = len(os.listdir("/proc/self/fd")), 0
    with Copying() as copying:
        for number in range(2 * OPEN + 1):
            copying.add_blob(Content(layout), digests.sha256, digests.xxh3, out / f"{number:03}")
            most = max(most, len(os.listdir("/proc/self/fd")) - before)
        copying.finish()
    assert most <= OPEN
    assert list_names(out) == [f"{number:03}" for number in range(2 * OPEN + 1)]


def test_a_file_that_appears_meanwhile_is_not_replaced(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    appear = Once("fsync", lambda: (out / "m.bin").write_bytes(b"precious"))
    with files.open_observer(appear), pytest.raises(ConflictError, match=r"m\.bin exists by now") as caught:
        copy(layout, digests, out / "m.bin")
    assert "--force replaces it" in caught.value.message
    assert (out / "m.bin").read_bytes() == b"precious"
    assert list_names(out) == ["m.bin"]


def test_the_same_file_of_a_faster_run_is_kept(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    with files.open_observer(Once("fsync", lambda: (out / "m.bin").write_bytes(b"abc"))):
        copy(layout, digests, out / "m.bin")
    assert list_names(out) == ["m.bin"]


def test_a_regular_file_is_replaced_where_that_was_asked_for(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    (out / "m.bin").write_bytes(b"old")
    with pytest.raises(ConflictError):
        copy(layout, digests, out / "m.bin")
    copy(layout, digests, out / "m.bin", replace=True)
    assert (out / "m.bin").read_bytes() == b"abc"
    assert list_names(out) == ["m.bin"]


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "socket", "pipe"])
def test_nothing_but_a_regular_file_is_ever_replaced(kind: str, layout: Layout, out: Path, tmp_path: Path) -> None:
    """Also where it appears after the look: it is looked at once more before anything is renamed over it."""
    digests, target = install(layout, b"abc"), out / "m"
    (tmp_path / "other").write_bytes(b"precious")
    make = {
        "link": lambda: target.symlink_to(tmp_path / "other"),
        "dangling": lambda: target.symlink_to(tmp_path / "none"),
        "folder": target.mkdir,
        "socket": lambda: make_socket(target),
        "pipe": lambda: os.mkfifo(target),
    }[kind]
    with files.open_observer(Once("fsync", make)), pytest.raises(ConflictError):
        copy(layout, digests, target, replace=True)
    assert not stat.S_ISREG(target.lstat().st_mode)
    assert (tmp_path / "other").read_bytes() == b"precious"
    assert list_names(out) == ["m"]


def test_what_lies_where_bytes_shall_go(out: Path) -> None:
    (out / "file").write_bytes(b"")
    os.mkfifo(out / "pipe")
    (out / "to null").symlink_to("/dev/null")
    (out / "to pipe").symlink_to("pipe")
    found = {name: find_place(out / name) for name in ("none", "file", "pipe", "to null", "to pipe", "file/below")}
    assert found == {
        "none": "free",
        "file": "file",
        "pipe": "stream",
        "to null": "stream",
        "to pipe": "stream",
        "file/below": "free",
    }
    assert find_place(Path("/dev/null")) == "stream"


def test_a_link_is_refused_by_name(out: Path) -> None:
    (out / "link").symlink_to("file")
    (out / "circle").symlink_to("circle")
    with pytest.raises(ConflictError, match="link is a link to file"):
        find_place(out / "link")
    with pytest.raises(ConflictError, match="circle is a link to circle"):
        find_place(out / "circle")


@needs_root
def test_a_block_device_is_refused(out: Path) -> None:
    os.mknod(out / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 250))
    with pytest.raises(ConflictError, match="disk is a block device, and never replaced"):
        find_place(out / "disk")


def test_an_outlet_opens_nothing_else(out: Path) -> None:
    (out / "file").write_bytes(b"precious")
    with pytest.raises(OSError, match="not a pipe or character device"):
        Outlet(out / "file")
    with pytest.raises(FileNotFoundError):
        Outlet(out / "none")
    assert (out / "file").read_bytes() == b"precious"
    assert list_names(out) == ["file"]


def test_an_outlet_writes_into_a_pipe(out: Path) -> None:
    os.mkfifo(out / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((out / "pipe").read_bytes()))
    reader.start()
    outlet = Outlet(out / "pipe")
    outlet.write(b"x" * 200_000)
    outlet.close()
    reader.join()
    assert got == [b"x" * 200_000]


def test_rotten_bytes_get_no_name(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    blob = layout.blob(digests.sha256)
    blob.unlink()
    blob.write_bytes(b"abX")
    (out / "m").write_bytes(b"old")
    with pytest.raises(CorruptError):
        copy(layout, digests, out / "m", replace=True)
    assert (out / "m").read_bytes() == b"old"
    assert list_names(out) == ["m"]


def test_a_flush_that_fails_gives_no_name(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    full = Once("fsync", fail(OSError(errno.ENOSPC, "full")))
    with files.open_observer(full), pytest.raises(OSError, match="full"):
        copy(layout, digests, out / "a", out / "b")
    assert list_names(out) == []


def test_a_file_from_elsewhere(layout: Layout, out: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    with Copying() as copying:
        copying.add_file(source, out / "m", digest_bytes(b"abc").sha256)
        copying.finish()
    assert (out / "m").read_bytes() == b"abc"
    with Copying() as copying, pytest.raises(CorruptError, match="changed since"):
        copying.add_file(source, out / "n", digest_bytes(b"abX").sha256)
    assert list_names(out) == ["m"]


def test_a_file_system_without_hard_links(layout: Layout, out: Path) -> None:
    class NoLinks(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            if op == "link":
                raise OSError(errno.EPERM, "no links here")

    digests = install(layout, b"abc")
    with files.open_observer(NoLinks()):
        copy(layout, digests, out / "m")
        (out / "n").write_bytes(b"precious")
        with pytest.raises(ConflictError):
            copy(layout, digests, out / "n")
    assert (out / "m").read_bytes() == b"abc"
    assert (out / "n").read_bytes() == b"precious"
    assert list_names(out) == ["m", "n"]


def test_a_folder_that_cannot_be_flushed_is_no_failure(layout: Layout, out: Path) -> None:
    digests = install(layout, b"abc")
    for code in (errno.EACCES, errno.EINVAL):
        with files.open_observer(Once("fsync-dir", fail(OSError(code, "cannot")))):
            copy(layout, digests, out / str(code))
    with (
        files.open_observer(Once("fsync-dir", fail(OSError(errno.EIO, "broken")))),
        pytest.raises(OSError, match="broken"),
    ):
        copy(layout, digests, out / "m")


@pytest.mark.parametrize("name", ["x" * 255, "\u6a21" * 85, "\N{GRINNING FACE}" * 63])
def test_a_long_name(name: str, layout: Layout, out: Path) -> None:
    copy(layout, install(layout, b"abc"), out / name)
    assert (out / name).read_bytes() == b"abc"
    assert find_owner(hidden_name(out / name).name) is not None


def test_a_name_is_given_once(out: Path) -> None:
    for name in ("a", "b"):
        NewFile(out / name).close()
    give_name(out / "a", out / "c")
    with pytest.raises(FileExistsError):
        give_name(out / "b", out / "c")
    assert list_names(out) == ["b", "c"]


@pytest.mark.slow
def test_no_interrupt_leaves_a_copy_waiting(layout: Layout, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "LARGE", 2)
    digests = install(layout, b"bytes")
    assert interrupt_everywhere(lambda: copy(layout, digests, out / "copy", replace=True)) > 100
    assert (out / "copy").read_bytes() == b"bytes"
