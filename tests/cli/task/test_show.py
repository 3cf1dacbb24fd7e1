"""`reg task show`: a card, a record, and parts byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.ids import BlobHash
from registry_cli.records.task import CELLS, Code, Data, Input, Recipe
from registry_cli.registry.api import Registry
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from tests.cli.conftest import Reg
from tests.cli.task.conftest import DIFF, LOCK, task_id
from tests.registry import making_tasks
from tests.registry.making import add
from tests.tasks.making import run, start, tell


def test_a_card(tasks: Reg) -> None:
    lines = tasks("task", "show", "baseline", terminal=True).shown
    text = "\n".join(lines)
    assert lines[0].strip() == "iris/baseline  #good"
    assert lines[1].strip() == task_id(tasks, "baseline")
    assert lines[2].startswith("completed · exit 0 · 0.")
    assert "the first\\x1b[31m" in text
    assert "c0c0c0c0c0c0" in text
    assert "+1 -1 lines; all of it: --diff" in text
    assert "1 package; all of them: --lock" in text
    assert ["metrics", "loss", "0.5", "0.5", "to", "1", "█▁"] in [line.split() for line in lines]
    assert max(map(len, lines)) <= 80


def test_a_card_with_everything(reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(env.COLUMNS, "120")
    with Registry.init(tmp_path) as registry:
        base = add(registry, "iris/base", b"base")
        data = tuple(Data(f"d/{n:02}.csv", 1000, BlobHash("ab" * 32)) for n in range(20))
        first = run(
            registry, "full", status="failed", exit_code=None, problem="out of memory", data=data, tags=("a", "b"),
            inputs=(Input("base", base.id, "iris/base"),), seeds={"numpy": 7}, environment={"LANG": "C"},
            recipe=Recipe(("sh", "-c", "exit 1"), cwd="sub", env={"SEED": "7"}),
            code=Code("/w", remote="git@x:y.git", dirty=True, cut=("big.bin",)), python={"version": "3.12"},
            host={"hostname": "box", "cores": 8, "memory": 1 << 33, "gpu": "A100", "gpu_count": 2}, metrics={"n": 3},
        )  # fmt: skip
        add(registry, "iris/full/model", b"made", task=first.id)
        Attempt.start(registry, first).end(Ending("failed", signal="SIGKILL"))
    text = "\n".join(reg("task", "show", "full", terminal=True).shown)
    for word in (
        "SIGKILL", "attempt 2", "git@x:y.git", "no commit yet", "big.bin", "… and 12 more", "20 kB in all", "sub",
        "iris/base:1", "2 × A100", "8.59 GB", "SEED", "iris/full/model:1", "out of memory",
    ):  # fmt: skip
        assert word in text, word
    attempts = reg("task", "show", "full", "--json").json["attempts"]
    assert [(one["attempt"], one["problem"], one["signal"]) for one in attempts] == [
        (1, "out of memory", None), (2, None, "SIGKILL"),
    ]  # fmt: skip


def test_the_cells_of_a_notebook(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        making_tasks.run(registry, "explore", files={CELLS: b"# %% In[1]\n%time 1\n"})
    assert reg("task", "show", "explore", "--cells").stdout == b"# %% In[1]\n%time 1\n"
    lines = [line.split() for line in reg("task", "show", "explore", terminal=True).shown]
    assert ["code", "cells", "of", "a", "notebook;", "all", "of", "them:", "--cells"] in lines


def test_a_record(tasks: Reg) -> None:
    shown = tasks("task", "show", "baseline", "--json").json
    listed = tasks("task", "list", "name = baseline", "--json").json[0]
    assert {key: shown[key] for key in listed} == listed
    assert shown["code"]["diff"]["added"] == 1
    assert shown["recipe"]["argv"] == ["python", "train.py", "--lr", "0.1"]
    assert tasks("task", "show", "baseline", "--columns", "metrics.loss,status").lines == [
        "metrics.loss\t0.5", "status\tcompleted"
    ]  # fmt: skip
    assert tasks("task", "show", "next", "--json").json["attempts"] == []
    assert "recipe.argv\tpython train.py --lr 0.1" in tasks("task", "show", "baseline").lines


def test_parts_are_printed_byte_for_byte(tasks: Reg) -> None:
    assert tasks("task", "show", "baseline", "--diff").stdout == DIFF
    assert tasks("task", "show", "baseline", "--lock").stdout == LOCK
    assert tasks("task", "show", "baseline", "--scalars").lines[0] == "name\tstep\tvalue\ttime"
    assert tasks("task", "show", "tuned", "--diff").stdout == b""  # a clean work tree
    for part in ("--diff", "--lock", "--cells", "--scalars"):
        assert "task broken has recorded no" in tasks("task", "show", "broken", part, code=11).err
    assert "give one of them alone" in tasks("task", "show", "baseline", "--diff", "--lock", code=2).err
    assert "give one of them alone" in tasks("task", "show", "baseline", "--lock", "--json", code=2).err


def test_one_that_runs(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        tell(start(registry, "runs"), points={"loss": [2.0, 1.0]})
        lines = reg("task", "show", "runs", terminal=True).shown
        assert lines[2].startswith("running · for ")
        assert "█▁" in "\n".join(lines)
        assert reg("task", "show", "runs", "--scalars").lines[1:] == ["loss\t0\t2.0\t1.000", "loss\t1\t1.0\t1.000"]


def test_mistakes(tasks: Reg) -> None:
    assert (
        "error: no task `baselin`: did you mean baseline?\nhint: reg task list\n"
        in tasks("task", "show", "baselin", code=11).err
    )
    tasks("task", "show", task_id(tasks, "tuned")[:8], code=12)
    assert '"kind": "not-found"' in tasks("task", "show", "nothing", "--json", code=11).err
