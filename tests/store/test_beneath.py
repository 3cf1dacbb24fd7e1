"""No function of the seam follows a link below a guarded folder, wherever it lies and whenever it comes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.store import beneath, files
from registry_cli.store.beneath import guard, hold_folders, open_file
from registry_cli.store.files import open_observer
from registry_cli.store.hashing import open_reader
from registry_cli.store.new_file import AppendFile, NewFile
from registry_cli.store.threads import Background
from registry_cli.store.writer_name import new_name

Act = Callable[[Path], object]


def _append(path: Path) -> None:
    AppendFile(path).close()


def _create(path: Path) -> None:
    NewFile(path.with_name("made")).close()


def _read(path: Path) -> None:
    with open_reader(path):
        pass


def _move_out(path: Path) -> None:
    files.rename(path, path.parent.parent / "taken")


def _move_in(path: Path) -> None:
    own = path.parent.parent / "own"
    own.write_bytes(b"ours")
    files.rename(own, path)


BEHIND: dict[str, Act] = {
    "append": _append,
    "create": _create,
    "read": _read,
    "read_small": files.read_small,
    "replace_file": lambda path: files.replace_file(path, b"ours", path.parent.parent / new_name()),
    "link": lambda path: files.link(path, path.parent.parent / "second"),
    "move_out": _move_out,
    "move_in": _move_in,
    "unlink": files.unlink,
    "make_dir": lambda path: files.make_dir(path.with_name("new")),
    "make_dirs": lambda path: files.make_dirs(path.with_name("new") / "deep"),
    "remove_tree": lambda path: files.remove_tree(path.parent),
    "remove_dir": lambda path: files.remove_dir(path.with_name("empty")),
    "set_mode": lambda path: files.set_mode(path, 0o600),
    "touch": files.touch,
    "freshen": files.freshen,
    "get_status": files.get_status,
    "exists": files.exists,
    "is_dir": lambda path: files.is_dir(path.with_name("empty")),
    "list_names": lambda path: files.list_names(path.parent),
    "walk": lambda path: list(files.walk(path.parent)),
    "flush_dir": lambda path: files.flush_dir(path.parent),
    "symlink": lambda path: files.symlink(path, path.with_name("new")),
}
"""Calls that would reach outside if the folder of a path were a link, by name."""
AT = {"append", "read", "read_small", "set_mode"}
"""Those of them that open the path itself, and would reach outside if that were a link."""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a file that nobody may reach."""
    folder = tmp_path / "outside"
    (folder / "empty").mkdir(parents=True)
    (folder / "diary").write_bytes(b"precious")
    (folder / "diary").chmod(0o640)
    os.utime(folder / "diary", ns=(1, 1))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    guard(folder)
    return folder


def look(folder: Path) -> list[tuple[object, ...]]:
    """Return all that could change of a folder and what it holds, but for times of access."""
    return sorted(
        (path.name, status.st_ino, status.st_nlink, status.st_mode, status.st_size, status.st_mtime_ns)
        for path in (folder, *folder.iterdir())
        for status in [path.stat()]
    )


@pytest.mark.parametrize("act", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("depth", [1, 2])
def test_no_folder_on_the_way_is_followed(act: Act, depth: int, root: Path, outside: Path) -> None:
    before = look(outside)
    if depth == 2:
        (root / "deep").mkdir()
    link = root / "deep" / "link" if depth == 2 else root / "link"
    link.symlink_to(outside)
    with pytest.raises(CorruptError, match=f"{link} is (a link|no folder)"):
        act(link / "diary")
    assert look(outside) == before
    assert (outside / "diary").read_bytes() == b"precious"


@pytest.mark.parametrize("name", sorted(AT))
def test_no_file_is_opened_through_a_link(name: str, root: Path, outside: Path) -> None:
    before = look(outside)
    (root / "link").symlink_to(outside / "diary")
    with pytest.raises(CorruptError, match="is a link"):
        BEHIND[name](root / "link")
    assert look(outside) == before


@pytest.mark.parametrize(
    "act", [files.unlink, files.remove_tree, _move_in, _move_out], ids=["unlink", "remove", "in", "out"]
)
def test_a_link_itself_can_go(act: Act, root: Path, outside: Path) -> None:
    before = look(outside)
    (root / "folder").mkdir()
    (root / "folder" / "link").symlink_to(outside)
    act(root / "folder" if act is files.remove_tree else root / "folder" / "link")
    assert not os.path.islink(root / "folder" / "link")
    assert look(outside) == before


def test_a_folder_that_becomes_a_link_after_it_was_looked_at_is_not_followed(root: Path, outside: Path) -> None:
    """The observer is called between the decision and the call."""
    before = look(outside)
    (root / "tmp").mkdir()

    class Swap:
        def before(self, op: str, path: str, detail: object) -> None:
            (root / "tmp").rename(root / "away")
            (root / "tmp").symlink_to(outside)

        def after(self, op: str, path: str, detail: object) -> None:
            raise AssertionError("it went through")

    with open_observer(Swap()), pytest.raises(CorruptError, match="is a link"):
        NewFile(root / "tmp" / "new")
    assert look(outside) == before


def test_a_tree_is_removed_without_what_its_links_lead_to(root: Path, outside: Path) -> None:
    before = look(outside)
    (root / "view" / "deep").mkdir(parents=True)
    (root / "view" / "deep" / "folder").symlink_to(outside)
    (root / "view" / "file").symlink_to(outside / "diary")
    os.mkfifo(root / "view" / "pipe")
    files.remove_tree(root / "view")
    assert not (root / "view").exists()
    assert look(outside) == before


def test_the_root_itself_may_be_a_link(tmp_path: Path, root: Path) -> None:
    (tmp_path / "named").symlink_to(root)
    guard(tmp_path / "named")
    (root / "file").write_bytes(b"data")
    assert files.read_small(tmp_path / "named" / "file") == b"data"


def test_no_path_climbs_out(root: Path, outside: Path) -> None:
    (root / "folder").mkdir()
    with pytest.raises(CorruptError, match="climbs out"):
        files.read_small(root / "folder" / ".." / ".." / "outside" / "diary")


def test_elsewhere_links_are_the_user_s(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    assert files.read_small(tmp_path / "link" / "diary") == b"precious"
    assert files.list_names(tmp_path / "link") == ["diary", "empty"]


@pytest.mark.parametrize("name", ["missing", "deep/missing", "file/below"])
def test_an_error_names_the_whole_path(name: str, root: Path) -> None:
    (root / "file").write_bytes(b"")
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as failed:
        open_file(root / name, os.O_RDONLY)
    assert failed.value.filename == str(root / name)
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as failed:
        files.rename(root / "file", root / "none" / "new")
    assert failed.value.filename2 == str(root / "none" / "new") or failed.value.filename == str(root / "none" / "new")


def test_no_descriptor_is_left_open(root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside)
    (root / "folder").mkdir()
    before = len(os.listdir("/dev/fd"))
    for path in (root / "link" / "diary", root / "folder" / "none", root / "none" / "none", root / "folder"):
        for act in (files.find_status, files.list_names, files.unlink, files.read_small, files.walk):
            try:
                list(act(path)) if act is files.walk else act(path)  # type: ignore[operator]
            except (CorruptError, OSError):
                pass
    assert len(os.listdir("/dev/fd")) == before


def list_descriptors() -> list[str]:
    return sorted(os.listdir("/dev/fd"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root" / "inside").mkdir(parents=True)
    guard(tmp_path / "root")
    return tmp_path / "root" / "inside"


def count_folders_opened(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> int:
    opened = []
    plain = os.open

    def note(path: str, flags: int, *words: int, dir_fd: int | None = None) -> int:
        if flags & os.O_DIRECTORY:
            opened.append(path)
        return plain(path, flags, *words, dir_fd=dir_fd)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", note)
        action()
    return len(opened)


def test_a_folder_that_is_held_is_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make_ten(begin: int) -> None:
        for number in range(begin, begin + 10):
            NewFile(folder / str(number)).close()

    def make_ten_held() -> None:
        with hold_folders(), hold_folders():
            make_ten(10)

    before = list_descriptors()
    assert count_folders_opened(monkeypatch, lambda: make_ten(0)) == 20
    assert count_folders_opened(monkeypatch, make_ten_held) == 2
    assert list_descriptors() == before
    assert len(files.list_names(folder)) == 20


def test_a_link_in_the_place_of_a_held_folder_leads_nobody_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    with hold_folders():
        NewFile(folder / "first").close()
        folder.rename(folder.with_name("moved"))
        folder.symlink_to(tmp_path / "outside")
        NewFile(folder / "second").close()
    with pytest.raises(CorruptError, match="is a link"):
        NewFile(folder / "third").close()
    assert list((tmp_path / "outside").iterdir()) == []
    assert files.list_names(folder.with_name("moved")) == ["first", "second"]


def test_a_link_with_the_name_of_a_file_is_not_followed_in_a_held_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"theirs")
    (folder / "link").symlink_to(tmp_path / "outside")
    with hold_folders():
        files.list_names(folder)
        assert not files.exists(folder / "none")
        with pytest.raises(CorruptError, match=r"inside/link is a link"):
            files.read_small(folder / "link")
        with pytest.raises(FileNotFoundError) as caught:
            files.read_small(folder / "none")
    assert caught.value.filename == str(folder / "none")


def test_no_more_folders_are_held_than_a_process_may_have_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "_HELD", 3)
    before = list_descriptors()
    with hold_folders():
        for number in range(10):
            files.make_dir(folder / str(number))
            NewFile(folder / str(number) / "file").close()
        assert len(list_descriptors()) == len(before) + 3
    assert list_descriptors() == before


def test_another_thread_uses_nothing_that_we_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_folders():
        NewFile(folder / "ours").close()
        theirs = Background(lambda: count_folders_opened(monkeypatch, lambda: NewFile(folder / "theirs").close()))
        assert theirs.get() == 2
