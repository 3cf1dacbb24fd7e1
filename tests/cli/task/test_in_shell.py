"""A shell script speaks to its task: inputs as paths and addresses, numbers, parameters, notes and versions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import registry_cli
from registry_cli import env
from registry_cli.errors import NotFoundError
from registry_cli.ids import ModelName
from registry_cli.opening import Registry
from registry_cli.records.task import Input, Task
from registry_cli.registry.draft import Draft
from registry_cli.sdk.join import find_current, set_current
from registry_cli.sdk.save_in_task import complete
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending, read_current
from registry_cli.tasks.attempt.scalar_reader import read_points
from registry_cli.tasks.run.input_paths import open_inputs
from registry_cli.tasks.run.run import child_environ
from tests.cli.conftest import Reg
from tests.cli.lab import Lab
from tests.tasks.making import start

JOB = """
set -e
cat "$REG_INPUT_BASE_MODEL" > joined.bin
printf ' and more' >> joined.bin
"$PYTHON" -m registry_cli model add zoo/joined joined.bin --parent continue=input:base-model
"""


@pytest.fixture
def attempt(reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Attempt]:
    """A task that runs, with an input; what is called now is a part of it."""
    reg("init")
    (tmp_path / "base.bin").write_bytes(b"base")
    reg("model", "add", "zoo/base", "base.bin")
    with Registry.open(tmp_path) as registry:
        base = Input("base", registry.get_row("zoo/base").id, "zoo/base")
        attempt = start(registry, "shell", inputs=(base,), comment="why")
        monkeypatch.setenv(env.REG_TASK, attempt.task.id)
        monkeypatch.setenv(env.REG_ATTEMPT, str(attempt.task.attempt))
        yield attempt
        attempt.end(Ending("completed", 0))


def now(attempt: Attempt) -> Task:
    return read_current(attempt.task, attempt.live)


@pytest.mark.slow
def test_a_shell_script_is_given_its_inputs_and_its_versions_have_them_as_parents(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work", git=False)
    lab.write("base.bin", "base")
    lab.reg("model", "add", "zoo/base", "base.bin")
    lab.write("job.sh", JOB.replace("$PYTHON", sys.executable))
    lab.log("--name", "shell", "--input", "base-model=zoo/base:1", "--", "bash", "job.sh")
    with lab.open() as registry:
        made, base = registry.get_row("zoo/joined"), registry.get_row("zoo/base")
        assert made.task == lab.task("shell").id
        assert [(parent.id, parent.role) for parent in made.parents] == [(base.id, "continue")]
    assert (lab.root / "joined.bin").read_bytes() == b"base and more"


def test_a_version_that_is_added_within_a_task_belongs_to_it(reg: Reg, attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(b"weights")
    reg("task", "metric", "loss=0.5", "acc=nan")
    [made] = reg("model", "add", "zoo/made", "m.bin", "--metric", "extra=1", "--json").json
    assert made["task"] == attempt.task.id
    assert [(parent["role"], parent["name"]) for parent in made["parents"]] == [("input", "zoo/base")]
    assert (made["metrics"]["loss"], made["metrics"]["extra"]) == (0.5, 1)
    assert reg("model", "show", "task:shell/m.bin", "--columns", "ref").out == "ref\tzoo/made:1\n"


def test_a_task_of_another_registry_is_not_joined(reg: Reg, attempt: Attempt, tmp_path: Path) -> None:
    Registry.init(tmp_path / "other").close()
    [added] = reg("--registry", "other", "model", "add", "a/b", "base.bin", "--json").json
    assert (added["task"], added["parents"]) == (None, [])


def test_numbers_keep_their_order_and_their_steps(reg: Reg, attempt: Attempt) -> None:
    for number in range(12):
        reg("task", "metric", f"loss={number}")
    reg("task", "metric", "acc=0.5", "acc/top5=0.9", "--step", "4")
    points = [(point.name, point.step, point.value) for point in read_points(attempt.live.list_scalars())]
    assert points == [*(("loss", None, float(n)) for n in range(12)), ("acc", 4, 0.5), ("acc/top5", 4, 0.9)]
    assert (now(attempt).curves["loss"].step, now(attempt).metrics["loss"]) == (11, 11.0)


def test_parameters_are_nested_removed_and_never_secret(reg: Reg, attempt: Attempt) -> None:
    reg("task", "param", "optim.lr=0.1", "epochs=3", "layers:=[4, 3]")
    said = reg("task", "param", "optim.name=adam", "epochs:=null", "password=hunter2")
    assert now(attempt).params == {"optim": {"lr": 0.1, "name": "adam"}, "layers": [4, 3]}
    assert "password looks like a secret" in said.err


def test_notes_are_lines_of_the_comment(reg: Reg, attempt: Attempt) -> None:
    reg("task", "note", "half of the data is missing")
    reg("task", "note", "and the other half is wrong")
    assert now(attempt).comment == "why\nhalf of the data is missing\nand the other half is wrong"
    reg("task", "note", " ", code=2)


def test_an_input_has_an_address(reg: Reg, attempt: Attempt, tmp_path: Path) -> None:
    assert reg("model", "show", "input:base", "--columns", "ref").out == "ref\tzoo/base:1\n"
    assert "it has base" in reg("model", "show", "input:teacher", code=11).err


def test_python_knows_that_address_too(attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(b"weights")
    try:
        assert registry_cli.use("input:base").ref == "zoo/base:1"
        [parent] = complete(find_current(), Draft(ModelName("zoo/m"), parents=(("continue", "input:base"),))).parents
    finally:
        set_current(None)
    assert parent == ("continue", attempt.task.inputs[0].version)
    assert [one.name for one in now(attempt).inputs] == ["base"]


@pytest.mark.parametrize("words", [("metric", "a=1"), ("param", "a=1"), ("note", "a")])
def test_outside_of_a_task_there_is_nothing_to_speak_to(reg: Reg, words: tuple[str, str]) -> None:
    reg("init")
    assert reg("task", *words, code=2).err == (
        "error: no task runs here: reg log runs a command as a task\nhint: reg log --help\n"
    )
    assert "no task runs here" in reg("model", "show", "input:base", code=11).err


def test_other_ranks_record_nothing(reg: Reg, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    reg("task", "metric", "loss=1")
    assert attempt.live.list_scalars() == []


def test_an_input_that_cannot_be_opened_is_told_and_stops_nothing(attempt: Attempt) -> None:
    with pytest.raises(NotFoundError):
        attempt.registry.get_row("f" * 64)
    gone = Input("gone", "f" * 64, "zoo/gone:1")  # type: ignore[arg-type]  # an id of no version
    paths, problems = open_inputs(attempt.registry, [*attempt.task.inputs, gone])
    assert [Path(path).read_bytes() for path in paths.values()] == [b"base"]
    assert [problem.partition(":")[0] for problem in problems] == [
        "input gone cannot be opened, and REG_INPUT_GONE is not set"
    ]


def test_two_inputs_never_share_a_variable(attempt: Attempt) -> None:
    [base] = attempt.task.inputs
    paths, problems = open_inputs(
        attempt.registry, [Input("a-b", base.version, base.ref), Input("a_b", base.version, base.ref)]
    )
    assert list(paths) == ["REG_INPUT_A_B"]
    assert problems == ["input a_b has no variable of its own: REG_INPUT_A_B is another input's"]


def test_inputs_that_would_share_a_variable_are_refused(iris: Reg) -> None:
    words = ["--input", "a-b=iris/softmax:1", "--input", "a_b=iris/softmax:2"]
    said = iris("log", *words, "--", "true", code=2).err
    assert said.startswith(
        "error: inputs `a-b` and `a_b` would share the variable REG_INPUT_A_B: give one of them another name\n"
    )
    assert iris("task", "list", "-q").lines == []


def test_the_inputs_of_an_enclosing_task_are_not_handed_down(attempt: Attempt) -> None:
    given = child_environ(attempt, {"REG_INPUT_OLD": "/x", "HOME": "/h"}, {"REG_INPUT_BASE": "/b"})
    assert {name: given.get(name) for name in ("REG_INPUT_OLD", "REG_INPUT_BASE", "HOME")} == {
        "REG_INPUT_OLD": None, "REG_INPUT_BASE": "/b", "HOME": "/h",
    }  # fmt: skip
