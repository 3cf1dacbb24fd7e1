"""The framework of an object, by its classes; data has none."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from registry_cli.frameworks.objects import find_labels, is_torch_data, report_object
from registry_cli.frameworks.patching.shapes import DATA
from tests.frameworks.objects_like import make

TABLE = make("pandas.core.frame")
ARRAY = make("numpy")
FOREST = make("sklearn.ensemble._forest")


@pytest.mark.parametrize(
    ("module", "framework", "keys"),
    [
        ("sklearn.linear_model._logistic", "ScikitLearn", ("scikit",)),
        ("xgboost.sklearn", "XGBoost", ("xgboost",)),
        ("lightgbm.sklearn", "LightGBM", ("lightgbm",)),
        ("catboost.core", "CatBoost", ("catboost",)),
        ("torch.nn.modules.linear", "PyTorch", ("pytorch",)),
        ("keras.src.models.sequential", "Keras", ("keras", "tensorflow")),
        ("__main__", None, ()),
    ],
)
def test_the_class_tells(module: str, framework: str | None, keys: tuple[str, ...]) -> None:
    told = report_object(make(module))
    assert told is not None
    assert (told.framework, told.keys) == (framework, keys)


def test_a_class_of_the_scripts_own_is_its_bases() -> None:
    told = report_object(make("__main__", (type(FOREST),)))
    assert told is not None
    assert told.framework == "ScikitLearn"
    told = report_object(make("xgboost.sklearn", (type(FOREST),)))
    assert told is not None
    assert told.framework == "XGBoost", "the nearest class counts"


@pytest.mark.parametrize("value", [{"model": FOREST, "features": ["a"]}, [ARRAY, FOREST], (FOREST, 0.9)])
def test_a_model_among_other_things(value: Any) -> None:
    told = report_object(value)
    assert told is not None
    assert told.framework == "ScikitLearn"
    assert told.keys == ("scikit",)


LOOP: dict[str, Any] = {"n": 1}
LOOP["self"] = LOOP
TENSOR_CLASS = type("Tensor", (), {"__module__": "torch"})
TENSOR = TENSOR_CLASS()
WEIGHT = type("Parameter", (TENSOR_CLASS,), {"__module__": "torch.nn.parameter"})()
DATA_SET = type("Mine", (type(make("torch.utils.data.dataset")),), {"__module__": "__main__"})()


@pytest.mark.parametrize(
    "value",
    [DATA_SET, make("torch.utils.data.dataloader"), make("torch_geometric.data.data"), (TENSOR, TENSOR), [TENSOR, 3],
     (DATA_SET, {"x": TENSOR}), {"train": DATA_SET, "test": DATA_SET}, {"a": 1, "b": 2}, {"x": ARRAY}, ARRAY, TABLE,
     "text", [[TENSOR, 1], [TENSOR, 2]], {"loader": [1, 2]}, {"ids": [1, 2]}, {"a": {"b": 1}}, {"lr": 0.1}, {"ids": []},
     {"images": TENSOR, "labels": [1, 2]}, {"train": {"x": TENSOR, "y": ["a"]}, "n": 2}, {"rows": [{"a": (1, None)}]}],
)  # fmt: skip
def test_data_that_torch_saves_is_no_model(value: Any) -> None:
    assert is_torch_data(value)


@pytest.mark.parametrize(
    "value",
    [TENSOR, WEIGHT, {"w": TENSOR}, {"state": {"w": TENSOR}, "epoch": 3}, [WEIGHT, WEIGHT],
     (make("torch.nn.modules"), 3), {}, [], make("torch.nn.modules.linear"), make("__main__"), [{"w": TENSOR}],
     {"model": OrderedDict(a=TENSOR), "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}, "epoch": 3},
     OrderedDict(a=TENSOR), {"model": {"a": TENSOR}, "losses": [0.5, 0.25]}, {"a": WEIGHT, "losses": [0.5]},
     {"fc.weight": TENSOR, "classes": ["cat", "dog"]}, {"params": [TENSOR, TENSOR]}, {"a": TENSOR, "epoch": 3},
     {**{f"setting{at}": at for at in range(40)}, "model": {"a": TENSOR}}, {"net": make("__main__"), "ids": [1]},
     {"state": {}, "param_groups": [{"lr": 0.1, "params": [0]}]}, LOOP],
)  # fmt: skip
def test_what_may_be_weights_is_no_data(value: Any) -> None:
    assert not is_torch_data(value)


@pytest.mark.parametrize(
    "value",
    [TABLE, ARRAY, "text", b"bytes", 3, 0.5, None, True, make("polars.dataframe.frame"), make("pyarrow.lib"),
     make("datasets.arrow_dataset"), make("scipy.sparse._csr"), (TABLE, ARRAY), [TABLE, TABLE], {"x": TABLE, "n": 3}],
)  # fmt: skip
def test_data_is_no_model(value: Any) -> None:
    assert report_object(value) is DATA


@pytest.mark.parametrize("value", [{"w": ARRAY, "b": ARRAY}, [ARRAY, ARRAY], {"cat": 0}, make("scipy.interpolate")])
def test_what_may_be_somebodys_weights_is_one(value: Any) -> None:
    told = report_object(value)
    assert told is not None
    assert told.framework is None


def test_labels_are_the_names_of_classes() -> None:
    told = report_object(make("sklearn.tree", classes_=["cat", "dog"]))
    assert told is not None
    assert told.labels == {"cat": 0, "dog": 1}
    assert find_labels(make("__main__", classes_=["cat", "dog"])) == {"cat": 0, "dog": 1}


@pytest.mark.parametrize("classes", [[0, 1], [["a", "b"], ["c"]], None, ["a"] * 10_001])
def test_numbers_and_lists_are_no_labels(classes: Any) -> None:
    assert find_labels(make("sklearn.tree", classes_=classes)) == {}


def test_a_pipeline_that_raises_has_no_labels() -> None:
    class Pipeline:
        @property
        def classes_(self) -> Any:
            raise ValueError("not fitted")

    assert find_labels(Pipeline()) == {}
    assert find_labels(object()) == {}


def test_a_booster_within_tells_its_scores() -> None:
    booster = make("lightgbm.basic", best_score={"valid_0": {"auc": 0.5}})
    told = report_object({"model": make("lightgbm.sklearn", _Booster=booster)})
    assert told is not None
    assert told.scores == {"valid_0.auc": 0.5}


def test_a_model_that_cannot_be_asked_has_none() -> None:
    told = report_object(make("catboost.core"))
    assert told is not None
    assert told.framework == "CatBoost"
    assert not told.scores
