"""Attempts at one task: each can be listed, shown, read and compared, and none takes anything from another."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from registry_cli.dataclass import replace
from registry_cli.records.status import Status
from registry_cli.records.task import Task
from registry_cli.registry.api import Registry
from registry_cli.store.hashing import digest_bytes
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.record import get_row, get_task
from registry_cli.tasks.rerun.again import forget_results
from registry_cli.tasks.task_versions import drop_outputs
from tests.cli.conftest import Reg
from tests.cli.lab import Lab
from tests.cli.task.conftest import task_id
from tests.registry.making import add
from tests.tasks.making import describe, tell

ENDS: tuple[tuple[Status, int, float], ...] = (("completed", 0, 0.5), ("failed", 3, 0.75), ("completed", 0, 0.25),
                                               ("cancelled", 1, 1.0))  # fmt: skip


def run_next(registry: Registry, task: Task, status: Status, code: int, loss: float) -> Task:
    """Run the next attempt at a task; its console, its metric and its output are those of its number."""
    attempt = Attempt.start(registry, replace(forget_results(task), params={"lr": loss}))
    number = attempt.task.attempt
    tell(attempt, f"attempt {number}\n".encode(), {"loss": [1.5, loss]})
    add(registry, "iris/exp/w", f"{number}".encode(), task=task.id)
    return attempt.end(Ending(status, code))


@pytest.fixture
def exp(reg: Reg, tmp_path: Path) -> Reg:
    """`reg` with a task of four attempts, the third of which stands for it."""
    with Registry.init(tmp_path) as registry:
        task = describe("exp", tags=("t",))
        for end in ENDS:
            task = run_next(registry, task, *end)
    return reg


def test_the_task_is_what_its_last_completed_attempt_made_it(exp: Reg) -> None:
    (row,) = exp("task", "list", "--json").json
    assert (row["status"], row["attempt"], row["exit_code"]) == ("completed", 3, 0)
    assert (row["metrics"], row["params"]) == ({"loss": 0.25}, {"lr": 0.25})
    assert exp("task", "list", "status:cancelled or metrics.loss > 0.3", "-q").lines == []
    shown = exp("task", "show", "exp", "--json").json
    assert {key: shown[key] for key in row.keys() - {"metrics"}} == {key: row[key] for key in row.keys() - {"metrics"}}


@pytest.mark.slow
def test_all_attempts_are_listed_shown_and_printed(exp: Reg) -> None:
    rows = exp("task", "list", "--attempts", "--json").json
    assert [(row["attempt"], row["status"], row["metrics"]["loss"], row["tags"]) for row in rows] == [
        (number, status, loss, ["t"]) for number, (status, _, loss) in reversed([*enumerate(ENDS, 1)])
    ]  # fmt: skip
    best = exp("task", "list", "status:failed or attempt > 3", "--attempts", "--sort", "metrics.loss", "--json").json
    assert [row["attempt"] for row in best] == [2, 4]
    for number, (status, code, loss) in enumerate(ENDS, 1):
        words = ("exp", "--attempt", str(number))
        shown = exp("task", "show", *words, "--json").json
        assert (shown["attempt"], shown["status"], shown["exit_code"]) == (number, status, code)
        assert shown["metrics"] == {"loss": loss}
        assert [(one["ref"], one["attempt"]) for one in shown["outputs"]] == [(f"iris/exp/w:{number}", number)]
        assert exp("task", "logs", *words).out == f"attempt {number}\n"
        assert f"\t1\t{loss}\t" in exp("task", "show", *words, "--scalars").out
    assert exp("task", "logs", "exp").out == "attempt 4\n", "the last one, whatever its end"


def test_versions_are_found_by_the_attempt_that_made_them(exp: Reg) -> None:
    assert exp("model", "query", "attempt == 2", "--columns", "ref,attempt").lines == ["iris/exp/w:2\t2"]
    assert exp("model", "query", "task:exp and attempt in (1, 3)", "--sort", "-attempt", "-q").lines == [
        row["id"] for row in exp("model", "query", "attempt in (3, 1)", "--json").json
    ]
    (row,) = exp("model", "query", "attempt > 3", "--json").json
    assert (row["ref"], row["attempt"]) == ("iris/exp/w:4", 4)


@pytest.mark.slow
def test_a_later_attempt_that_did_not_complete_takes_no_output_away(exp: Reg) -> None:
    def find(ref: str) -> list[str]:
        return exp("model", "show", ref, "-q").lines

    version = {number: exp("model", "show", f"iris/exp/w:{number}", "-q").lines for number in range(1, 5)}
    assert find("task:exp") == find("task:exp/w") == find("task:@last/w") == version[3]
    for number in version:
        assert find(f"task:exp:{number}") == find(f"task:{task_id(exp, 'exp')}:{number}/w") == version[number]
    assert "task exp has no attempt 9" in exp("model", "show", "task:exp:9/w", code=11).err
    assert "attempt 2 of task `exp` has no output `x.pt`" in exp("model", "show", "task:exp:2/x.pt", code=11).err


def test_an_attempt_without_the_output_leaves_it_to_the_last_that_completed(exp: Reg, tmp_path: Path) -> None:
    with Registry.open(tmp_path) as registry:
        task = get_task(registry, get_row(registry, "exp"))
        Attempt.start(registry, forget_results(task)).end(Ending("completed", 0))
    assert exp("model", "show", "task:exp/w", "--columns", "number").lines == ["number\t3"]
    assert "attempt 5 of task `exp` has no output" in exp("model", "show", "task:exp:5", code=11).err


@pytest.mark.slow
def test_the_addresses_of_attempts_are_listed_and_taken(exp: Reg) -> None:
    ref = task_id(exp, "exp")
    assert exp("task", "list", "--attempts", "-q").lines == [f"{ref}:{number}" for number in (4, 3, 2, 1)]
    assert exp("task", "list", "-q").lines == exp("task", "list", "--attempts", "attempt = 1", "--columns", "id").lines
    assert exp("task", "logs", f"{ref}:2").out == "attempt 2\n"
    for address in ("exp:2", "task:exp:2", f"{ref}:2"):
        shown = exp("task", "show", address, "--json").json
        assert (shown["attempt"], [one["attempt"] for one in shown["outputs"]]) == (2, [2])
    named = exp("task", "compare", "exp:1", "exp:4", "--json").out
    assert named == exp("task", "compare", "exp", "--attempt", "1", "--attempt", "4", "--json").out
    assert (
        exp("task", "compare", "exp:1", "--json").out == exp("task", "compare", "exp", "--attempt", "1", "--json").out
    )
    assert "task exp has no attempt 9" in exp("task", "show", "exp:9", code=11).err


def test_an_attempt_is_named_once_and_where_the_whole_task_is_wanted_not_at_all(exp: Reg) -> None:
    for words in (("show", "exp:1", "--attempt", "2"), ("logs", "exp:1", "--attempt", "1")):
        assert "both name an attempt" in exp("task", *words, code=2).err
    assert "not by both" in exp("task", "compare", "exp:1", "exp:2", "--attempt", "2", code=2).err
    for words in (("tag", "exp:1", "--add", "x"), ("archive", "exp:1"), ("clone", "exp:1"), ("list", "task:exp:1")):
        assert "the whole task is wanted" in exp("task", *words, code=2).err
    exp("task", "edit", "exp", "--name", "exp:1")
    assert exp("task", "show", "exp:1", "--columns", "attempt").lines == ["attempt\t3"], "a name comes first"


def test_a_terminal_and_a_pipe_have_the_attempt(exp: Reg) -> None:
    lines = [line.split() for line in exp("task", "list", "--attempts", terminal=True).shown]
    assert lines[0][:4] == ["name", "id", "attempt", "status"]
    assert [line[2:4] for line in lines[1:5]] == [[str(n), ENDS[n - 1][0]] for n in (4, 3, 2, 1)]
    piped = [line.split("\t") for line in exp("task", "list", "--attempts").lines]
    assert [line[3:5] for line in piped] == [[str(n), ENDS[n - 1][0]] for n in (4, 3, 2, 1)]
    card = exp("task", "show", "exp", terminal=True).shown
    assert "attempt 3" in card[2]
    words = [line.split() for line in card]
    assert ["4", "cancelled"] in [line[:2] for line in words]
    assert "attempt 2" in exp("task", "show", "exp", "--attempt", "2", terminal=True).shown[2]


def test_a_draft_is_no_attempt(tasks: Reg) -> None:
    rows = tasks("task", "list", "--attempts", "--json").json
    assert {row["name"] for row in rows} == {"baseline", "tuned", "broken"}
    assert "has no attempt 1" in tasks("task", "show", "next", "--attempt", "1", code=11).err


def test_attempts_are_compared(exp: Reg) -> None:
    lines = exp("task", "compare", "exp", "--attempt", "1", "--attempt", "4", "--only", "metrics,fields").lines
    assert "metrics.loss\t0.5\t1" in [line.replace("1.0", "1") for line in lines]
    assert "status\tcompleted\tcancelled" in [line.removeprefix("fields.") for line in lines]
    table = list(csv.reader(exp("task", "compare", "exp", "--attempt", "2", "--only", "metrics", "--csv").lines))
    ref = task_id(exp, "exp")
    assert table == [["field", f"{ref} attempt 2", f"{ref} attempt 3"], ["metrics.loss", "0.75", "0.25"]]
    drawn = exp("task", "compare", "exp", "exp", "--attempt", "1", "--attempt", "2", terminal=True).shown
    assert drawn[0].split() == ["exp", "attempt", "1", "exp", "attempt", "2"]
    outputs = exp("task", "compare", "exp", "--attempt", "1", "--attempt", "3", "--only", "outputs", "--json").json
    (row,) = outputs["fields"]
    assert [value["sha256"] for value in row["values"]] == [digest_bytes(b"1").sha256, digest_bytes(b"3").sha256]


def test_a_task_is_compared_by_the_outputs_of_the_attempt_that_stands_for_it(exp: Reg, tmp_path: Path) -> None:
    with Registry.open(tmp_path) as registry:
        run_next(registry, describe("other"), "completed", 0, 0.25)
    found = exp("task", "compare", "exp", "other", "--only", "outputs", "--json").json
    (row,) = found["fields"]
    assert [value["sha256"] for value in row["values"]] == [digest_bytes(b"3").sha256, digest_bytes(b"1").sha256]


def test_the_numbers_fit_the_tasks(exp: Reg) -> None:
    same = exp("task", "compare", "exp", "exp", "--attempt", "2", "--only", "metrics")
    assert "no differences" in same.err
    three = ("--attempt", "1", "--attempt", "2", "--attempt", "3")
    assert "3 attempts of 2 tasks" in exp("task", "compare", "exp", "exp", *three, code=2).err
    for words in (("show", "exp"), ("logs", "exp"), ("compare", "exp")):
        assert "task exp has no attempt 9" in exp("task", *words, "--attempt", "9", code=11).err


@pytest.mark.slow
def test_an_edit_is_of_the_task_and_every_attempt_has_it(exp: Reg) -> None:
    exp("task", "edit", "exp", "--name", "renamed", "-m", "why")
    exp("task", "tag", "renamed", "--add", "new")
    for number in range(1, 5):
        shown = exp("task", "show", "renamed", "--attempt", str(number), "--json").json
        assert (shown["name"], shown["tags"], shown["attempt"]) == ("renamed", ["new", "t"], number)


def test_a_version_leads_to_the_attempt_that_made_it(exp: Reg) -> None:
    rows = exp("model", "query", "--json").json
    assert {row["number"]: row["attempt"] for row in rows} == {1: 1, 2: 2, 3: 3, 4: 4}
    assert {row["number"]: row["params"]["lr"] for row in rows} == {1: 0.5, 2: 0.75, 3: 0.25, 4: 1.0}
    assert exp("model", "query", "params.lr = 0.75", "--columns", "ref").lines == ["iris/exp/w:2"]
    assert "attempt 2" in "\n".join(exp("model", "show", "iris/exp/w:2", terminal=True).shown)
    (line,) = [one for one in exp("model", "lineage", "iris/exp/w:2").lines if "task exp" in one]
    assert "attempt 2 · failed" in line
    graph = exp("model", "lineage", "iris/exp/w:4", "--json").json
    assert [(task["attempt"], task["status"]) for task in graph["tasks"]] == [(4, "cancelled")]
    assert [link["attempt"] for link in graph["links"]] == [4]


def test_a_failed_attempt_drops_its_own_outputs_alone(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        task = describe("exp")
        task = replace(task, recipe=replace(task.recipe, keep_failed=False))
        task = run_next(registry, task, *ENDS[0])
        task = run_next(registry, task, *ENDS[1])
        assert drop_outputs(registry, task, task.attempt) == []
    assert reg("model", "query", "--columns", "ref").lines == ["iris/exp/w:1"]


def test_removing_and_restoring_a_task_takes_all_attempts_along(exp: Reg) -> None:
    exp("task", "remove", "exp")
    assert exp("task", "list", "--attempts", "-q").lines == []
    exp("task", "restore", "exp")
    assert len(set(exp("task", "list", "--attempts", "-q").lines)) == 4
    exp("task", "archive", "exp")
    assert exp("task", "list", "--attempts", "-q").lines == []
    assert len(exp("task", "list", "--attempts", "--all", "-q").lines) == 4


@pytest.mark.slow
def test_a_rerun_and_a_collection_leave_the_first_run_as_it_was(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    words = ("--name", "exp", "--output", "out/*.bin", "--metrics", "metrics.json")
    lab.log(*words, "--", "python", "train.py", "--lr", "0.5")
    first = lab.reg("task", "show", "exp", "--scalars").stdout
    lab.write("train.py", "import sys\nprint('no data')\nsys.exit(3)\n")
    lab.reg("task", "run", "exp", "--here", "--inline", code=3)
    lab.reg("gc", "--now")
    shown: Any = lab.json("task", "show", "exp")
    assert (shown["status"], shown["attempt"], shown["metrics"]) == ("completed", 1, {"loss": 1.0})
    assert [one["status"] for one in shown["attempts"]] == ["completed", "failed"]
    assert lab.reg("task", "logs", "exp", "--attempt", "1").stdout == b"loss 1.0\n"
    assert lab.reg("task", "logs", "exp", "--attempt", "2").stdout == b"no data\n"
    assert lab.reg("task", "show", "exp", "--attempt", "1", "--scalars").stdout == first
    assert b"no damage" in lab.reg("fsck").stderr


@pytest.mark.slow
def test_an_attempt_that_saves_the_same_bytes_has_its_own_version(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    words = ("--name", "exp", "--output", "out/*.bin", "--metrics", "metrics.json")
    lab.log(*words, "--", "python", "train.py", "--lr", "0.5")
    lab.reg("task", "run", "exp", "--inline")
    rows = lab.json("model", "query")
    assert sorted((row["number"], row["attempt"]) for row in rows) == [(1, 1), (2, 2)]
    assert len({row["files"][0]["sha256"] for row in rows}) == 1
    assert b"no differences" in lab.reg("task", "compare", "exp", "--attempt", "1", "--attempt", "2").stderr


@pytest.mark.slow
def test_restoring_names_the_attempts_whose_files_are_gone(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    lab.write("once.sh", "test -e seen || echo first; touch seen\n")
    lab.log("--name", "exp", "--", "sh", "once.sh")
    lab.reg("task", "run", "exp", "--here")
    lab.log("--name", "other", "--", "sh", "once.sh")  # it has the files of attempt 2, which therefore stay
    lab.reg("task", "remove", "exp")
    assert lab.reg("task", "restore", "exp").stderr == b""
    lab.reg("task", "remove", "exp")
    lab.reg("gc", "--now")
    told = lab.reg("task", "restore", "exp").stderr.decode()
    assert told == "warning: attempt 1 of task exp lacks files that were deleted: console.log\n"
