"""A command that is run as an attempt: its environment for automatic logging, and what is taken of its notes."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.errors import RegError
from registry_cli.ids import ModelName
from registry_cli.records.task import Auto, Input, Recipe
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.store import files
from registry_cli.tasks.attempt.autolog_setting import dump_auto
from registry_cli.tasks.attempt.jobs import Answer, Job, ask, find_answer, new_job_name
from registry_cli.tasks.run import companion
from registry_cli.tasks.run.run import Outcome, child_environ, run_command
from tests.tasks.making import describe, start

NOTE = """
import json, os, sys, time
folder = f"{os.environ['REG_DIR']}/tasks/{os.environ['REG_TASK']}/{os.environ['REG_ATTEMPT']}/auto"
assert os.path.getsize(folder + "/known") == 0
def note(kind, **fields):
    with open(folder + f"/notes-{os.getpid()}.jsonl", "a") as file:
        file.write(json.dumps({"kind": kind, "time": time.time(), **fields}) + "\\n")
for step in (1, 2):
    path = os.path.abspath(f"ckpt-{step}.pt")
    with open(path, "w") as file:
        file.write(f"step {step}")
    status = os.stat(path)
    note("saved", path=path, size=status.st_size, mtime=status.st_mtime_ns)
note("skipped", why="buffer", count=2)
"""


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.init(tmp_path)


def run(registry: Registry, cwd: Path, code: str, outputs: tuple[str, ...] = ()) -> Outcome:
    task = describe(recipe=Recipe((sys.executable, "-S", "-c", code), outputs=outputs))
    return run_command(registry, task, cwd=cwd, environ=dict(os.environ))


def test_what_a_command_saves_is_kept(registry: Registry, tmp_path: Path) -> None:
    outcome = run(registry, tmp_path, NOTE)
    assert outcome.code == 0
    assert [(row.ref, row.step, row.task) for row in outcome.outputs] == [
        ("iris/baseline/ckpt:1", 1, outcome.task.id), ("iris/baseline/ckpt:2", 2, outcome.task.id)]  # fmt: skip
    assert outcome.missed == ("2 saves into buffers without a name were not kept",)
    assert outcome.problems == ()


@pytest.mark.slow
def test_a_job_from_before_the_companion_waits_for_no_poll(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "PAUSE", 3600.0)
    attempt, name = start(registry), new_job_name()
    ask(attempt.live, name, Job())  # it rings before there is a bell
    beside = companion.Companion(attempt, tmp_path, dict(os.environ))
    beside.start()
    while find_answer(attempt.live, name) is None:
        time.sleep(0.01)
    assert find_answer(attempt.live, name) == Answer()
    beside.end(lambda: None)


def test_a_version_is_told_once(registry: Registry, tmp_path: Path) -> None:
    outcome = run(registry, tmp_path, NOTE, outputs=("ckpt-2.pt",))
    assert sorted(row.ref for row in outcome.outputs) == ["iris/baseline/ckpt-2:1", "iris/baseline/ckpt:1"]


def test_where_it_is_off_nothing_is_prepared(registry: Registry, tmp_path: Path) -> None:
    task = describe(recipe=Recipe((sys.executable, "-S", "-c", NOTE), auto=Auto()))
    outcome = run_command(registry, task, cwd=tmp_path, environ={**os.environ, env.REG_AUTOLOG: "0"})
    assert outcome.code == 1
    assert outcome.problems == ()


@pytest.mark.parametrize("auto", [None, Auto()])
def test_an_input_that_cannot_be_opened(registry: Registry, tmp_path: Path, auto: Auto | None) -> None:
    (tmp_path / "base.pt").write_text("base")
    row = add_files(registry, Draft(ModelName("zoo/base")), [tmp_path / "base.pt"]).version
    remove_versions(registry, [row.id])
    recipe = Recipe((sys.executable, "-S", "-c", ""), auto=auto)
    task = describe(recipe=recipe, inputs=(Input("base", row.id, row.ref, "gone.pt"),))
    with pytest.raises(RegError, match="was removed"):  # also where the script alone asks for automatic logging
        run_command(registry, task, cwd=tmp_path, environ=dict(os.environ))


def test_what_nobody_asked_for_keeps_no_command_from_running(registry: Registry, tmp_path: Path) -> None:
    class Refuse:
        def before(self, op: str, path: str, detail: object) -> None:
            if Path(path).name.startswith("known"):
                raise OSError(errno.ENOSPC, "no space left on device")

        def after(self, op: str, path: str, detail: object) -> None: ...

    task = describe(recipe=Recipe((sys.executable, "-S", "-c", "")))
    with files.open_observer(Refuse()):
        outcome = run_command(registry, task, cwd=tmp_path, environ=dict(os.environ))
    assert outcome.code == 0
    assert outcome.problems[0].startswith("automatic logging could not be prepared: ")


def test_what_a_process_is_told(registry: Registry) -> None:
    plain, auto = Recipe(("x",)), Auto({"pytorch": ("*.pt",)}, "all")
    logged = start(registry, recipe=Recipe(("x",), auto=auto))
    inner = child_environ(logged, {"A": "1", env.REG_AUTOLOG: "what a task around this one wants"})
    assert (inner["A"], inner[env.REG_TASK]) == ("1", logged.task.id)
    assert (inner[env.REG_AUTOLOG], inner["PYTHONPATH"]) == (dump_auto(auto), str(env.SITE))
    assert child_environ(logged, {"PYTHONPATH": "/a:"})["PYTHONPATH"] == f"{env.SITE}:/a:"
    assert child_environ(logged, inner) == inner
    off = child_environ(logged, {env.REG_AUTOLOG: "0"})
    assert (off[env.REG_AUTOLOG], "PYTHONPATH" in off) == ("0", False)
    alone = child_environ(start(registry, recipe=plain), inner)
    assert env.REG_AUTOLOG not in alone
