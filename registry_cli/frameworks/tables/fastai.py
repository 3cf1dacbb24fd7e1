"""fastai 2: `Learner.save` and `export`, which call `torch.save`, and the numbers that `Recorder` prints per epoch.

https://docs.fast.ai/learner.html. Steps are batches trained, over all of a learner's fits: `fine_tune` does two fits.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import ReferenceType, WeakKeyDictionary, WeakSet, ref

from registry_cli.frameworks.numbers import find_number
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Score, Train

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Sink

_FILE: Final = Argument(0, "file")

_learners: WeakKeyDictionary[Any, ReferenceType[Any]] = WeakKeyDictionary()
"""By models: the learner that trains each."""
_before: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""By learners: the batches of the fits that have ended."""
_fitting: WeakSet[Any] = WeakSet()
"""Learners in a fit; outside of a fit the count of batches is meaningless, as `validate` resets it."""


def report_model(call: Call) -> Details | None:
    """Return the number of batches after which a model was saved; None during a search for a learning rate."""
    find = _learners.get(Argument(1, "model").get(call))
    learner = find() if find is not None else None
    if learner is None:
        return Details()
    return None if any(map(_is_finder, learner.cbs)) else Details(step=_find_step(learner))


def report_export(call: Call) -> Details:
    """Return the path to which a learner exported itself, and its step."""
    learner = call.args[0]
    name = Argument(1, "fname").get(call) or "export.pkl"
    return Details(path=str(Path(learner.path, name)), step=_find_step(learner))


def enter_fit(call: Call, sink: Sink) -> None:
    """Remember that a learner trains, and count the batches of an earlier fit that failed."""
    del sink
    learner = call.args[0]
    _learners[learner.model] = ref(learner)
    _before[learner] = _find_step(learner) or 0
    _fitting.add(learner)


def leave_fit(call: Call, sink: Sink) -> None:
    """Count the batches of a fit, but not those of a search for a learning rate, which restores the model."""
    del sink
    learner = call.args[0]
    given = Argument(4, "cbs").get(call)
    if not any(map(_is_finder, given if hasattr(given, "__iter__") else [given])):
        _before[learner] += learner.train_iter
    _fitting.discard(learner)


def report_epoch(call: Call, sink: Sink) -> None:
    """Report the numbers of an epoch that has ended; report none for `validate`, which has fewer."""
    recorder = call.args[0]
    names = [str(name) for name in recorder.metric_names[1:] if name != "time"]
    values = recorder.values[-1] if recorder.values else []
    whole = len(values) == len(names) or getattr(recorder, "cancel_valid", False)
    if not whole or any(map(_is_finder, recorder.learn.cbs)):
        return
    for name, value in zip(names, values, strict=False):
        number = find_number(value)
        if number is not None:
            sink.score(name, number, _find_step(recorder.learn))


def _find_step(learner: Any) -> int | None:
    """Return the number of batches a learner has trained; None before the first fit."""
    before = _before.get(learner)
    return before + getattr(learner, "train_iter", 0) if before is not None and learner in _fitting else before


def _is_finder(callback: object) -> bool:
    """Return whether a callback is the one that `lr_find` adds; its model and losses are discarded."""
    return type(callback).__name__ == "LRFinder"


FRAMEWORK = Framework(
    name="PyTorch",
    title="fastai",
    keys=("fastai", "pytorch"),
    hooks=(
        Save("fastai.learner:save_model", _FILE, report=report_model),
        Load("fastai.learner:load_model", _FILE),
        Save("fastai.learner:Learner.export", Argument(1, "fname"), report=report_export),
        Load("fastai.learner:load_learner", Argument(0, "fname")),
        Train("fastai.learner:Learner.fit", enter_fit, leave_fit, optional=True),
        Score("fastai.learner:Recorder.after_epoch", report_epoch, optional=True),
    ),
)
