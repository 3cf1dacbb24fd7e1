"""`connect` and argparse: what is told, and what a clone puts in its place."""

from __future__ import annotations

import argparse
import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import UsageError
from registry_cli.sdk import join
from registry_cli.sdk.params import fit
from registry_cli.tasks.record import get_row, get_task
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.edits import Edits
from tests.secrets.planted import PLANTED

pytestmark = pytest.mark.usefixtures("registry")


class Mode(enum.Enum):
    FAST = "f"
    SLOW = "s"


@dataclass
class Config:
    """A dataclass, with a default that its class holds too."""

    lr: float = 0.1
    layers: list[int] = field(default_factory=lambda: [4, 3])
    _hidden: int = 1

    def method(self) -> None:
        """No parameter."""


class Settings:
    """A class whose attributes are the parameters."""

    batch = 8
    deep = {"drop": 0.5}

    @property
    def computed(self) -> int:
        return 1


@contextmanager
def running(**overrides: Any) -> Iterator[reg.Task]:
    """A task that is a clone with these parameters, names with `__` for a dot."""
    with reg.task("job") as task:
        join.get_current().overrides.update({key.replace("__", "."): value for key, value in overrides.items()})
        yield task


def told() -> dict[str, Any]:
    return reg.Task.get_task("@last").get_parameters()


@pytest.mark.slow
def test_a_dict_is_told_with_dotted_names() -> None:
    config = {"lr": 0.1, "optim": {"name": "sgd", "betas": (0.9, 0.99)}, "path": Path("a/b"), "none": None, "n": 3,
              "mode": Mode.FAST, "set": {2, 1}, "object": Config}  # fmt: skip
    with running() as task:
        assert task.connect(config) is config
    found = told()
    assert found.pop("object").endswith("Config'>")
    assert found == {"lr": 0.1, "optim.name": "sgd", "optim.betas": [0.9, 0.99], "path": "a/b", "n": 3, "mode": "FAST",
                     "set": [1, 2]}  # fmt: skip


@pytest.mark.slow
def test_sections_join() -> None:
    with running() as task:
        task.connect({"lr": 0.1}, name="optim")
        task.connect({"drop": 0.5}, name="optim")
        reg.log_params({"optim": {"lr": 0.2}, "x": 1})
    assert told() == {"optim.lr": 0.2, "optim.drop": 0.5, "x": 1}


@pytest.mark.slow
def test_secrets_are_not_told() -> None:
    """By their names, and by their values under whatever name; numbers about tokens and keys are none."""
    plain = {"max_tokens": 512, "num_key_value_heads": 8, "pad_token_id": 0, "sort_key": "loss", "use_auth": True}
    with running() as task:
        task.connect({**plain, "api_key": "hush", "db": {"password": "hunter2"}, "model": PLANTED["hugging face"],
                      "urls": ["https://h.org", PLANTED["url of s3"]]})  # fmt: skip
        task.set_parameters({"where": PLANTED["url with a password"]})
    assert told() == plain


@pytest.mark.slow
def test_a_clone_has_the_last_word() -> None:
    config: dict[str, Any] = {
        "lr": 0.1,
        "optim": {"name": "sgd", "steps": 5},
        "on": False,
        "path": Path("a"),
        "n": None,
    }
    with running(lr="0.5", optim__steps=7.0, optim__name="adam", on="true", path="b", n=3, unknown=1) as task:
        task.connect(config)
    assert config == {"lr": 0.5, "optim": {"name": "adam", "steps": 7}, "on": True, "path": Path("b"), "n": 3}
    assert type(config["optim"]["steps"]) is int
    assert told() == {"lr": 0.5, "optim.name": "adam", "optim.steps": 7, "on": True, "path": "b", "n": 3}


@pytest.mark.slow
def test_unless_the_script_insists() -> None:
    with running(lr=0.5) as task:
        assert task.connect({"lr": 0.1}, ignore_remote_overrides=True) == {"lr": 0.1}


@pytest.mark.slow
def test_objects_and_classes() -> None:
    with running(lr=0.5, train__batch=16, train__deep__drop=0.1) as task:
        config = task.connect(Config())
        task.connect(Settings, name="train")
        assert task.connect(argparse.Namespace(seed=1)).seed == 1
    assert (config.lr, config.layers) == (0.5, [4, 3])
    assert (Settings.batch, Settings.deep) == (16, {"drop": 0.1})
    assert told() == {"lr": 0.5, "layers": [4, 3], "train.batch": 16, "train.deep.drop": 0.1, "seed": 1}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    made.add_argument("--lr", type=float, default=0.1)
    made.add_argument("--steps", type=int)
    made.add_argument("--verbose", action="store_true")
    made.add_argument("--api-key", default="hush")
    inner = made.add_subparsers(dest="verb").add_parser("fit")
    inner.add_argument("--epochs", type=int, default=3)
    return made


@pytest.mark.slow
def test_argparse_is_heard() -> None:
    with running():
        found = parser().parse_args(["--verbose", "fit", "--epochs", "5"])
    assert found.epochs == 5
    assert told() == {"lr": 0.1, "verbose": True, "verb": "fit", "epochs": 5}
    assert parser().parse_args([]).lr == 0.1
    assert argparse.ArgumentParser.parse_known_args.__module__ == "argparse"


@pytest.mark.slow
def test_a_clone_changes_arguments() -> None:
    with running(lr=1, steps="7", verbose=True):
        found, rest = parser().parse_known_args(["--lr", "0.3", "--more"])
    assert (found.lr, found.steps, found.verbose, rest) == (1.0, 7, True, ["--more"])
    assert (type(found.lr), type(found.steps)) == (float, int)


@pytest.mark.slow
def test_what_is_heard_can_be_chosen() -> None:
    with reg.Task.init("p", "job", auto_connect_arg_parser={"lr": False}):
        parser().parse_args(["--steps", "2"])
    assert told() == {"steps": 2, "verbose": False}
    with reg.Task.init("p", "job", auto_connect_arg_parser=False) as task:
        parser().parse_args(["--steps", "2"])
        chosen = task.connect(parser(), name="Args")
        chosen.parse_args(["--lr", "1"])
    assert told() == {"Args.lr": 1.0, "Args.verbose": False}


@pytest.mark.parametrize(("value", "like", "fitted"), [
    (1, 0.5, 1.0), ("2", 1, 2), (2.5, 1, 2.5), ("no", True, False), (0, True, False), ([1, 2], (0,), (1, 2)),
    ("[1, 2]", [0], [1, 2]), ("SLOW", Mode.FAST, Mode.SLOW), ("s", Mode.FAST, Mode.SLOW), (3, "text", "3"),
    ("x", None, "x"),
])  # fmt: skip
def test_types_are_kept(value: Any, like: object, fitted: object) -> None:
    assert fit(value, like) == fitted
    assert type(fit(value, like)) is type(fitted)


def test_what_cannot_stand_for_it() -> None:
    with pytest.raises(UsageError, match="'many' cannot stand for 3"):
        fit("many", 3)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("nothing", [5, None, "text", [1], (1, 2), int, parser, Path("a")])
def test_what_has_no_settings(nothing: Any) -> None:
    with running() as task, pytest.raises(UsageError):
        task.connect(nothing)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("wrong", [{"a\n": 1}, {"a..b": 1}, {"a": "\ud800"}, {"": 1}])
def test_what_is_refused_leaves_nothing(wrong: dict[str, Any]) -> None:
    with running() as task:
        with pytest.raises(UsageError):
            reg.log_params({"good": 1, **wrong})
        assert task.get_parameters() == {}
        reg.log_params({"late": 1})
    assert told() == {"late": 1}


@pytest.mark.slow
def test_the_options_of_arguments_are_on_record(registry: reg.Registry) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", "--n", type=int, default=5)
    parser.add_argument("--learning-rate", dest="lr", default=0.1)
    parser.add_argument("data", nargs="?", default="x")
    below = parser.add_subparsers(dest="verb").add_parser("fit")
    below.add_argument("--epochs", "-e", default=3)
    below.add_argument("--shuffle", action=argparse.BooleanOptionalAction, default=False)
    with reg.task("job"):
        parser.parse_args(["x", "fit"])
    registry.index.sync()
    task = get_task(registry, get_row(registry, "job"))
    assert task.options == {
        "n": "--n", "lr": "--learning-rate", "learning_rate": "--learning-rate", "epochs": "--epochs", "e": "--epochs",
        "shuffle": "--shuffle", "no_shuffle": "--no-shuffle",
    }  # fmt: skip
    clone = clone_task(registry, "job", Edits(args={"n": 7, "lr": 0.2, "shuffle": True}))
    assert clone.recipe.argv[-5:] == ("--n", "7", "--learning-rate", "0.2", "--shuffle")
