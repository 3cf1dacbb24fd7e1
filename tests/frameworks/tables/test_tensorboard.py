"""Reports about scalars that go to a writer, from objects shaped like the writers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables.tensorboard import (
    Names,
    remember_folder,
    report_scalar,
    report_scalars,
    report_summary,
)
from tests.frameworks.memory_sink import Memory


class Writer:
    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir


def test_a_scalar_keeps_its_tag_value_and_step() -> None:
    sink, writer = Memory(), Writer("runs/a")
    report_scalar(Call((writer, "train/loss", 0.5, 3), {}), sink)
    report_scalar(Call((writer,), {"tag": "lr", "scalar_value": 1, "global_step": None}), sink)
    report_scalar(Call((writer, "blob", "name of a blob"), {}), sink)
    assert sink.scores == [("train/loss", 0.5, 3), ("lr", 1.0, None)]


def test_scalars_that_share_a_chart_have_their_own_names() -> None:
    sink = Memory()
    report_scalars(Call((Writer("runs/a"), "loss", {"train": 1.0, "val": 2.0, "odd": "x"}), {"global_step": 1}), sink)
    assert sink.scores == [("loss/train", 1.0, 1), ("loss/val", 2.0, 1)]


def test_a_second_writer_of_a_tag_puts_its_folder_before_it() -> None:
    sink, train, test = Memory(), Writer("logs/train"), Writer("logs/test")
    for writer in (train, test, train, test):
        report_scalar(Call((writer, "loss", 1.0, 0), {}), sink)
    report_scalar(Call((test, "accuracy", 1.0, 0), {}), sink)
    assert [score[0] for score in sink.scores] == ["loss", "test/loss", "loss", "test/loss", "accuracy"]


def test_names_go_as_far_up_as_they_must_and_begin_anew_with_a_sink() -> None:
    names, sink = Names(), Memory()
    folders = ("a/logs", "b/logs", "c/logs", "/abs/logs")
    assert [names.find(sink, "x", folder) for folder in folders] == ["x", "logs/x", "c/logs/x", "abs/logs/x"]
    assert names.find(sink, "x", "b/logs") == "logs/x"
    assert names.find(Memory(), "x", "b/logs") == "x"


@pytest.fixture
def summary(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The state that `tf.summary` uses: eager execution, the writer, the step and the name scope."""
    state = SimpleNamespace(eager=True, step=None, scope="", _summary_state=SimpleNamespace(writer=None))
    state.get_step = lambda: state.step
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(executing_eagerly=lambda: state.eager))
    monkeypatch.setitem(sys.modules, "tensorflow.python.ops.summary_ops_v2", state)
    ops = SimpleNamespace(get_name_scope=lambda: state.scope)
    monkeypatch.setitem(sys.modules, "tensorflow.python.framework.ops", ops)
    return state


def test_a_summary_is_told_if_it_was_written_and_python_saw_its_value(summary: Any) -> None:
    sink, writers = Memory(), [Writer(""), Writer("")]
    for writer, folder in zip(writers, ("logs/train", Path("logs/test")), strict=True):
        remember_folder(Call((folder,), {}, writer), sink)
    summary.step = 7
    for summary._summary_state.writer in writers:
        report_summary(Call(("loss", 0.5), {}, True), sink)
    report_summary(Call((), {"name": "loss", "data": 0.25, "step": 8}, True), sink)
    summary.scope = "dense"
    report_summary(Call(("norm", 1.0), {}, True), sink)
    report_summary(Call(("nowhere", 1.0), {}, False), sink)
    summary.eager = False
    report_summary(Call(("graph", object()), {}, True), sink)
    assert sink.scores == [("loss", 0.5, 7), ("test/loss", 0.5, 7), ("test/loss", 0.25, 8), ("dense/norm", 1.0, 7)]
