"""CatBoost's scores, by objects shaped like its own."""

from __future__ import annotations

from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables import catboost
from tests.frameworks.memory_sink import Memory
from tests.frameworks.objects_like import make


def _model(scores: list[float], trees: int, **params: Any) -> Any:
    history = {"validation": {"AUC": scores}}
    return make("catboost.core", tree_count_=trees, get_evals_result=lambda: history, get_param=params.get)


@pytest.mark.parametrize(
    ("number", "period", "trees", "steps"),
    [
        (3, 1, 3, [0, 1, 2]),
        (3, 1, 2, [0, 1, 2]),  # the last tree was cut off
        (4, 3, 8, [0, 3, 6, 7]),
        (4, 3, 10, [0, 3, 6, 9]),
        (4, 3, 2, [0, 3, 6, 9]),
        (1, 5, 1, [0]),
        (0, 5, 1, []),
    ],
)
def test_rounds(number: int, period: int, trees: int, steps: list[int]) -> None:
    assert catboost.list_steps(number, period, trees) == steps


def test_scores_are_told_after_the_training() -> None:
    sink = Memory()
    catboost.leave_fit(Call((_model([0.5, 0.75], 2),), {}), sink)
    assert sink.scores == [("validation.AUC", 0.5, 0), ("validation.AUC", 0.75, 1)]
    sink = Memory()
    catboost.leave_fit(Call((_model([0.5, 0.75], 8, metric_period=7),), {}), sink)
    assert [score[2] for score in sink.scores] == [0, 7]


@pytest.mark.parametrize("models", [False, True])
def test_scores_of_folds(models: bool) -> None:
    table = {"iterations": [0, 5], "test-AUC-mean": [0.5, 0.75], "test-AUC-std": [0.1, 0.2]}
    sink = Memory()
    catboost.leave_cv(Call((), {}, (table, []) if models else table), sink)
    assert sink.scores == [
        ("test.AUC", 0.5, 0), ("test.AUC", 0.75, 5), ("test.AUC.std", 0.1, 0), ("test.AUC.std", 0.2, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "framework", "keys"), [("cbm", None, ()), ("onnx", "ONNX", ("onnx",)), ("coreml", "CoreML", ())]
)
def test_an_export_is_another_frameworks(format: str, framework: str | None, keys: tuple[str, ...]) -> None:
    model = _model([0.5], 1)
    model.classes_ = ["no", "yes"]
    told = catboost.report_save(Call((model, "m"), {"format": format}))
    assert (told.framework, told.keys) == (framework, keys)
    assert told.labels == {"no": 0, "yes": 1}
    assert told.scores == {"validation.AUC": 0.5}
