"""What can be changed in a draft, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError, RefusedError, RegError, UsageError
from registry_cli.ids import TagName
from registry_cli.records.task import Auto, Code, Input, Recipe, Task
from registry_cli.registry.api import Registry
from registry_cli.tasks.rerun.edits import Edits, apply_edits
from tests.builders import add, make_registry
from tests.catalog.builders import make_task

ARGV = ("python", "train.py", "--lr", "0.1", "--epochs", "3")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with make_registry(tmp_path) as registry:
        yield registry


def task_with(*inputs: Input, **recipe: Any) -> Task:
    return make_task(recipe=Recipe(ARGV, **recipe), params={"lr": 0.1, "epochs": 3, "told": "x"}, inputs=inputs)


def test_nothing_changes_nothing(registry: Registry) -> None:
    task = task_with()
    assert apply_edits(registry, task, Edits()) == task


def test_an_argument_is_set_in_the_command_and_in_the_parameters(registry: Registry) -> None:
    task = apply_edits(registry, task_with(), Edits(args={"lr": 0.05, "seed": 7}))
    assert task.recipe.argv == ("python", "train.py", "--lr", "0.05", "--epochs", "3", "--seed", "7")
    assert task.params == {"lr": 0.05, "epochs": 3, "told": "x", "seed": 7}


def test_an_argument_is_taken_away(registry: Registry) -> None:
    task = apply_edits(registry, task_with(), Edits(unset=("arg.epochs",)))
    assert task.recipe.argv == ("python", "train.py", "--lr", "0.1")
    assert task.params == {"lr": 0.1, "told": "x"}


def test_an_option_is_written_as_the_script_has_it(registry: Registry) -> None:
    task = replace(task_with(), options={"n": "--n", "rate": "--learning-rate", "lr": "--lr"})
    task = apply_edits(registry, task, Edits(args={"n": 7, "rate": 0.5, "lr": 0.2}))
    assert task.recipe.argv[2:] == ("--lr", "0.2", "--epochs", "3", "--n", "7", "--learning-rate", "0.5")
    task = apply_edits(registry, task, Edits(args={"rate": 0.1, "n": None}))
    assert task.recipe.argv[2:] == ("--lr", "0.2", "--epochs", "3", "--learning-rate", "0.1")


def test_an_option_that_is_removed_and_set_again_keeps_its_spelling(registry: Registry) -> None:
    task = make_task(recipe=Recipe(("./train", "--n", "5")), params={"n": 5})
    assert apply_edits(registry, task, Edits(unset=("arg.n",), args={"n": 7})).recipe.argv == ("./train", "--n", "7")


def test_a_parameter_that_is_no_argument_is_refused_with_the_way_to_set_it(registry: Registry) -> None:
    task = replace(task_with(), params={"lr": 0.1, "told": "x", "net": {"width": 8}})
    for name, value, pair in (
        ("told", "a b", "'told=a b'"),
        ("net.width", 9, "net.width=9"),
        ("told", True, "told=true"),
    ):
        with pytest.raises(UsageError, match=f"{name} is a parameter of the task and no argument") as caught:
            apply_edits(registry, task, Edits(args={name: value}))
        assert caught.value.hint == f"reg task clone {task.id} --param {pair}"
    hydra = replace(task, recipe=replace(task.recipe, argv=("python", "train.py", "lr=0.1")))
    assert apply_edits(registry, hydra, Edits(args={"net.width": 9})).recipe.argv[-1] == "net.width=9"


def test_an_argument_that_argparse_does_not_know_is_refused(registry: Registry) -> None:
    options = {"lr": "--learning-rate", "learning_rate": "--learning-rate", "epochs": "--epochs", "b": "--batch"}
    task = replace(task_with(), options=options)
    with pytest.raises(UsageError, match="width is no argument of the script, which has --batch, --epochs,") as caught:
        apply_edits(registry, task, Edits(args={"width": 8}))
    assert caught.value.hint == f"reg task clone {task.id} --param width=8"
    for args in ({"epo": 5}, {"b": 4}, {"learning-rate": 0.2}, {"--width": 8}, {"epochs": 1}):
        assert apply_edits(registry, task, Edits(args=args)).recipe.argv != task.recipe.argv, args
    other = replace(task, code=Code("/w", commit="c" * 40))
    assert apply_edits(registry, other, Edits(args={"width": 8}, code="d" * 40)).recipe.argv[-1] == "8"
    for argv in (("./train", "--lr", "1"), ("python", "train.py", "--others", "1"), ("python", "train.py", "lr=1")):
        unsure = replace(task, recipe=replace(task.recipe, argv=argv))
        assert "8" in apply_edits(registry, unsure, Edits(args={"width": 8})).recipe.argv[-1]


def test_parameters_are_nested(registry: Registry) -> None:
    task = apply_edits(registry, task_with(params={"net": {"depth": 2}}), Edits(params={"net.width": 8, "flat": True}))
    assert task.recipe.params == {"net": {"depth": 2, "width": 8}, "flat": True}
    assert task.params["net"] == {"width": 8}
    task = apply_edits(registry, task, Edits(unset=("param.net.depth", "param.net.width")))
    assert task.recipe.params == {"flat": True}


def test_variables(registry: Registry) -> None:
    task = apply_edits(registry, task_with(env={"A": "1", "B": "2"}), Edits(env={"SEED": "7"}, unset=("env.A",)))
    assert task.recipe.env == {"B": "2", "SEED": "7"}


@pytest.mark.parametrize("name", ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"])
def test_a_secret_is_refused_with_the_reason(registry: Registry, name: str) -> None:
    with pytest.raises(RefusedError, match=f"{name} looks like a secret.*read") as caught:
        apply_edits(registry, task_with(), Edits(env={name: "x"}))
    assert "environment" in caught.value.message


@pytest.mark.parametrize("name", ["1A", "A B", "A-B"])
def test_a_name_that_is_none_of_a_variable(registry: Registry, name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a variable"):
        apply_edits(registry, task_with(), Edits(env={name: "x"}))


def test_the_only_input_needs_no_name(registry: Registry) -> None:
    first, second = (add(registry, name, name.encode()) for name in ("iris/a", "iris/b"))
    task = apply_edits(registry, task_with(Input("base", first.id, "iris/a")), Edits(inputs=((None, "iris/b"),)))
    assert task.inputs == (Input("base", second.id, "iris/b"),)


def test_no_two_inputs_would_share_a_variable(registry: Registry) -> None:
    first = add(registry, "iris/a", b"a")
    task = task_with(Input("a-b", first.id, "iris/a"))
    with pytest.raises(UsageError, match="inputs `a-b` and `A_b` would share the variable REG_INPUT_A_B: give one"):
        apply_edits(registry, task, Edits(inputs=(("A_b", "iris/a"),)))
    assert len(apply_edits(registry, task, Edits(inputs=(("a-c", "iris/a"), ("a-b", "iris/a")))).inputs) == 2
    recorded = task_with(Input("a-b", first.id, "iris/a"), Input("a_b", first.id, "iris/a"))
    assert len(apply_edits(registry, recorded, Edits(inputs=(("a_b", "iris/a"),))).inputs) == 2, "as the script said"


@pytest.mark.parametrize("name", ["base", None])
def test_another_input_is_loaded_from_where_the_one_before_was(registry: Registry, name: str | None) -> None:
    first, second = (add(registry, name, name.encode()) for name in ("iris/a", "iris/b"))
    task = task_with(Input("base", first.id, "iris/a", "in/base.pt"))
    changed = apply_edits(registry, task, Edits(inputs=((name, "iris/b"),)))
    assert changed.inputs == (Input("base", second.id, "iris/b", "in/base.pt"),)
    fresh = apply_edits(registry, task, Edits(inputs=(("other", "iris/b"),), unset=("input.base",)))
    assert fresh.inputs == (Input("other", second.id, "iris/b"),)


def test_automatic_logging_stays_until_it_is_taken_away(registry: Registry) -> None:
    task = task_with(auto=Auto({"scikit": False}, keep="last 3"))
    assert apply_edits(registry, task, Edits(args={"lr": 0.5})).recipe.auto == task.recipe.auto
    assert apply_edits(registry, task, Edits(unset=("auto",))).recipe.auto is None


def test_of_several_inputs_one_is_named(registry: Registry) -> None:
    first, second = (add(registry, name, name.encode()) for name in ("iris/a", "iris/b"))
    held = (Input("base", first.id, "iris/a"), Input("teacher", first.id, "iris/a"))
    with pytest.raises(UsageError, match="base, teacher") as caught:
        apply_edits(registry, task_with(*held), Edits(inputs=((None, "iris/b"),)))
    assert caught.value.message.endswith(": write --input NAME=iris/b")
    task = apply_edits(registry, task_with(*held), Edits(inputs=(("teacher", "iris/b"), ("extra", "iris/b"))))
    assert [(one.name, one.version) for one in task.inputs] == [
        ("base", first.id), ("teacher", second.id), ("extra", second.id)
    ]  # fmt: skip


def test_without_an_input_a_name_is_needed(registry: Registry) -> None:
    add(registry, "iris/a")
    with pytest.raises(UsageError, match="the task has no input to be iris/a"):
        apply_edits(registry, task_with(), Edits(inputs=((None, "iris/a"),)))


def test_an_input_that_names_nothing(registry: Registry) -> None:
    with pytest.raises(NotFoundError):
        apply_edits(registry, task_with(), Edits(inputs=(("base", "iris/none"),)))


def test_what_is_said_of_it(registry: Registry) -> None:
    task = replace(task_with(), tags=(TagName("old"), TagName("both")), comment="before")
    edits = Edits(name="other", project="lab", comment="now", tags=(TagName("new"),), unset=("tag.old",))
    task = apply_edits(registry, task, edits)
    assert (task.name, task.project, task.comment, task.tags) == ("other", "lab", "now", ("both", "new"))
    assert apply_edits(registry, task, Edits(unset=("comment",))).comment is None
    assert apply_edits(registry, task, Edits(comment="")).comment is None


def test_what_it_keeps_and_reads(registry: Registry) -> None:
    task = task_with(outputs=("a", "b"), data=("d",), metrics=("m",), model="iris/x")
    changed = apply_edits(registry, task, Edits(outputs=("c",), model="iris/y", unset=("data.d",)))
    recipe = changed.recipe
    assert (recipe.outputs, recipe.data, recipe.metrics, recipe.model) == (("c",), (), ("m",), "iris/y")
    assert apply_edits(registry, task, Edits(unset=("model", "output.a"))).recipe == replace(
        task.recipe, model=None, outputs=("b",)
    )


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (Edits(unset=("name",)), "cannot be removed"),
        (Edits(unset=("arg.",)), "cannot be removed"),
        (Edits(unset=("arg.none",)), "no argument `none`"),
        (Edits(unset=("param.none",)), "no parameter of its own `none`"),
        (Edits(unset=("env.NONE",)), "no variable of its own `NONE`"),
        (Edits(unset=("input.none",)), "no input `none`"),
        (Edits(unset=("tag.none",)), "no tag `none`"),
        (Edits(unset=("output.none",)), "no output `none`"),
        (Edits(name=" "), "not a task name"),
        (Edits(project="a//b"), "not a model name"),
        (Edits(model="../x"), "not a model name"),
        (Edits(args={"lr": {"a": 1}}), "cannot be a table"),
        (Edits(code="f" * 40), "not run in a git repository"),
    ],
)
def test_what_makes_no_sense(registry: Registry, edits: Edits, said: str) -> None:
    with pytest.raises(RegError, match=said):
        apply_edits(registry, replace(task_with(), code=None), edits)


def test_another_commit_drops_the_diff(registry: Registry) -> None:
    task = replace(task_with(), code=Code("/work", "a" * 40, branch="main", dirty=True, cut=("big",)))
    plain = apply_edits(registry, task, Edits(code="b" * 40))
    assert plain.code == Code("/work", "b" * 40, dirty=False)
    kept = apply_edits(registry, task, Edits(code="b" * 40, keep_diff=True))
    assert kept.code == Code("/work", "b" * 40, dirty=True, cut=("big",))


@pytest.mark.parametrize(
    ("edits", "tells"),
    [
        (Edits(), True),
        (Edits(name="x", comment="y", tags=(TagName("z"),), unset=("tag.a", "comment")), True),
        (Edits(args={"lr": 1}), False),
        (Edits(project="x"), False),
        (Edits(unset=("arg.lr",)), False),
        (Edits(code="b" * 40), False),
    ],
)
def test_what_can_be_said_of_a_task_that_ran(edits: Edits, tells: bool) -> None:
    assert edits.tells is tells
