"""`reg task clone`: drafts with another input, argument or commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.records.task import DIFF
from tests.cli.lab import Lab
from tests.secrets.planted import PLANTED


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A task `baseline` with an input, run from a changed work tree on the second of two commits."""
    lab = Lab(tmp_path_factory.mktemp("clone") / "work")
    lab.git("tag", "v1")
    lab.write("more.py", "pass\n")
    lab.git("add", "more.py")
    lab.git("commit", "-qm", "second")
    lab.write("more.py", "changed\n")
    for name in ("first", "second"):
        lab.write(f"{name}.bin", name)
        lab.reg("model", "add", f"iris/{name}", f"{name}.bin")
    lab.log("--name", "baseline", "--input", "base=iris/first", "--", "python", "train.py", "--lr", "0.5")
    return lab


def clone(lab: Lab, *words: str) -> str:
    return lab.reg("task", "clone", "baseline", *words, "-q").stdout.decode().strip()


def test_a_clone_is_a_draft(lab: Lab) -> None:
    source = lab.task("baseline")
    done = lab.reg("task", "clone", source.id, "--name", "copy")
    task = lab.task("copy")
    assert done.stdout.decode().split("\t")[:1] == [task.id]
    assert (task.status, task.source, task.recipe, task.inputs) == ("draft", source.id, source.recipe, source.inputs)
    assert lab.blob(DIFF, task.id) == lab.blob(DIFF, source.id)


@pytest.mark.slow
def test_everything_can_be_different(lab: Lab) -> None:
    made = clone(
        lab, "--name", "all", "--project", "lab", "--input", "iris/second", "--arg", "lr=0.05",
        "--param", "net.depth=3", "--env", "SEED=7", "--output", "out/*.bin", "--data", "d.csv",
        "--metrics", "m.json", "--model", "iris/x", "--comment", "hm", "--tag", "try", "-m", "why",
    )  # fmt: skip
    task = lab.task(made)
    assert (task.name, task.project, task.comment, task.tags) == ("all", "lab", "hm", ("try",))
    assert [(one.name, one.ref) for one in task.inputs] == [("base", "iris/second")]
    assert task.recipe.argv[-1] == "0.05"
    assert (task.params["lr"], task.recipe.params, task.recipe.env) == (0.05, {"net": {"depth": 3}}, {"SEED": "7"})
    assert (task.recipe.outputs, task.recipe.data, task.recipe.metrics, task.recipe.model) == (
        ("out/*.bin",), ("d.csv",), ("m.json",), "iris/x"
    )  # fmt: skip


@pytest.mark.slow
def test_another_commit(lab: Lab) -> None:
    task = lab.task(clone(lab, "--name", "old", "--code", "v1"))
    assert task.code is not None
    assert (task.code.commit, task.code.dirty, task.find_file(DIFF)) == (lab.git("rev-parse", "v1"), False, None)
    kept = lab.task(clone(lab, "--name", "old", "--code", "v1", "--keep-diff"))
    assert kept.find_file(DIFF)


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--input", "iris/none"], 11, "iris/none"),
        (["--env", "HF_TOKEN=x"], 17, "looks like a secret"),
        (["--arg", "token=x"], 17, "'{secret:SECRET_TOKEN}'"),
        (["--param", f"optim.name={PLANTED['github']}"], 17, "looks like a secret"),
        (["--env", "SEED"], 2, "not NAME=VALUE"),
        (["--arg", "lr"], 2, "has no value"),
        (["--code", "none"], 11, "no commit `none`"),
        (["--unset", "arg.none"], 11, "it has lr"),
        (["--tag", "a b"], 2, "not a tag"),
    ],
)
def test_what_is_refused(lab: Lab, words: list[str], code: int, said: str) -> None:
    before = lab.reg("events").stdout
    assert said in lab.reg("task", "clone", "baseline", *words, code=code).stderr.decode()
    assert lab.reg("events").stdout == before


def test_no_such_task(lab: Lab) -> None:
    assert b"no task `nothing`" in lab.reg("task", "clone", "nothing", code=11).stderr


@pytest.mark.slow
def test_a_task_without_git_has_no_commit(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "bare", git=False)
    lab.log("--name", "plain", "--", "true")
    assert b"not run in a git repository" in lab.reg("task", "clone", "plain", "--code", "main", code=2).stderr
    assert lab.reg("task", "clone", "plain").returncode == 0
