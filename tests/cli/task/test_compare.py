"""`reg task compare`: a comparison as a table, lines, CSV, JSON and an exit code."""

from __future__ import annotations

import csv

from tests.cli.conftest import Reg
from tests.cli.task.conftest import task_id


def test_a_pipe_gets_a_line_a_field_that_differs(tasks: Reg) -> None:
    lines = [line.split("\t") for line in tasks("task", "compare", "baseline", "tuned").lines]
    assert ["metrics.loss", "0.5", "0.25"] in lines
    assert ["packages.numpy", "1.26.4", "2.0.0"] in lines
    assert ["command", "python train.py --lr 0.1", "python train.py --lr 0.2"] in lines
    assert not [line for line in lines if line[0] == "status"]
    assert ["status", "completed", "completed"] in [
        line.split("\t") for line in tasks("task", "compare", "baseline", "tuned", "--all").lines
    ]


def test_a_terminal_gets_a_table(tasks: Reg) -> None:
    lines = [line.split() for line in tasks("task", "compare", "baseline", "tuned", terminal=True).shown]
    assert lines[0] == ["baseline", "tuned"]
    assert ["loss", "0.5", "0.25", "-0.25", "★"] in lines
    assert ["lr", "0.1", "0.2", "+0.1"] in lines
    twice = tasks("task", "compare", "tuned", "tuned", "--all", terminal=True).shown
    assert twice[0].split() == [task_id(tasks, "tuned")[:12]] * 2
    assert twice[1].split() == ["name", "tuned", "tuned"]


def test_programs(tasks: Reg) -> None:
    ids = [task_id(tasks, name) for name in ("baseline", "tuned")]
    found = tasks("task", "compare", "baseline", "tuned", "--json").json
    assert [task["id"] for task in found["tasks"]] == ids
    assert {row["field"]: row["deltas"] for row in found["fields"]}["metrics.loss"] == [0, -0.25]
    lines = list(csv.reader(tasks("task", "compare", *ids, "--csv").lines))
    assert lines[0] == ["field", *ids]
    assert ["metrics.loss", "0.5", "0.25"] in lines
    piped = tasks("task", "compare", "-", "--only", "metrics", stdin="baseline\ntuned\tmore\n")
    assert piped.lines == ["metrics.loss\t0.5\t0.25"]


def test_exit_codes(tasks: Reg) -> None:
    assert "no differences" in tasks("task", "compare", "tuned", "tuned", "--exit-code").err
    tasks("task", "compare", "baseline", "tuned", "--exit-code", code=1)
    assert "two tasks or more" in tasks("task", "compare", "tuned", code=2).err
    assert "no group" in tasks("task", "compare", "tuned", "baseline", "--only", "x", code=2).err
    tasks("task", "compare", "tuned", "nothing", code=11)
