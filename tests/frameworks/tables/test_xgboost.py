"""XGBoost's rounds, by a class shaped like its base of callbacks."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables import xgboost
from tests.frameworks.memory_sink import Memory
from tests.frameworks.objects_like import make


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> type:
    module = ModuleType("xgboost.callback")
    module.TrainingCallback = type("TrainingCallback", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xgboost.callback", module)
    kind: type = module.TrainingCallback  # type: ignore[attr-defined]
    return kind


def test_rounds_are_told_as_they_are_printed(base: type) -> None:
    sink, model = Memory(), make("xgboost.core")
    listener = xgboost.make_listener(sink)
    assert isinstance(listener, base)
    log: dict[str, Any] = {"eval": {"auc": [0.5]}}
    assert listener.after_iteration(model, 0, log) is False
    log["eval"]["auc"].append(0.75)
    listener.after_iteration(model, 1, log)
    assert sink.scores == [("eval.auc", 0.5, 0), ("eval.auc", 0.75, 1)]
    told = xgboost.report_save(Call((model, "m.ubj"), {}))
    assert (told.step, told.scores, told.path) == (1, {"eval.auc": 0.75}, None)


def test_after_an_early_end_the_best_round_counts(base: type) -> None:
    sink, model = Memory(), make("xgboost.core")
    log = {"eval": {"auc": [0.5, 0.9, 0.7]}}
    xgboost.make_listener(sink).after_iteration(model, 2, log)
    model.best_iteration = 1
    xgboost.leave_training(Call((), {}, model), sink)
    told = xgboost.report_save(Call((model, "m.ubj"), {}))
    assert (told.step, told.scores) == (None, {"eval.auc": 0.9})


def test_folds_and_what_cannot_be_read(base: type) -> None:
    sink, model = Memory(), make("xgboost.training")
    listener = xgboost.make_listener(sink)
    listener.after_iteration(model, 4, {"test": {"rmse": [(0.5, 0.1)]}})
    assert sink.scores == [("test.rmse", 0.5, 4), ("test.rmse.std", 0.1, 4)]
    assert listener.after_iteration(model, 5, None) is False, "nothing is raised into a training"


def test_a_path_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    model = make("xgboost.core")
    assert xgboost.report_save(Call((model, "~/m.ubj"), {})).path == "/home/ada/m.ubj"
    assert xgboost.report_load(Call((model, Path("~/m.ubj")), {})) == "/home/ada/m.ubj"
    assert xgboost.report_load(Call((model, "/m.ubj"), {})) == "/m.ubj"
    assert xgboost.report_load(Call((model, bytearray(b"raw")), {})) is None
