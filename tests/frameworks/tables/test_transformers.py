"""Reports about Hugging Face's folders and logs, from doubles of its trainer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables.transformers import (
    describe_folder,
    enter_training,
    find_labels,
    make_report,
    report_checkpoint,
    report_companion,
    report_log,
    report_model,
    report_state,
    report_trained,
)
from tests.frameworks.memory_sink import Memory

CONFIG = json.dumps({"model_type": "bert", "label2id": {"neg": 0, "pos": 1}})


def make_trainer(folder: Path, **state: Any) -> Any:
    known = {"global_step": 4, "log_history": [], "best_model_checkpoint": None}
    return SimpleNamespace(
        state=SimpleNamespace(**{**known, **state}),
        args=SimpleNamespace(output_dir=str(folder), load_best_model_at_end=True),
        is_in_train=False,
    )


def test_a_folder_is_described_by_its_own_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(CONFIG)
    told = report_model(Call(("model", tmp_path), {}))
    assert (told.config, told.labels, told.step) == (CONFIG, {"neg": 0, "pos": 1}, None)
    assert make_report("Flax")(Call(("model",), {"save_directory": tmp_path})).framework == "Flax"


def test_an_adapter_is_described_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    assert describe_folder(tmp_path).config == '{"peft_type": "LORA"}'
    assert describe_folder(tmp_path / "none").config is None


def test_labels_that_nobody_gave_are_none() -> None:
    assert find_labels(json.dumps({"label2id": {"LABEL_0": 0, "LABEL_1": 1}})) == {}
    assert find_labels(json.dumps({"label2id": {"LABEL_0": 0, "pos": "1"}})) == {"LABEL_0": 0, "pos": 1}
    assert find_labels("[]") == find_labels(None) == find_labels('{"label2id": null}') == {}


def test_a_tokenizer_is_told_of_only_with_its_model(tmp_path: Path) -> None:
    call = Call(("tokenizer", str(tmp_path)), {})
    (tmp_path / "tokenizer.json").write_text("{}")
    assert report_companion(call) is None
    (tmp_path / "config.json").write_text(CONFIG)
    assert report_companion(call) is None
    (tmp_path / "model.safetensors").write_bytes(b"")
    told = report_companion(call)
    assert told is not None
    assert told.labels == {"neg": 0, "pos": 1}


def test_a_checkpoint_has_the_step_and_what_was_measured_at_it(tmp_path: Path) -> None:
    history = [
        {"loss": 0.9, "epoch": 1.0, "step": 2},
        {"loss": 0.5, "epoch": 2.0, "step": 4},
        {"eval_loss": 0.6, "eval_runtime": 0.1, "eval_steps_per_second": 9.0, "eval_name": "dev", "step": 4},
    ]
    trainer = make_trainer(tmp_path, log_history=history)
    told = report_checkpoint(Call((trainer, "model", None), {}))
    assert (told.path, told.step, told.scores) == (str(tmp_path / "checkpoint-4"), 4, {"loss": 0.5, "eval_loss": 0.6})
    trainer._get_output_dir = lambda trial: f"{tmp_path}/run-{trial}"
    assert report_checkpoint(Call((trainer, "model"), {"trial": 7})).path == f"{tmp_path}/run-7/checkpoint-4"


def test_after_the_training_the_best_model_is_the_trainers(tmp_path: Path) -> None:
    history = [{"eval_loss": 0.1, "step": 2}, {"eval_loss": 0.6, "step": 4}]
    trainer = make_trainer(tmp_path, log_history=history, best_model_checkpoint=str(tmp_path / "checkpoint-2"))
    told = report_trained(Call((trainer,), {}))
    assert (told.path, told.step, told.scores) == (str(tmp_path), 2, {"eval_loss": 0.1})
    trainer.is_in_train = True
    told = report_trained(Call((trainer, "elsewhere"), {}))
    assert (told.path, told.step, told.scores) == ("elsewhere", 4, {"eval_loss": 0.6})


def test_logs_are_scalars_at_their_step(tmp_path: Path) -> None:
    sink = Memory()
    report_log(Call((make_trainer(tmp_path), {"loss": 0.25, "epoch": 1.0, "eval_runtime": 3.0, "note": "x"}), {}), sink)
    assert sink.scores == [("loss", 0.25, 4)]


@pytest.mark.parametrize("given", ["start", Path("start"), True])
def test_a_training_goes_on_from_what_the_task_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    monkeypatch.chdir(tmp_path)
    utils = SimpleNamespace(get_last_checkpoint=lambda folder: f"{folder}/start")
    monkeypatch.setitem(sys.modules, "transformers.trainer_utils", cast("Any", utils))
    call = Call((make_trainer(tmp_path),), {"resume_from_checkpoint": given})
    enter_training(call, Memory())
    assert call.kwargs == {"resume_from_checkpoint": given}
    enter_training(call, Memory(others={str(tmp_path / "start"): "/views/other"}))
    assert call.kwargs == {"resume_from_checkpoint": "/views/other"}


@pytest.mark.parametrize("given", [None, False, True])
def test_a_training_from_the_beginning_is_left_alone(tmp_path: Path, given: object) -> None:
    call = Call((make_trainer(tmp_path / "none"), given), {})
    enter_training(call, Memory())
    assert call.args[1] is given


def test_an_accelerator_names_its_folder_itself() -> None:
    assert report_state(Call(("accelerator",), {}, "out/checkpoint_0")).path == "out/checkpoint_0"
    assert report_state(Call(("accelerator", "out"), {})).path is None
