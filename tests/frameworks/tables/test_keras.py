"""Reports about Keras models, from objects shaped like Keras's own."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables import keras
from tests.frameworks.memory_sink import Memory


class Model:
    """A model of so many layers, which counts how often it is described."""

    def __init__(self, layers: int = 2) -> None:
        self.layers = [SimpleNamespace(trainable=True) for _ in range(layers)]
        self.described = 0
        self.optimizer = SimpleNamespace(learning_rate=0.5)

    def to_json(self) -> str:
        self.described += 1
        return f'{{"layers": {len(self.layers)}}}'


def end_epoch(model: Any, epoch: int, **logs: Any) -> Call:
    return Call((SimpleNamespace(_model=model), epoch), {"logs": logs})


def save(model: Any, path: Any) -> Call:
    return Call((model, path), {})


def test_an_epoch_is_told_before_it_is_saved_and_counts_from_one() -> None:
    model, sink = Model(), Memory()
    call = end_epoch(model, 0, loss=0.5, nested={"val_loss": 0.75}, note="text")
    keras.enter_epoch_end(call, sink)
    assert sink.scores == [("learning_rate", 0.5, 1), ("loss", 0.5, 1), ("val_loss", 0.75, 1)]
    told = keras.report_model(save(model, "best.keras"))
    assert told.step == 1
    assert told.scores == {"loss": 0.5, "val_loss": 0.75}
    keras.leave_epoch_end(call, sink)
    told = keras.report_model(save(model, "final.keras"))
    assert told.step is None
    assert not told.scores


def test_the_epoch_in_a_checkpoints_name_is_its_step() -> None:
    model, sink = Model(), Memory()

    def save_as(template: str, epoch: int) -> int | None:
        path = template.format(epoch=epoch + 1, loss=0.5)
        call = Call((SimpleNamespace(filepath=template), epoch, None, {}), {})
        call.result = path
        keras.leave_file_path(call, sink)
        return keras.report_model(save(model, path)).step

    assert save_as("weight.{epoch}.keras", 2) == 3
    assert save_as("cp-{epoch:04d}-{loss:.2f}.weights.h5", 0) == 1
    assert save_as("fold_3.keras", 2) is None
    keras.enter_epoch_end(end_epoch(model, 2), sink)
    assert save_as("fold_3.keras", 2) is None, "a number that is not the epoch's place is no epoch"
    assert save_as("best.keras", 2) == 3


def test_checkpoints_of_one_template_share_a_line() -> None:
    model = Model()
    lines = []
    for epoch in range(2):
        path = f"{epoch + 1}/{epoch + 1:02d}.keras"
        call = Call((SimpleNamespace(filepath="{epoch}/{epoch:02d}.keras"), epoch, None, {}), {})
        call.result = path
        keras.leave_file_path(call, Memory())
        told = keras.report_model(save(model, path))
        lines.append((told.line, told.template, told.step))
    assert lines == [("model.keras", "{epoch}/{epoch:02d}.keras", epoch) for epoch in (1, 2)]
    assert keras.report_model(save(model, "1/01.keras")).line is None, "nobody formatted it"


def test_an_epoch_is_told_once_though_two_names_lead_to_its_function() -> None:
    model, sink = Model(), Memory()
    call = end_epoch(model, 4, loss=1.0)
    for hear in (keras.enter_epoch_end, keras.enter_epoch_end, keras.leave_epoch_end, keras.leave_epoch_end):
        hear(call, sink)
    assert [score[0] for score in sink.scores] == ["learning_rate", "loss"]


def test_an_epoch_that_a_callback_broke_off_does_not_silence_the_next() -> None:
    model, sink = Model(), Memory()
    keras.enter_epoch_end(end_epoch(model, 2, loss=1.0), sink)
    keras.enter_epoch_end(end_epoch(model, 0, loss=2.0), sink)
    assert [score for score in sink.scores if score[0] == "loss"] == [("loss", 1.0, 3), ("loss", 2.0, 1)]


def test_callbacks_without_a_model_tell_nothing() -> None:
    sink = Memory()
    keras.enter_epoch_end(end_epoch(None, 0, loss=1.0), sink)
    keras.leave_epoch_end(end_epoch(None, 0), sink)
    assert not sink.scores


@pytest.mark.parametrize(("path", "step"), [
    ("best.weights.h5", 3), (Path("best.hdf5"), 3), ("run 7/best.keras", 3), ("ckpt-12.keras", None),
    ("03-0.25.h5", None),
])  # fmt: skip
def test_a_number_in_the_name_says_the_step_better(path: str | Path, step: int | None) -> None:
    model, sink = Model(), Memory()
    keras.enter_epoch_end(end_epoch(model, 2), sink)
    assert keras.report_model(save(model, path)).step == step


def test_a_network_is_described_once_until_it_changes() -> None:
    model = Model()
    for _ in range(3):
        assert keras.report_model(save(model, "a.keras")).config == '{"layers": 2}'
    assert model.described == 1
    model.layers[0].trainable = False
    keras.report_model(save(model, "a.keras"))
    model.layers.append(SimpleNamespace(trainable=True))
    assert keras.report_model(save(model, "a.keras")).config == '{"layers": 3}'
    assert model.described == 3


def test_a_network_that_cannot_be_described_is_saved_without() -> None:
    class Odd(Model):
        def to_json(self) -> str:
            super().to_json()
            raise NotImplementedError("no get_config")

    model = Odd()
    assert keras.report_model(save(model, "a.keras")).config is None
    assert keras.report_weights(save(model, "a.weights.h5")) is not None
    assert model.described == 1
    assert keras.report_model(save(SimpleWithoutLayers(), "a.keras")).config is None


class SimpleWithoutLayers:
    """Something else that Keras saves."""


@pytest.mark.slow
def test_models_are_not_kept_alive() -> None:
    model = Model()
    keras.report_model(save(model, "a.keras"))
    before = len(keras._configs)
    del model
    gc.collect()
    assert len(keras._configs) == before - 1


def test_weights_of_keras_2_are_a_prefix_and_those_in_shards_no_model(tmp_path: Path) -> None:
    (tmp_path / "w.index").touch()
    (tmp_path / "w.data-00000-of-00001").touch()
    (tmp_path / "whole.weights.h5").touch()
    shapes = {}
    for name in ("w", "whole.weights.h5"):
        told = keras.report_weights(save(Model(), tmp_path / name))
        assert told is not None
        shapes[name] = told.shape
    assert shapes == {"w": "prefix", "whole.weights.h5": None}
    assert keras.report_weights(save(Model(), tmp_path / "big.weights.json")) is None


@pytest.mark.parametrize(("args", "kwargs", "framework"), [
    ((), {}, "TensorFlow"), (("onnx",), {}, "ONNX"), ((), {"format": "torch"}, "PyTorch"),
    ((), {"format": None}, "TensorFlow"), ((), {"format": "litert"}, "TensorFlow_Lite"),
])  # fmt: skip
def test_an_export_is_another_frameworks(args: tuple[Any, ...], kwargs: dict[str, Any], framework: str) -> None:
    told = keras.report_export(Call((Model(), "out", *args), kwargs))
    assert told.framework == framework
    assert told.config == '{"layers": 2}'


def test_a_backup_is_no_model() -> None:
    assert keras.report_backup(Call((object(),), {})) is None  # type: ignore[func-returns-value]  # the wrapper asks
