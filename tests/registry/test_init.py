from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import UsageError
from registry_cli.ids import new_ulid
from registry_cli.registry.init import make_registry
from registry_cli.store import files
from registry_cli.store.format import read_format
from registry_cli.store.layout import Layout
from registry_cli.store.writer_name import find_owner, get_own, new_name
from tests.builders import write
from tests.observers import Once, Recorder, fail
from tests.owners import new_dead_name, new_foreign_name, open_process


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_registry_has_all_its_folders_and_nothing_stands_beside_it(tmp_path: Path) -> None:
    layout = make_registry(tmp_path / "deep" / "home", shared=False)
    assert all(folder.is_dir() for folder in layout.folders)
    assert list_names(tmp_path / "deep" / "home") == [".registry"]


def test_registry_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    first = read_format(make_registry(tmp_path, shared=False)).id
    assert read_format(make_registry(tmp_path, shared=True)).id == first


def test_a_registry_is_recognized_by_its_own_path(tmp_path: Path) -> None:
    first = make_registry(tmp_path / ".registry", shared=False)
    assert first.root == tmp_path / ".registry"
    assert make_registry(first.root, shared=False).root == make_registry(tmp_path, shared=False).root == first.root
    moved = first.root.rename(tmp_path / "models")
    assert make_registry(moved, shared=False).root == moved
    assert list_names(tmp_path) == ["models"]


def test_none_is_made_inside_another(tmp_path: Path) -> None:
    root = make_registry(tmp_path, shared=False).root
    with pytest.raises(UsageError, match="lies inside the registry"):
        make_registry(root / "tasks", shared=False)
    assert make_registry(tmp_path / "below", shared=False).root == tmp_path / "below" / ".registry"


def test_it_is_built_under_its_makers_name(tmp_path: Path) -> None:
    recorder = Recorder()
    with files.open_observer(recorder):
        make_registry(tmp_path, shared=False)
    (built,) = {path for op, path in recorder.calls if op == "rename" and Path(path).parent == tmp_path}
    assert find_owner(Path(built).name) == get_own()


def test_what_a_killed_init_left_is_removed(tmp_path: Path) -> None:
    for _ in range(2):
        make_registry(tmp_path / "half", shared=False).root.rename(tmp_path / f".registry.{new_dead_name()}")
    make_registry(tmp_path, shared=False)
    assert list_names(tmp_path) == [".registry", "half"]


@pytest.mark.parametrize("new", [new_name, new_foreign_name, new_ulid, lambda: "backup"])
def test_what_may_be_in_use_stays(new: Callable[[], str], tmp_path: Path) -> None:
    kept = write(tmp_path / f".registry.{new()}" / "format.toml")
    make_registry(tmp_path, shared=False)
    assert kept.exists()


def test_registry_that_another_process_is_making_stays(tmp_path: Path) -> None:
    with open_process() as name:
        kept = write(tmp_path / f".registry.{name}" / "format.toml")
        make_registry(tmp_path, shared=False)
        assert kept.exists()


def test_leftover_that_cannot_be_removed_stops_nobody(tmp_path: Path) -> None:
    kept = write(tmp_path / f".registry.{new_dead_name()}" / "format.toml")
    with files.open_observer(Once("unlink", fail(PermissionError(errno.EPERM, "no")))):
        layout = make_registry(tmp_path, shared=False)
    assert kept.exists()
    assert layout.format.exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_was_faster_has_made_it(when: str, tmp_path: Path) -> None:
    """The name is taken between our look and our rename, or by our own rename whose answer was lost."""
    other = make_registry(tmp_path / "other", shared=False)

    def win() -> None:
        if when == "before":
            shutil.move(other.root, tmp_path / ".registry")
        else:
            raise OSError(errno.EIO, "the answer was lost")

    class AtTheName(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            self.see("before", op, detail)

        def after(self, op: str, path: str, detail: object) -> None:
            self.see("after", op, detail)

        def see(self, moment: str, op: str, detail: object) -> None:
            if (moment, op, detail) == (when, "rename", str(tmp_path / ".registry")):
                win()

    with files.open_observer(AtTheName()):
        layout = make_registry(tmp_path, shared=False)
    assert read_format(layout).id
    assert list_names(tmp_path) == sorted([".registry", "other"])


def test_failed_init_leaves_nothing(tmp_path: Path) -> None:
    with (
        files.open_observer(Once("fsync-dir", fail(OSError(errno.EIO, "broken")))),
        pytest.raises(OSError, match="broken"),
    ):
        make_registry(tmp_path, shared=False)
    assert list_names(tmp_path) == []
    assert not Layout(tmp_path / ".registry").root.exists()
