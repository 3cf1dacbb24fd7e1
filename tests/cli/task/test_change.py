"""`reg task tag`, `cancel`, `archive`, `restore` and `remove`: what they change, print and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.registry.api import Registry
from registry_cli.tasks import cancel
from tests.cli.conftest import Reg
from tests.cli.task.conftest import task_id
from tests.tasks.making import crash, start


def test_tags(tasks: Reg) -> None:
    changed = tasks("task", "tag", "baseline", "next", "--add", "x", "--remove", "good")
    assert [line.split("\t")[1:] for line in changed.lines] == [["baseline", "completed"], ["next", "draft"]]
    assert tasks("task", "list", "tag:x", "-q").lines == [task_id(tasks, name) for name in ("next", "baseline")]
    assert tasks("task", "tag", "-", "--add", "y", stdin="").out == ""
    assert "no tag" in tasks("task", "tag", "next", code=2).err
    assert "is not a tag" in tasks("task", "tag", "next", "--add", "a,b", code=2).err
    assert "added and removed" in tasks("task", "tag", "next", "--add", "a", "--remove", "a", code=2).err


def test_hidden_and_shown_again(tasks: Reg) -> None:
    listed = tasks("task", "list", "--project", "iris").out
    assert len(tasks("task", "archive", "-", "-m", "old", stdin=listed).lines) == 3
    assert tasks("task", "list", "--columns", "name").lines == ["broken"]
    restored = tasks("task", "restore", "baseline", "--json").json
    assert [(task["name"], task["archived"]) for task in restored] == [("baseline", False)]


def test_removed_and_brought_back(tasks: Reg) -> None:
    task = task_id(tasks, "tuned")
    assert tasks("task", "archive", "tuned", terminal=True).shown[0].split() == ["id", "name", "status", "archived"]
    tasks("task", "restore", "tuned")
    assert tasks("task", "remove", "tuned", "-q").lines == [task]
    assert "no task `tuned`: the one of that name was removed" in tasks("task", "show", "tuned", code=11).err
    assert tasks("task", "show", task, "--columns", "removed").lines == ["removed\ttrue"]
    assert tasks("task", "restore", "tuned", "-q").lines == [task]
    assert tasks("task", "show", "tuned", "-q").lines == [task]
    tasks("task", "rm", "tuned")
    tasks("undo")
    assert tasks("task", "show", "tuned", "-q").lines == [task]


def test_a_running_task_is_not_removed_and_a_crashed_one_is(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        crash(start(registry, "dead"))
        start(registry, "runs")
    assert "reg task cancel" in reg("task", "remove", "runs", code=17).err
    assert reg("task", "remove", "dead").lines[0].split("\t")[1:] == ["dead", "crashed"]


def test_cancel(tasks: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tasks("task", "cancel", "next").lines[0].endswith("\tnext\tcancelled")
    assert "there is nothing to cancel" in tasks("task", "cancel", "baseline", code=17).err
    with Registry.open(tmp_path) as registry:
        start(registry, "busy")  # run by this process, which is not killed
    impatient = {**(cancel.cancel_tasks.__kwdefaults__ or {}), "patience": 0.0}
    monkeypatch.setattr(cancel.cancel_tasks, "__kwdefaults__", impatient)
    asked = tasks("task", "cancel", "busy", code=13)
    assert "asked to end, but still running after 10 s: busy" in asked.err
    assert asked.lines[0].endswith("\tbusy\trunning")
    tasks("task", "cancel", "nothing", code=11)
