"""Renames are followed, and work as they did."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_cli.frameworks.patching.rules import Rules
from registry_cli.frameworks.patching.switch import Switch
from tests.frameworks.memory_sink import TABLE, Memory


class Mover(Memory):
    """Remembers renames too."""

    def moving(self, source: str, target: str) -> Callable[[bool], None] | None:
        self.before.append(f"{Path(source).name} {Path(target).name}")
        return self.ends.append


@pytest.fixture
def memory() -> Mover:
    return Mover()


@pytest.fixture
def switch(tmp_path: Path, memory: Mover, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    monkeypatch.chdir(tmp_path)
    made = Switch({"toy": ("toynet",)}, lambda name: TABLE)
    made.state.rules = Rules({}, str(tmp_path))
    made.state.make_sink = lambda: memory
    made.start()
    yield made
    made.stop()


def test_renames_are_followed_once_something_was_saved(switch: Switch, memory: Mover) -> None:
    Path("a").touch()
    os.rename("a", "b")
    assert memory.before == []
    switch.state.find_sink(TABLE)
    os.replace("b", "c")
    Path("c").rename("d")
    shutil.move("d", "e")
    assert memory.before == ["b c", "c d", "d e"]
    assert memory.ends == [True, True, True]


def test_a_rename_that_fails_raises_what_it_did(switch: Switch, memory: Mover) -> None:
    switch.state.find_sink(TABLE)
    with pytest.raises(FileNotFoundError) as caught:
        os.replace("none", "other")
    assert caught.value.filename == "none"
    assert memory.ends == [False]
    with pytest.raises(TypeError):
        os.replace("none")  # type: ignore[call-arg]


def test_a_failure_of_ours_leaves_the_rename_alone(switch: Switch, memory: Mover) -> None:
    def fail(done: bool) -> None:
        raise OSError("the disk is on fire")

    memory.moving = lambda source, target: fail  # type: ignore[method-assign]
    switch.state.find_sink(TABLE)
    Path("a").touch()
    os.rename("a", "b")
    assert Path("b").exists()
    [warning] = memory.warnings
    assert "the disk is on fire" in warning


def test_the_functions_are_restored(tmp_path: Path) -> None:
    before = os.rename, os.replace  # another test of this process may have begun a task, whose hooks stay
    switch = Switch({"toy": ("toynet",)}, lambda name: TABLE)
    switch.start()
    assert os.rename is not before[0]
    switch.stop()
    assert (os.rename, os.replace) == before
