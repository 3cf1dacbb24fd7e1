"""Folders of attempts: whose runner is dead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.ids import new_ulid
from registry_cli.registry.api import Registry
from registry_cli.store.attempt_folders import STATE, AttemptFolder, list_attempts, list_dead
from registry_cli.store.litter import attempt_litter, remove_litter
from registry_cli.store.writer_name import new_name
from tests.owners import new_dead_name


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return Registry.init(tmp_path).layout.tasks


def make(tasks: Path, owner: str | None, task: str | None = None, number: int = 1) -> Path:
    folder = tasks / (task or new_ulid()) / str(number)
    folder.mkdir(parents=True)
    if owner is not None:
        (folder / STATE).write_text(f'owner = "{owner}"\n')
    return folder


def dead(tasks: Path, limit: float | None = None) -> list[Path]:
    return [folder.path for folder in list_dead(Registry.open(tasks.parent).layout, limit)]


def test_the_process_decides(tasks: Path) -> None:
    make(tasks, new_name())
    gone = make(tasks, new_dead_name())
    assert dead(tasks) == [gone]
    assert dead(tasks, 2e9) == [gone]


@pytest.mark.parametrize("owner", [None, "nobody", "0" * 8 + "-" + "0" * 8 + "-1-1-" + "0" * 26])
def test_of_others_only_age_tells(owner: str | None, tasks: Path) -> None:
    folder = make(tasks, owner)
    assert dead(tasks) == dead(tasks, folder.stat().st_mtime - 1) == []
    assert dead(tasks, folder.stat().st_mtime + 1) == [folder]


def test_what_is_no_attempt_is_left_alone(tasks: Path) -> None:
    (tasks / "notes").mkdir()
    (tasks / "notes" / "1").mkdir()
    (tasks / new_ulid()).mkdir()
    make(tasks, None, number=1).with_name("draft").mkdir()
    assert len(list_attempts(Registry.open(tasks.parent).layout)) == 1


def test_a_folder_goes_with_that_of_its_task_unless_another_attempt_is_in_it(tasks: Path) -> None:
    first = make(tasks, new_dead_name(), task := new_ulid())
    second = make(tasks, new_name(), task, 2)
    (first / "console.log").write_bytes(b"12345")
    litter = attempt_litter(AttemptFolder(each.task, each.number, each.path) for each in
                            list_dead(Registry.open(tasks.parent).layout))  # fmt: skip
    assert [(each.path, each.size - len(os.fsencode((first / STATE).read_text()))) for each in litter] == [(first, 5)]
    for each in litter:
        remove_litter(each)
        remove_litter(each)
    assert [*tasks.rglob("*")] == [second.parent, second, second / STATE]
    (only,) = attempt_litter([AttemptFolder(list_attempts(Registry.open(tasks.parent).layout)[0].task, 2, second)])
    remove_litter(only)
    assert [*tasks.iterdir()] == []
