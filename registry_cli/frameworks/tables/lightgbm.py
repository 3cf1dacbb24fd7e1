"""LightGBM: its own files, and the scores of a training with validation sets.

https://lightgbm.readthedocs.io/en/stable/Python-API.html. Its scikit-learn classes train by these functions, and are
saved by joblib. Rounds count from 1, as LightGBM prints them.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.boosting import add_callback, end_training, report_booster, report_round, split_deviation
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry_cli.frameworks.patching.shapes import Sink

_TRAIN: Final = "lightgbm.engine:train"
_CV: Final = "lightgbm.engine:cv"
_INIT_MODEL: Final = Argument(99, "model_file")
"""By name alone, as `train(init_model=...)` passes it."""
_ORDER: Final = -1_000_000
"""First of all: a callback that raises to end the training early skips those after it."""


def report_save(call: Call) -> Details:
    """Return the facts of a saved booster."""
    return report_booster(call.args[0])


def enter_training(function: str, call: Call, sink: Sink) -> None:
    """Add a listener to a training."""
    add_callback(call, function, make_listener(sink))


def leave_training(call: Call, sink: Sink) -> None:
    """Record the end of a training; a booster knows the scores of its best round itself."""
    del sink
    end_training(call.result)


def make_listener(sink: Sink) -> Callable[[Any], None]:
    """Return a callback that reports the scores of each round."""

    def listen(env: Any) -> None:
        with suppress(Exception):
            report_round(sink, env.model, env.iteration + 1, flatten_results(env.evaluation_result_list or ()))

    listen.order = _ORDER  # type: ignore[attr-defined]  # LightGBM sorts by it
    return listen


def flatten_results(results: Iterable[Any]) -> dict[str, float]:
    """Return the scores of a round from tuples of data set, metric, value, direction, and for folds the deviation.

    Before 4.0 a cross-validation has the data set inside the metric: `cv_agg`, `valid l2`.
    """
    scores: dict[str, float] = {}
    for data, metric, value, _, *deviation in results:
        name = metric.replace(" ", ".", 1) if data == "cv_agg" else f"{data}.{metric}"
        scores |= split_deviation(name, (value, deviation[0]) if deviation else value)
    return scores


FRAMEWORK = Framework(
    name="LightGBM",
    keys=("lightgbm",),
    hooks=(
        Save("lightgbm.basic:Booster.save_model", Argument(1, "filename"), report=report_save),
        Load("lightgbm.basic:Booster.__init__", Argument(3, "model_file")),
        Load("lightgbm.basic:_InnerPredictor.from_model_file", _INIT_MODEL, optional=True),
        Load("lightgbm.basic:_InnerPredictor.__init__", _INIT_MODEL),  # before 4.0; later it takes none
        Save("lightgbm.engine:CVBooster.save_model", Argument(1, "filename"), optional=True),  # since 4.0
        Load("lightgbm.engine:CVBooster.__init__", Argument(1, "model_file")),
        Train(_TRAIN, partial(enter_training, _TRAIN), leave_training),
        Train(_CV, partial(enter_training, _CV)),
    ),
)
