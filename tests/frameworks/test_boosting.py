"""Callbacks that are added to a training, and the scores that are remembered of it."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import Any

import pytest

from registry_cli.frameworks import boosting
from registry_cli.frameworks.patching.shapes import Call
from tests.frameworks.memory_sink import Memory
from tests.frameworks.objects_like import make


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> str:
    def train(params: Any, rounds: int = 10, *, verbose: bool = False, callbacks: Any = None) -> None: ...

    module = ModuleType("boosted")
    module.train = train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boosted", module)
    return "boosted:train"


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (({},), {}, ((({},)), {"callbacks": ["ours"]})),
        (({},), {"callbacks": None}, (({},), {"callbacks": ["ours"]})),
        (({},), {"callbacks": ("theirs",)}, (({},), {"callbacks": ["ours", "theirs"]})),
        (({}, 5, True, ["theirs"]), {}, (({}, 5, True, ["ours", "theirs"]), {})),
        (({}, 5, True, None), {}, (({}, 5, True, ["ours"]), {})),
    ],
)
def test_a_callback_goes_first_wherever_they_are_given(
    train: str, args: tuple[Any, ...], kwargs: dict[str, Any], expected: Any
) -> None:
    call = Call(args, kwargs)
    boosting.add_callback(call, train, "ours")
    assert (call.args, call.kwargs) == expected


def test_the_scripts_own_list_stays_as_it_is(train: str) -> None:
    theirs = ["theirs"]
    boosting.add_callback(Call(({},), {"callbacks": theirs}), train, "ours")
    assert theirs == ["theirs"]


def test_a_round_is_told_and_remembered_until_the_training_ends() -> None:
    model, sink = make("xgboost.core"), Memory()
    boosting.report_round(sink, model, 3, {"valid.auc": 0.5})
    assert sink.scores == [("valid.auc", 0.5, 3)]
    told = boosting.report_booster(model)
    assert (told.step, told.scores) == (3, {"valid.auc": 0.5})
    boosting.end_training(model)
    told = boosting.report_booster(model)
    assert (told.step, told.scores) == (None, {"valid.auc": 0.5})
    boosting.end_training(model, {"valid.auc": 0.75})
    assert boosting.find_scores(make("xgboost.sklearn", _Booster=model)) == {"valid.auc": 0.75}


def test_a_model_that_was_not_heard_training_tells_nothing() -> None:
    model = make("xgboost.core")
    boosting.end_training(model, {"valid.auc": 0.5})
    assert boosting.find_scores(model) == {}
    assert boosting.report_booster(model).step is None


@pytest.mark.slow
def test_no_model_is_kept_alive() -> None:
    before = len(boosting._latest)
    model = make("xgboost.core")
    boosting.report_round(Memory(), model, 1, {})
    assert len(boosting._latest) == before + 1
    del model
    gc.collect()
    assert len(boosting._latest) == before


def test_a_booster_that_knows_its_best_score_is_believed() -> None:
    model = make("lightgbm.basic", best_score={"train": {"l2": 1}, "valid": {"l2": 2.0}})
    boosting.report_round(Memory(), model, 9, {"valid.l2": 3.0})
    assert boosting.find_scores(model) == {"train.l2": 1.0, "valid.l2": 2.0}


@pytest.mark.parametrize(("trees", "score"), [(2, 0.2), (3, 0.3), (9, 0.3)])
def test_of_catboost_the_last_round_that_is_still_there_counts(trees: int, score: float) -> None:
    history = {"learn": {"Logloss": [0.1, 0.2, 0.3]}, "validation": {"Logloss": []}}
    model = make("catboost.core", tree_count_=trees, get_evals_result=lambda: history)
    assert boosting.find_last_scores(model) == {"learn.Logloss": score}


def test_scores_of_folds_have_a_deviation() -> None:
    assert boosting.split_deviation("auc", 0.5) == {"auc": 0.5}
    assert boosting.split_deviation("auc", (0.5, 0.1)) == {"auc": 0.5, "auc.std": 0.1}
    assert boosting.split_deviation("auc", "high") == {}
