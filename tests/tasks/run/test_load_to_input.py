"""Loads into inputs, by content alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.ids import ModelName
from registry_cli.records.task import Auto, Input
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.get import open_path
from registry_cli.tasks.attempt.finish import read_current
from registry_cli.tasks.attempt.notes import LoadedNote, WishNote
from registry_cli.tasks.run.load_to_input import find_version
from registry_cli.tasks.run.saved_files import Cache
from tests.tasks.run.following import Play


def add(registry: Registry, name: str, *paths: Path) -> VersionRow:
    return add_files(registry, Draft(ModelName(name)), paths).version


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


@pytest.fixture
def base(play: Play) -> VersionRow:
    return add(play.registry, "zoo/base", play.write("base.pt", "base"))


def inputs(play: Play) -> list[Input]:
    return list(read_current(play.attempt.task, play.live).inputs)


def test_a_load_is_a_parent_of_later_saves_alone(play: Play, base: VersionRow) -> None:
    play.save("before.pt", "before")
    play.load("base.pt")
    play.save("after.pt", "after")
    play.rest()
    assert play.made() == ["before before", "after after"]
    assert play.parents() == [[], ["zoo/base"]]
    assert play.follower.outputs[1].parents[0].role == "input"
    assert inputs(play) == [Input("base", base.id, "zoo/base:1", "base.pt")]


def test_a_known_file_under_any_name_is_the_version(play: Play, base: VersionRow, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "base.pt", tmp_path / "renamed.bin")
    play.load("renamed.bin")
    play.load("base.pt")
    play.poll()
    assert inputs(play) == [Input("renamed", base.id, "zoo/base:1", "renamed.bin")]


def test_inputs_have_names_of_their_own(play: Play) -> None:
    rows = [add(play.registry, f"zoo/{name}", play.write(f"{name}/base.pt", name)) for name in "abc"]
    for name in "abc":
        play.load(f"{name}/base.pt")
    play.poll()
    assert [(one.name, one.version) for one in inputs(play)] == [
        ("base", rows[0].id), ("base-2", rows[1].id), ("base-3", rows[2].id)]  # fmt: skip


def test_the_name_of_an_input_can_be_typed(play: Play) -> None:
    add(play.registry, "zoo/base", play.write("epoch=3 best.ckpt", "base"))
    play.load("epoch=3 best.ckpt")
    play.poll()
    assert [(one.name, one.path) for one in inputs(play)] == [("epoch-3 best", "epoch=3 best.ckpt")]


def test_what_lies_outside_has_its_whole_path(tmp_path: Path) -> None:
    play = Play(tmp_path / "work", registry=Registry.init(tmp_path))
    file = tmp_path / "far.pt"
    file.write_text("far")
    add(play.registry, "zoo/far", file)
    play.cwd.mkdir()
    play.load(file)
    play.poll()
    assert [one.path for one in inputs(play)] == [str(file)]


def test_an_input_that_was_given_by_name_learns_its_path(tmp_path: Path) -> None:
    registry = Registry.init(tmp_path)
    (tmp_path / "b.pt").write_text("b")
    row = add(registry, "zoo/b", tmp_path / "b.pt")
    play = Play(tmp_path, registry=registry, inputs=(Input("given", row.id, "zoo/b@prod"),))
    play.save("early.pt", "early")
    play.load("b.pt")
    play.rest()
    assert inputs(play) == [Input("given", row.id, "zoo/b@prod", "b.pt")]
    assert play.parents() == [["zoo/b"]]


def test_what_the_task_made_is_no_input(play: Play) -> None:
    play.save("m.pt", "mine")
    play.load("m.pt")
    play.poll()
    play.load("m.pt")
    shutil.copy(play.cwd / "m.pt", play.cwd / "copy.pt")
    play.load("copy.pt")
    play.rest()
    assert inputs(play) == []


def test_a_file_that_was_written_over_since_is_not_looked_up(play: Play, base: VersionRow) -> None:
    play.load("base.pt")
    play.write("base.pt", "else")
    play.rest()
    assert inputs(play) == []


@pytest.mark.parametrize("shown", ["file", "folder"])
def test_a_view_is_its_version(play: Play, shown: str) -> None:
    names = ["m.pt"] if shown == "file" else ["a.bin", "b.bin"]
    row = add(play.registry, "zoo/seen", *[play.write(name, name) for name in names])
    add(play.registry, "zoo/twin", *[play.cwd / name for name in names])
    play.load(open_path(play.registry, row))
    play.poll()
    assert inputs(play) == [Input("seen", row.id, "zoo/seen:1")]


def test_a_folder_is_the_version_whose_files_it_holds(play: Play) -> None:
    for name in ("config.json", "model.bin", "README"):
        play.write(f"hub/{name}", name)
    add(play.registry, "zoo/part", play.cwd / "hub/model.bin")
    row = add(play.registry, "zoo/whole", play.cwd / "hub/model.bin", play.cwd / "hub/config.json")
    add(play.registry, "zoo/more", play.cwd / "hub/model.bin", play.write("other", "other"))
    play.load("hub")
    play.poll()
    assert inputs(play) == [Input("hub", row.id, "zoo/whole:1", "hub")]


def test_a_checkpoint_of_several_files(play: Play) -> None:
    files = [play.write(f"tf/ckpt-1.{end}", end) for end in ("index", "data-00000-of-00001")]
    row = add(play.registry, "zoo/ckpt", *files)
    play.note(LoadedNote(play.tick(), str(play.cwd / "tf/ckpt-1"), 0, 0))
    play.poll()
    assert [(one.version, one.path) for one in inputs(play)] == [(row.id, "tf/ckpt-1")]


def test_what_is_unknown_is_an_input_only_where_all_is(tmp_path: Path) -> None:
    for loads, names in (("known", []), ("none", []), ("all", ["iris/inputs/new:1"])):
        play = Play(tmp_path / loads, Auto(loads=loads))  # type: ignore[arg-type]  # one of the three
        play.write("new.pt", "new")
        play.load("new.pt")
        play.save("m.pt", "mine")
        play.load("m.pt")
        play.rest()
        assert [one.ref for one in inputs(play)] == names
        assert play.parents() == [[name.partition(":")[0] for name in names]]


def test_no_load_is_an_input_where_none_is_wanted(tmp_path: Path) -> None:
    play = Play(tmp_path, Auto(loads="none"))
    add(play.registry, "zoo/base", play.write("base.pt", "base"))
    play.load("base.pt")
    play.rest()
    assert inputs(play) == []


def test_a_script_may_want_all(play: Play) -> None:
    play.note(WishNote(play.now, loads="all"))
    for name in ("new", "folder"):
        play.write(f"{name}/x.bin", name)
    play.load("new/x.bin")
    play.load("folder")
    play.rest()
    assert [(one.name, one.ref) for one in inputs(play)] == [
        ("x", "iris/inputs/x:1"), ("folder", "iris/inputs/folder:1")]  # fmt: skip


def test_which_of_several_versions(play: Play, base: VersionRow) -> None:
    task, path = play.attempt.task.id, play.cwd / "base.pt"
    size, mtime = path.stat().st_size, path.stat().st_mtime_ns
    cache: Cache = {}
    add(play.registry, "zoo/wide", path, play.write("other", "other"))
    newer = add(play.registry, "zoo/newer", path)
    add_files(play.registry, Draft(ModelName("own/one"), task=task), [path])

    def find(*given: VersionRow) -> VersionRow | None:
        return find_version(play.registry, task, path, size, mtime, cache, given=[row.id for row in given])

    assert (found := find()) is not None
    assert found.id == newer.id
    assert (found := find(base)) is not None
    assert found.id == base.id
    assert len(cache) == 1
    assert find_version(play.registry, task, path, size, mtime + 1, cache) is None
    assert find_version(play.registry, task, play.write("unknown", "?" * 99), 99, 0, {}) is None
    assert find_version(play.registry, task, play.cwd / "missing", 0, 0, {}) is None


def hold_load(play: Play, path: str) -> None:
    found = play.cwd / path
    status = found.stat()
    held = play.live.held / "aside"
    play.note(LoadedNote(play.tick(), str(found), status.st_size, status.st_mtime_ns))
    found.rename(held)
    play.note(LoadedNote(play.now, str(found), status.st_size, status.st_mtime_ns, str(held)))


def test_a_load_that_is_overwritten_is_looked_up_by_what_was_held(play: Play, base: VersionRow) -> None:
    (play.cwd / "m.pt").write_text("base")
    hold_load(play, "m.pt")
    play.save("m.pt", "trained")
    play.poll()
    play.rest()
    assert play.parents() == [["zoo/base"]]
    assert inputs(play) == [Input("m", base.id, "zoo/base:1", "m.pt")]
    assert list(play.live.held.iterdir()) == []
    assert play.told() == []


def test_a_load_that_is_overwritten_is_a_version_where_all_are_inputs(tmp_path: Path) -> None:
    play = Play(tmp_path, Auto(loads="all"))
    (play.cwd / "m.pt").write_text("unknown")
    hold_load(play, "m.pt")
    play.save("m.pt", "trained")
    play.rest()
    [one] = inputs(play)
    assert (one.name, one.path) == ("m", "m.pt")
    assert [file.path for file in play.registry.get_row(one.version).files] == ["m.pt"]
    assert play.told() == []


@pytest.mark.usefixtures("base")
def test_a_load_that_is_overwritten_and_not_held_is_counted(play: Play) -> None:
    (play.cwd / "m.pt").write_text("base")
    play.load("m.pt")
    play.save("m.pt", "trained")
    saved = play.cwd / "own.pt"
    play.save("own.pt", "one")
    play.load(saved)
    play.save("own.pt", "two and more")
    play.rest()
    assert "1 load was of a file that was overwritten before it could be looked up" in play.told()
    assert inputs(play) == []
