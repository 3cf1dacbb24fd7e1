"""Code that XGBoost, LightGBM and CatBoost share: scores of each round by data set and metric, and added callbacks.

Imports none of them.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from registry_cli.frameworks.numbers import find_number
from registry_cli.frameworks.patching.shapes import Argument, Details

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.frameworks.patching.shapes import Call, Sink

_latest: WeakKeyDictionary[Any, tuple[int | None, dict[str, float]]] = WeakKeyDictionary()
"""By boosters: the current round, None after the training, and the scores of the last round."""


def add_callback(call: Call, function: str, callback: object) -> None:
    """Add a callback to a training, before the script's own: a callback that ends it early skips those after it.

    Args:
        call: The call of the training function.
        function: The function as `module:name`; the position of its `callbacks` differs between versions.
        callback: The callback to add.
    """
    module, _, name = function.partition(":")
    places = list(inspect.signature(getattr(sys.modules[module], name)).parameters)
    argument = Argument(places.index("callbacks"), "callbacks")
    argument.put(call, [callback, *(argument.get(call) or ())])


def report_round(sink: Sink, model: Any, step: int, scores: Mapping[str, float]) -> None:
    """Report the scores of a round, and remember them for saves of the model."""
    _latest[model] = step, dict(scores)
    for name, value in scores.items():
        sink.score(name, value, step)


def end_training(model: Any, scores: Mapping[str, float] | None = None) -> None:
    """Forget the round of a trained booster, and replace the scores of its last round by `scores` where given."""
    if model in _latest:
        _latest[model] = None, dict(scores) if scores else _latest[model][1]


def report_booster(model: Any) -> Details:
    """Return the facts of a saved booster: its scores, and its round while it is trained."""
    step, _ = _latest.get(model, (None, {}))
    return Details(step=step, scores=find_scores(model))


def find_scores(model: Any) -> dict[str, float]:
    """Return the scores of XGBoost's and LightGBM's boosters, and of scikit-learn's models around them.

    For a training that ended early they are the best round's, which predicts.
    """
    booster = getattr(model, "_Booster", None)
    if booster is None:
        booster = model
    best = getattr(booster, "best_score", None)
    if isinstance(best, dict) and best:
        return {f"{data}.{metric}": float(value) for data, scores in best.items() for metric, value in scores.items()}
    return _latest.get(booster, (None, {}))[1]


def find_last_scores(model: Any) -> dict[str, float]:
    """Return CatBoost's scores of the last round that a model still has: trees after its best one may be removed."""
    history = model.get_evals_result()
    return {name: values[min(model.tree_count_, len(values)) - 1] for name, values in list_curves(history) if values}


def list_curves(history: Mapping[str, Mapping[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Return names `<data set>.<metric>`, each with its values by round."""
    return [(f"{data}.{metric}", values) for data, metrics in history.items() for metric, values in metrics.items()]


def split_deviation(name: str, value: Any) -> dict[str, float]:
    """Return a score by name; for a cross-validation's pair the mean, and the standard deviation as `<name>.std`."""
    if isinstance(value, tuple):
        mean, deviation = value
        return {name: float(mean), f"{name}.std": float(deviation)}
    number = find_number(value)
    return {} if number is None else {name: number}
