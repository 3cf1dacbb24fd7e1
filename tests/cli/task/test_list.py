"""`reg task list`, or `query`: tables for people, fixed columns for pipes, everything for programs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.catalog.query.fields import TASK_KEYED, TASK_PLAIN
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.cli.task.conftest import task_id
from tests.tasks.making import crash, run, start
from tests.test_docs import guide, plain, table


def test_a_pipe_gets_ids_first_and_the_same_columns(tasks: Reg) -> None:
    rows = [line.split("\t") for line in tasks("task", "list").lines]
    assert [row[1] for row in rows] == ["next", "broken", "tuned", "baseline"]
    assert {len(row) for row in rows} == {8}
    assert rows[0][0] == task_id(tasks, "next")
    assert rows[1][2:4] + rows[1][6:] == ["wine", "failed", "3", ""]
    assert tasks("task", "query").out == tasks("task", "list").out
    assert tasks("task", "ls", "status:failed", "-q").lines == [rows[1][0]]


def test_a_terminal_gets_columns_that_distinguish_tasks(tasks: Reg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(env.COLUMNS, "200")
    shown = tasks("task", "list", terminal=True)
    assert shown.shown[0].split() == [
        "name", "id", "status", "started", "duration", "loss", "exit_code", "project", "tags"
    ]  # fmt: skip
    assert shown.shown[4].split()[0::2][:2] == ["baseline", "completed"]
    assert "\x1b[31mfailed   \x1b[0m" in shown.out
    assert "\x1b[32mcompleted\x1b[0m" in shown.out
    assert "loss.min" not in shown.out
    monkeypatch.setenv(env.COLUMNS, "80")
    narrow = tasks("task", "list", terminal=True)
    assert max(map(len, narrow.shown)) <= 80
    assert narrow.shown[0].split()[:3] == ["name", "id", "status"]
    assert "not shown at this width: " in narrow.err
    ids = tasks("task", "list", "--columns", "id", "--limit", "1", terminal=True).shown
    assert ids == ["id", task_id(tasks, "next")]


def test_narrowed_and_sorted(tasks: Reg) -> None:
    def names(*words: str) -> list[str]:
        return tasks("task", "list", "--columns", "name", *words).lines

    assert names("metrics.loss < 0.4 or exit_code = 3") == ["broken", "tuned"]
    assert names("--status", "failed", "--status", "draft", "--limit", "1") == ["next"]
    assert names("--project", "iris", "--tag", "good") == ["baseline"]
    assert names("--metric", "loss>0.3") == ["baseline"]
    assert names("--name", "b*", "--sort", "name") == ["baseline", "broken"]
    assert names("has(metrics.loss)", "--sort", "metrics.loss") == ["tuned", "baseline"]


def test_tasks_made_or_started_since_a_time(tasks: Reg) -> None:
    rows = tasks("task", "list", "--json").json
    for at in [row["started"] or row["created"] for row in rows]:
        expected = {row["name"] for row in rows if max(row["created"], row["started"] or "") >= at}
        assert set(tasks("task", "list", "--since", at, "--columns", "name").lines) == expected
    assert tasks("task", "list", "--since", "2999-01-01", "-q").lines == []


def test_a_bare_metric_is_told_its_field_also_where_the_first_task_has_none(tasks: Reg) -> None:
    assert tasks("task", "list", "--columns", "metrics.loss").lines[0] == ""
    assert "no column `loss`: did you mean `metrics.loss`" in tasks("task", "list", "--columns", "loss", code=2).err


def test_bounds_of_a_curve_are_columns(tasks: Reg, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = "name,metrics.loss.min,metrics.loss.max,metrics.loss.last"
    found = "metrics.loss.max = 1"
    assert tasks("task", "list", found, "--columns", columns, "--csv").lines[1:] == [
        "tuned,0.25,1.0,0.25", "baseline,0.5,1.0,0.5",
    ]  # fmt: skip
    assert tasks("task", "list", found, "--columns", columns, "--json", "--limit", "1").json == [
        {"name": "tuned", "metrics.loss.min": 0.25, "metrics.loss.max": 1.0, "metrics.loss.last": 0.25}
    ]
    assert "metrics.loss.min" not in tasks("task", "list", "--json").json[0]
    assert tasks("task", "show", "tuned", "--columns", "metrics.loss.min").lines == ["metrics.loss.min\t0.25"]
    monkeypatch.setenv(env.COLUMNS, "200")
    shown = tasks("task", "list", found, "--sort", "metrics.loss.max", terminal=True)
    assert "loss.max" in shown.shown[0].split()
    assert "1" in shown.shown[1].split()


def test_a_metric_called_like_a_bound_is_shown_beside_the_curve(
    reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Registry.init(tmp_path) as registry:
        run(registry, "both", points={"loss": [3.0, 1.0, 2.0], "loss.min": [9.0]})
    monkeypatch.setenv(env.COLUMNS, "200")
    assert "loss.min" in reg("task", "list", terminal=True).shown[0].split()
    assert reg("task", "list", "--columns", "metrics.loss.min,metrics.loss.max").lines == ["9.0\t3.0"]
    assert reg("task", "list", "--json").json[0]["metrics"] == {"loss": 2.0, "loss.min": 9.0}
    assert reg("task", "show", "both", "--columns", "metrics.loss.min").lines == ["metrics.loss.min\t9.0"]
    assert "loss.min" in reg("task", "show", "both", terminal=True).out


def test_programs(tasks: Reg) -> None:
    row = tasks("task", "list", "name = baseline", "--json").json[0]
    assert {
        "id", "name", "project", "status", "attempt", "author", "created", "started", "ended", "duration", "exit_code",
        "source", "comment", "commit", "command", "tags", "metrics", "params", "archived",
    } <= set(row)  # fmt: skip
    assert (row["status"], row["command"], row["metrics"]) == ("completed", "python train.py --lr 0.1", {"loss": 0.5})
    assert tasks("task", "list", "name = none", "--json").json == []
    lines = list(csv.reader(tasks("task", "list", "--csv").lines))
    assert lines[0][:2] == ["id", "name"]
    assert len(lines) == 5


def test_dead_tasks_are_distinguished_from_living_ones(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        crash(start(registry, "dies"))
        start(registry, "lives")
    assert reg("task", "list", "--columns", "name,status").lines == ["lives\trunning", "dies\tcrashed"]
    assert reg("task", "list", "status = crashed", "--columns", "name").lines == ["dies"]
    lives, dies = reg("task", "list", "--columns", "name,ended").lines
    assert (lives, dies[: len("dies\t2")]) == ("lives\t", "dies\t2")  # its end is on record
    assert reg("task", "list", terminal=True).shown[1].split()[-1] == "s"  # so far


def test_archived_ones_are_asked_for(tasks: Reg) -> None:
    tasks("task", "archive", "tuned")
    assert "tuned" not in tasks("task", "list", "--columns", "name").lines
    assert tasks("task", "list", "--archived", "--columns", "name").lines == ["tuned"]
    assert len(tasks("task", "list", "--all").lines) == 4


def test_names_from_strangers_do_not_steer_the_terminal(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        run(registry, "evil\x1b]0;x\x07", params={"a\x1b[31m": 1})
    assert "evil\\x1b]0;x\\x07" in reg("task", "list", terminal=True).out
    assert "\x1b" not in reg("task", "list").out
    assert "\x07" not in reg("task", "show", "@last", terminal=True).out


def test_nothing_found(reg: Reg) -> None:
    reg("init")
    for terminal in (True, False):
        listed = reg("task", "list", terminal=terminal)
        assert (listed.out, listed.err) == ("", "no tasks found\n")
    assert (reg("task", "list", "-q").err, reg("task", "list", "--limit", "0").err) == ("", "")


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--name", "basline"], "no task is named basline: did you mean baseline?"),
        (["name = basline"], "no task is named basline: did you mean baseline?"),
        (["metrics.los < 1"], "no task has metrics.los: did you mean `metrics.loss`?"),
        (["--metric", "los<1"], "no task has metrics.los: did you mean `metrics.loss`?"),
        (["--tag", "god"], "no task has the tag god: did you mean good?"),
        (["los"], "no task has `los` in its name, tags or comment; `metrics.loss` is a field"),
        (["--name", "baseline", "--tag=-good"], "no tasks found"),
        (["--name", "*aselin"], "no task is named *aselin: did you mean baseline?"),
        (["--project", "zzz"], "no task is in project zzz"),
        (["--project", "irs"], "no task is in project irs: did you mean iris?"),
        (["status:cancelled"], "no tasks found"),
    ],
)
def test_what_finds_nothing_is_told_what_is_near(tasks: Reg, words: list[str], advice: str) -> None:
    assert tasks("task", "list", *words).err == f"{advice}\n"
    assert tasks("task", "list", *words, "-q").err == ""


def test_a_bare_metric_is_told_its_field(tasks: Reg) -> None:
    for words in (["loss > 0.9"], ["--sort", "-loss"], ["has(loss)"]):
        assert "there is no field 'loss': did you mean `metrics.loss`" in tasks("task", "list", *words, code=2).err


def test_mistakes(tasks: Reg) -> None:
    assert "no status `done`" in tasks("task", "list", "--status", "done", code=2).err
    assert "^^^" in tasks("task", "list", "metric.loss > 1", code=2).err
    assert "no model named" in tasks("task", "list", "uses(a/b)", code=11).err
    assert "no column `x`" in tasks("task", "list", "--columns", "x", code=2).err


def test_the_guide_names_every_field() -> None:
    rows = {plain(name): kind for name, kind, _ in table("query", "of a task")}
    assert rows == {name: field.kind for name, field in TASK_PLAIN.items()}
    assert all(f"`{name}.*`" in guide("query") for name in TASK_KEYED)
