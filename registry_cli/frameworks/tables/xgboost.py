"""XGBoost: its own files, and the scores of a training with evaluation sets.

https://xgboost.readthedocs.io/en/stable/python/python_api.html. Its scikit-learn classes save, load and train by these
functions, as does `Booster(model_file=...)`. Rounds count from 0, as XGBoost prints them. Needs version 1.3, which
introduced the class of callbacks.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from registry_cli.frameworks.boosting import (
    add_callback,
    end_training,
    list_curves,
    report_booster,
    report_round,
    split_deviation,
)
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.frameworks.patching.shapes import Sink

    Log = Mapping[str, Mapping[str, list[Any]]]

_FILE: Final = Argument(1, "fname")
_TRAIN: Final = "xgboost.training:train"
_CV: Final = "xgboost.training:cv"

_logs: WeakKeyDictionary[Any, Log] = WeakKeyDictionary()
"""By boosters in training: the scores of all their rounds, a table that XGBoost extends."""


def report_save(call: Call) -> Details:
    """Return the facts of a saved booster."""
    told = report_booster(call.args[0])
    return Details(path=_find_home(call), step=told.step, scores=told.scores)


def report_load(call: Call) -> str | None:
    """Return the path that is loaded."""
    return _find_home(call) or find_path(_FILE.get(call))


def enter_training(function: str, call: Call, sink: Sink) -> None:
    """Add a listener to a training."""
    add_callback(call, function, make_listener(sink))


def leave_training(call: Call, sink: Sink) -> None:
    """Record the end of a training; if it ended early, the scores of the best round count."""
    del sink
    log = _logs.pop(call.result, {})
    best = getattr(call.result, "best_iteration", None)
    end_training(call.result, None if best is None else _find_scores(log, best))


def make_listener(sink: Sink) -> Any:
    """Return a callback that reports the scores of each round."""
    base: Any = sys.modules["xgboost.callback"].TrainingCallback

    class Listener(base):  # type: ignore[misc]  # XGBoost takes nothing else
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            with suppress(Exception):
                _logs[model] = evals_log
                report_round(sink, model, epoch, _find_scores(evals_log, -1))
            return False

    return Listener()


def _find_scores(log: Log, at: int) -> dict[str, float]:
    scores: dict[str, float] = {}
    for name, values in list_curves(log):
        scores |= split_deviation(name, values[at])
    return scores


def _find_home(call: Call) -> str | None:
    """Return the expanded form of a path that begins with `~`, as XGBoost expands it; None for other paths."""
    given = _FILE.get(call)
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else ""
    return str(Path(path).expanduser()) if path.startswith("~") else None


FRAMEWORK = Framework(
    name="XGBoost",
    keys=("xgboost",),
    hooks=(
        Save("xgboost.core:Booster.save_model", _FILE, report=report_save),
        Load("xgboost.core:Booster.load_model", _FILE, report=report_load),
        Train(_TRAIN, partial(enter_training, _TRAIN), leave_training),
        Train(_CV, partial(enter_training, _CV)),
    ),
)
