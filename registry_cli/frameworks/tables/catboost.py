"""CatBoost: its own files, and the scores of a training, reported when it is over.

https://catboost.ai/docs/en/concepts/python-quickstart. On a GPU it refuses callbacks, so none is added; the history of
all rounds is read after `fit`. Rounds count from 0, as CatBoost prints them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.boosting import find_last_scores, list_curves
from registry_cli.frameworks.objects import find_labels
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Train

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Sink

_FILE: Final = Argument(1, "fname")
_FORMAT: Final = Argument(2, "format")
_EXPORTS: Final = {"onnx": ("ONNX", ("onnx",)), "coreml": ("CoreML", ()), "pmml": ("PMML", ())}
_CLASSES: Final = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")


def report_save(call: Call) -> Details:
    """Return the facts of a saved model, or of one exported to another framework's format."""
    model = call.args[0]
    framework, keys = _EXPORTS.get(str(_FORMAT.get(call)).lower(), (None, ()))
    return Details(framework=framework, keys=keys, labels=find_labels(model), scores=find_last_scores(model))


def leave_fit(call: Call, sink: Sink) -> None:
    """Report the scores of all rounds."""
    model = call.args[0]
    period = call.kwargs.get("metric_period") or model.get_param("metric_period") or 1
    for name, values in list_curves(model.get_evals_result()):
        for step, value in zip(list_steps(len(values), period, model.tree_count_), values, strict=True):
            sink.score(name, value, step)


def list_steps(number: int, period: int, trees: int) -> list[int]:
    """Return the rounds that `number` scores belong to: every `period`-th, and the last, which `trees` determines."""
    end = (number - 1) * period
    last = trees - 1 if end - period < trees - 1 < end else end
    return [min(at * period, last) for at in range(number)]


def leave_cv(call: Call, sink: Sink) -> None:
    """Report the scores of a cross-validation: columns such as `test-Logloss-mean` and `test-Logloss-std`."""
    table: Any = call.result[0] if isinstance(call.result, tuple) else call.result
    columns = {str(name): list(table[name]) for name in table}
    steps = columns.pop("iterations", None)
    for column, values in columns.items():
        data, _, metric = column.partition("-")
        name = f"{data}.{metric}".removesuffix("-mean").replace("-std", ".std")
        for at, value in enumerate(values):
            sink.score(name, float(value), int(steps[at]) if steps else at)


FRAMEWORK = Framework(
    name="CatBoost",
    keys=("catboost",),
    hooks=(
        Save("catboost.core:CatBoost.save_model", _FILE, report=report_save),
        Load("catboost.core:CatBoost.load_model", _FILE),
        *(Train(f"catboost.core:{name}.fit", leave=leave_fit, optional=name == "CatBoostRanker") for name in _CLASSES),
        Train("catboost.core:cv", leave=leave_cv),
    ),
)
