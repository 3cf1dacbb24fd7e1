"""What is written before a task's processes start: sizes, and what a clone gets in place of what it asks for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.dataclass import replace
from registry_cli.errors import RegError
from registry_cli.ids import ModelName
from registry_cli.records.task import Input, Task
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.hints import Redirect, read_redirects, read_sizes
from registry_cli.tasks.run import redirects
from registry_cli.tasks.run.redirects import write_known
from tests.tasks.making import fields_of, run, start


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.init(tmp_path)


def add(registry: Registry, name: str, **contents: str) -> VersionRow:
    """Add a version; of the names of its files `__` becomes a point."""
    folder = registry.path.parent / "made" / name.replace("/", "-")
    folder.mkdir(parents=True)
    paths = []
    for file, data in contents.items():
        paths.append(folder / file.replace("__", "."))
        paths[-1].write_text(data)
    return add_files(registry, Draft(ModelName(name)), paths).version


def contents(*rows: VersionRow) -> dict[str, int]:
    return {str(file.sha256): file.size or 0 for row in rows for file in row.files}


def given(row: VersionRow, path: str | None = None, name: str = "base") -> Input:
    return Input(name, row.id, row.ref, path)


def find(registry: Registry, cwd: Path, *inputs: Input, source: Task | None = None) -> list[Redirect]:
    attempt = start(registry, "clone", inputs=inputs, source=source.id if source else None)
    write_known(registry, attempt.task, attempt.live, cwd)
    return read_redirects(attempt.live)


def ran(registry: Registry, *inputs: Input, source: Task | None = None) -> Task:
    """Return a task that ran, as the registry has it; `path` of an input must survive its record."""
    return run(registry, inputs=inputs, source=source.id if source else None)


def test_sizes(registry: Registry) -> None:
    attempt = start(registry)
    assert read_sizes(attempt.live) is None
    assert read_redirects(attempt.live) == []
    add(registry, "a/b", x="1234", y="123456", z="4321")
    write_known(registry, attempt.task, attempt.live, Path("/w"))
    assert read_sizes(attempt.live) == frozenset({4, 6})
    assert read_redirects(attempt.live) == []
    assert attempt.live.held.is_dir()
    write_known(registry, attempt.task, attempt.live, Path("/w"))
    attempt.live.redirects.write_text("{")
    assert read_redirects(attempt.live) == []


def test_nobody_else_may_say_what_is_loaded(registry: Registry) -> None:
    attempt = start(registry)
    write_known(registry, attempt.task, attempt.live, Path("/w"))
    attempt.live.redirects.write_text('{"redirects": [{"path": "/a", "contents": {}, "target": "/b"}]}')
    assert {stat.S_IMODE(path.stat().st_mode) for path in (attempt.live.auto, attempt.live.held)} == {0o700}
    assert read_redirects(attempt.live) == [Redirect("/a", {}, "/b")]
    if os.geteuid() == 0:
        for path in (attempt.live.redirects, attempt.live.known):
            os.chown(path, 12345, 12345)
        assert read_redirects(attempt.live) == []
        assert read_sizes(attempt.live) is None


def test_a_clone_with_another_input(registry: Registry, tmp_path: Path) -> None:
    old, new = add(registry, "zoo/old", base__pt="old"), add(registry, "zoo/new", better__pt="newer")
    (tmp_path / "base.pt").write_text("old")
    source = ran(registry, given(old, "base.pt"))
    assert find(registry, tmp_path, given(old, "base.pt"), source=source) == []
    for path in ("base.pt", None):
        [one] = find(registry, tmp_path, given(new, path), source=source)
        assert (one.path, one.contents) == (str(tmp_path / "base.pt"), contents(old))
        assert Path(one.target).read_text() == "newer"
        assert Path(one.target).name == "better.pt"


def test_a_clone_in_a_folder_without_the_file(registry: Registry, tmp_path: Path) -> None:
    old = add(registry, "zoo/old", base__pt="old")
    source = ran(registry, given(old, "in/base.pt"))
    [one] = find(registry, tmp_path / "elsewhere", given(old, "in/base.pt"), source=source)
    assert one.path == str(tmp_path / "elsewhere/in/base.pt")
    assert Path(one.target).read_text() == "old"
    [one] = find(registry, tmp_path, given(old, "/data/base.pt"), source=source)
    assert one.path == "/data/base.pt"


def test_a_chain_of_clones_knows_all_that_came_before(registry: Registry, tmp_path: Path) -> None:
    one, two, three = (add(registry, f"zoo/{name}", base__pt=name) for name in ("one", "two", "three"))
    (tmp_path / "base.pt").write_text("one")
    first = ran(registry, given(one, "base.pt"))
    second = ran(registry, given(two), source=first)
    [same] = find(registry, tmp_path, given(two), source=second)
    assert same.contents == contents(one)
    assert Path(same.target).read_text() == "two"
    [other] = find(registry, tmp_path, given(three), source=second)
    assert other.contents == contents(one, two)
    assert Path(other.target).read_text() == "three"


def test_one_of_several_files(registry: Registry, tmp_path: Path) -> None:
    old = add(registry, "zoo/old", config__json="c", model__bin="m")
    new = add(registry, "zoo/new", config__json="c2", model__bin="m2")
    other = add(registry, "zoo/other", net__bin="m3", notes__txt="t")
    alone = add(registry, "zoo/alone", one__bin="m4")
    source = ran(registry, given(old, "hub/model.bin"), given(old, "hub", "whole"))
    targets = {}
    for row in (new, other, alone):
        found = find(registry, tmp_path, given(row), given(row, name="whole"), source=source)
        targets[row.name] = [Path(one.target) for one in found]
    assert [path.read_text() for path, _ in targets.values()] == ["m2", "m3", "m4"]
    assert all(folder == path.parent and folder.is_dir() for path, folder in targets.values())


def test_the_files_of_a_checkpoint(registry: Registry, tmp_path: Path) -> None:
    def make(name: str, step: int) -> VersionRow:
        return add(registry, name, **{f"ckpt-{step}__index": f"i{step}", f"ckpt-{step}__data-0": f"d{step}"})

    source = ran(registry, given(make("zoo/old", 1), "tf/ckpt-1"))
    [one] = find(registry, tmp_path, given(make("zoo/new", 22)), source=source)
    assert Path(one.target).name == "ckpt-22"
    assert (Path(one.target).parent / "ckpt-22.index").read_text() == "i22"


def test_sources_that_are_gone_or_go_in_a_circle(registry: Registry, tmp_path: Path) -> None:
    old = add(registry, "zoo/old", base__pt="old")
    (tmp_path / "base.pt").write_text("old")
    source = ran(registry, given(old, "base.pt"))
    lost = replace(source, source=source.id, inputs=(given(old, "base.pt"),))
    assert redirects.list_redirects(registry, lost, tmp_path) == []
    unknown = Task(**{**fields_of(lost), "source": "01AAAAAAAAAAAAAAAAAAAAAAAA"})
    assert redirects.list_redirects(registry, unknown, tmp_path) == []


def test_an_input_that_cannot_be_had_keeps_a_clone_from_starting(registry: Registry, tmp_path: Path) -> None:
    old, new = add(registry, "zoo/old", base__pt="old"), add(registry, "zoo/new", base__pt="new")
    source = ran(registry, given(old, "base.pt"))
    attempt: Attempt = start(registry, inputs=(given(new),), source=source.id)
    remove_versions(registry, [new.id])
    with pytest.raises(RegError, match="was removed"):
        write_known(registry, attempt.task, attempt.live, tmp_path)
