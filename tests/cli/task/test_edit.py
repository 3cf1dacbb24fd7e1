"""`reg task edit`: changes of a draft, and of the notes of a task that ran."""

from __future__ import annotations

import pytest

from tests.cli.lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("edit") / "work")
    lab.log("--name", "ran", "--", "python", "train.py", "--lr", "0.5")
    lab.reg("task", "clone", "ran", "--name", "draft", "--env", "SEED=7")
    return lab


@pytest.mark.slow
def test_a_draft_is_changed(lab: Lab) -> None:
    done = lab.reg("task", "edit", "draft", "--arg", "lr=0.1", "--unset", "env.SEED", "--comment", "new")
    task = lab.task("draft")
    assert task.id in done.stdout.decode()
    assert (task.recipe.argv[-1], task.recipe.env, task.comment, task.status) == ("0.1", {}, "new", "draft")


@pytest.mark.slow
def test_words_of_a_task_that_ran(lab: Lab) -> None:
    lab.reg("task", "edit", "ran", "--comment", "in the paper", "--tag", "paper")
    task = lab.task("ran")
    assert (task.comment, task.tags, task.status) == ("in the paper", ("paper",), "completed")


@pytest.mark.sweep(5)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ran", "--arg", "lr=1"], 17, "reg task clone"),
        (["ran", "--env", "A=1"], 17, "has run"),
        (["draft"], 2, "nothing to change"),
        (["draft", "--unset", "name"], 2, "cannot be removed"),
        (["none", "--comment", "x"], 11, "no task"),
    ],
)
def test_what_is_refused(lab: Lab, words: list[str], code: int, said: str) -> None:
    assert said in lab.reg("task", "edit", *words, code=code).stderr.decode()
