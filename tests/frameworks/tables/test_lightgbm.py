"""LightGBM's rounds, by an environment shaped like its own."""

from __future__ import annotations

from types import SimpleNamespace

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables import lightgbm
from tests.frameworks.memory_sink import Memory
from tests.frameworks.objects_like import make


def test_rounds_are_told_as_they_are_printed() -> None:
    sink, model = Memory(), make("lightgbm.basic", best_score={})
    listen = lightgbm.make_listener(sink)
    listen(SimpleNamespace(model=model, iteration=0, evaluation_result_list=[("valid_0", "l2", 0.5, False)]))
    listen(SimpleNamespace(model=model, iteration=1, evaluation_result_list=None))
    assert sink.scores == [("valid_0.l2", 0.5, 1)]
    assert lightgbm.report_save(Call((model, "m.txt"), {})).step == 2
    lightgbm.leave_training(Call((), {}, model), sink)
    assert lightgbm.report_save(Call((model, "m.txt"), {})).step is None
    assert listen.order < -1000, "before the script's own, which may end the training"  # type: ignore[attr-defined]


def test_what_cannot_be_read_is_not_raised() -> None:
    lightgbm.make_listener(Memory())(SimpleNamespace())


def test_results_of_folds_in_their_old_and_new_form() -> None:
    assert lightgbm.flatten_results([("valid", "l2", 0.5, False, 0.1)]) == {"valid.l2": 0.5, "valid.l2.std": 0.1}
    assert lightgbm.flatten_results([("cv_agg", "valid l2", 0.5, False, 0.1)]) == {
        "valid.l2": 0.5,
        "valid.l2.std": 0.1,
    }
    assert lightgbm.flatten_results([("train", "auc", 0.5, True)]) == {"train.auc": 0.5}
