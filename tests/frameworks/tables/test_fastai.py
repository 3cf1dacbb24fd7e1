"""Reports about fastai's learners, from test doubles."""

from __future__ import annotations

from typing import Any

from registry_cli.frameworks.patching.shapes import Call, Details
from registry_cli.frameworks.tables.fastai import enter_fit, leave_fit, report_epoch, report_export, report_model
from tests.frameworks.memory_sink import Memory


class Model:
    """The model that a learner trains."""


class LRFinder:
    """Looks for a learning rate."""


class Learner:
    """A double."""

    def __init__(self) -> None:
        self.model = Model()
        self.cbs: list[object] = []
        self.path = "runs"
        self.train_iter = 0

    def fit(self, batches: int, *callbacks: object) -> None:
        enter_fit(Call((self, 1), {"cbs": callbacks}), Memory())
        self.train_iter = batches
        leave_fit(Call((self, 1), {"cbs": callbacks}), Memory())


class Recorder:
    """A double."""

    def __init__(self, learn: Learner, *values: Any) -> None:
        self.learn = learn
        self.metric_names = ["epoch", "train_loss", "valid_loss", "mae", "time"]
        self.values = [list(values)]


def test_steps_are_the_batches_of_all_fits() -> None:
    learner = Learner()
    call = Call(("best.pth", learner.model, None), {})
    assert report_model(call) == Details()
    learner.fit(10)
    learner.fit(5)
    learner.train_iter = 0  # by validate
    told = report_model(call)
    assert told is not None
    assert told.step == 15
    assert report_export(Call((learner,), {})) == Details(path="runs/export.pkl", step=15)
    assert report_export(Call((learner, "final.pkl"), {})).path == "runs/final.pkl"
    enter_fit(Call((learner, 1), {}), Memory())
    learner.train_iter = 2
    told = report_model(call)
    assert told is not None
    assert told.step == 17


def test_a_search_for_a_learning_rate_trains_nothing() -> None:
    learner = Learner()
    learner.fit(10)
    learner.cbs = [LRFinder()]
    assert report_model(Call(("_tmp.pth", learner.model), {})) is None
    sink = Memory()
    report_epoch(Call((Recorder(learner, 0.5, 0.4, 0.1),), {}), sink)
    assert not sink.scores
    learner.fit(100, LRFinder())
    learner.cbs = []
    told = report_model(Call(("best.pth", learner.model), {}))
    assert told is not None
    assert told.step == 10


def test_an_epochs_numbers_are_scalars() -> None:
    learner, sink = Learner(), Memory()
    learner.fit(8)
    report_epoch(Call((Recorder(learner, 0.5, 0.4, 0.1),), {}), sink)
    assert sink.scores == [("train_loss", 0.5, 8), ("valid_loss", 0.4, 8), ("mae", 0.1, 8)]


def test_numbers_of_a_validation_alone_are_no_epochs() -> None:
    sink = Memory()
    recorder = Recorder(Learner(), 0.4, 0.1)
    report_epoch(Call((recorder,), {}), sink)
    assert not sink.scores
    recorder.values = []
    report_epoch(Call((recorder,), {}), sink)
    assert not sink.scores
