"""Hugging Face: the folders of transformers, PEFT and Accelerate, each one version of many files.

A `Trainer`'s checkpoint is one folder with its whole content; the numbers passed to `Trainer.log` are scalars. Only
loads of a local folder are logged. A tokenizer is not a model, but saved into a model's folder it completes the model;
a configuration is not a model either, but a clone with another model gets the configuration of that model.
https://huggingface.co/docs/transformers/main_classes/model
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.numbers import find_number
from registry_cli.frameworks.patching.paths import find_path, is_remote
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Score, Train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registry_cli.frameworks.patching.shapes import Sink

_FOLDER: Final = Argument(1, "save_directory")
_NAME: Final = Argument(1, "pretrained_model_name_or_path")
_NOWHERE: Final = Argument(99, "")
_RESUMED: Final = Argument(1, "resume_from_checkpoint")
_CONFIGS: Final = ("config.json", "adapter_config.json")
_WEIGHTS: Final = (".safetensors", ".bin", ".h5", ".msgpack")
_TIMINGS: Final = ("_runtime", "_per_second")
"""Ends of the names under which a trainer logs its speed."""


def report_model(call: Call) -> Details:
    """Return the facts of a model's folder."""
    return describe_folder(_FOLDER.get(call))


def make_report(framework: str) -> Callable[[Call], Details]:
    """Return a `report` function for another framework's model."""

    def report(call: Call) -> Details:
        told = report_model(call)
        return Details(framework=framework, config=told.config, labels=told.labels)

    return report


def report_companion(call: Call) -> Details | None:
    """Return the facts of a model's folder into which a tokenizer was saved; None if it holds no model."""
    folder = _FOLDER.get(call)
    names = {file.name for file in Path(folder).iterdir()}
    whole = not names.isdisjoint(_CONFIGS) and any(name.endswith(_WEIGHTS) for name in names)
    return describe_folder(folder) if whole else None


def report_checkpoint(call: Call) -> Details:
    """Return the facts of a trainer's checkpoint: its step, and the scores at that step."""
    trainer = call.args[0]
    step = trainer.state.global_step
    find_dir = getattr(trainer, "_get_output_dir", None)
    above = trainer.args.output_dir if find_dir is None else find_dir(trial=Argument(2, "trial").get(call))
    folder = Path(above, f"checkpoint-{step}")
    return describe_folder(folder, step, _find_scores(trainer, step))


def report_trained(call: Call) -> Details:
    """Return the facts of a trainer's model, which after the training may be that of the best step."""
    trainer = call.args[0]
    step = trainer.state.global_step
    best = getattr(trainer.state, "best_model_checkpoint", None)
    if best and trainer.args.load_best_model_at_end and not trainer.is_in_train:
        number = str(best).rpartition("-")[2]
        step = int(number) if number.isdigit() else None
    folder = Argument(1, "output_dir").get(call) or trainer.args.output_dir
    return describe_folder(folder, step, _find_scores(trainer, step))


def report_state(call: Call) -> Details:
    """Return the folder of an accelerator's state where the accelerator named it itself."""
    return Details(path=str(call.result)) if call.result else Details()


def report_design(call: Call) -> None:
    """Return None: a configuration is loaded without its model."""


def enter_training(call: Call, sink: Sink) -> None:
    """Resume a training from another checkpoint, its step and optimiser included, if the task was given one."""
    given = _RESUMED.get(call)
    if given is True:
        folder = call.args[0].args.output_dir
        given = sys.modules["transformers.trainer_utils"].get_last_checkpoint(folder) if Path(folder).is_dir() else None
    path = find_path(given)
    other = sink.redirect(path) if path is not None and not is_remote(path) else None
    if other is not None:
        _RESUMED.put(call, other)


def report_log(call: Call, sink: Sink) -> None:
    """Report the scalars that a trainer logs."""
    trainer = call.args[0]
    for name, value in _find_numbers(Argument(1, "logs").get(call)).items():
        sink.score(name, value, trainer.state.global_step)


def describe_folder(
    folder: str | os.PathLike[str], step: int | None = None, scores: Mapping[str, float] | None = None
) -> Details:
    """Return the facts of the model in a folder, from the folder's own configuration."""
    config = _read_config(Path(folder))
    return Details(path=os.fspath(folder), step=step, config=config, labels=find_labels(config), scores=scores or {})


def find_labels(config: str | None) -> dict[str, int]:
    """Return the labels of a configuration; none where they are the defaults `LABEL_0`, `LABEL_1` ..."""
    doc = json.loads(config) if config is not None else None
    found = doc.get("label2id") if isinstance(doc, dict) else None
    labels = {str(name): int(number) for name, number in found.items()} if isinstance(found, dict) else {}
    return {} if all(name == f"LABEL_{number}" for name, number in labels.items()) else labels


def _read_config(folder: Path) -> str | None:
    for name in _CONFIGS:
        try:
            return (folder / name).read_text(encoding="utf-8")
        except OSError:
            continue
    return None


def _find_scores(trainer: Any, step: int | None) -> dict[str, float]:
    """Return the numbers that a trainer logged at a step."""
    scores: dict[str, float] = {}
    for logs in trainer.state.log_history:
        if logs.get("step") == step:
            scores |= _find_numbers(logs)
    return scores


def _find_numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    found = {
        name: find_number(value)
        for name, value in (logs or {}).items()
        if name not in ("epoch", "step") and not name.endswith(_TIMINGS)
    }
    return {name: number for name, number in found.items() if number is not None}


FRAMEWORK = Framework(
    name="PyTorch",
    title="transformers and PEFT",
    keys=("transformers",),
    hooks=(
        Save("transformers.modeling_utils:PreTrainedModel.save_pretrained", _FOLDER, "folder", report_model),
        Load("transformers.modeling_utils:PreTrainedModel.from_pretrained", _NAME),
        Load("transformers.models.auto.auto_factory:_BaseAutoModelClass.from_pretrained", _NAME, optional=True),
        Load("transformers.models.auto.configuration_auto:AutoConfig.from_pretrained", _NAME, report_design,
             optional=True),
        Load("transformers.configuration_utils:PretrainedConfig.from_pretrained", _NAME, report_design, optional=True),
        Save("transformers.modeling_tf_utils:TFPreTrainedModel.save_pretrained", _FOLDER, "folder",
             make_report("TensorFlow"), optional=True),  # before 5
        Load("transformers.modeling_tf_utils:TFPreTrainedModel.from_pretrained", _NAME, optional=True),
        Save("transformers.modeling_flax_utils:FlaxPreTrainedModel.save_pretrained", _FOLDER, "folder",
             make_report("Flax"), optional=True),  # before 5
        Load("transformers.modeling_flax_utils:FlaxPreTrainedModel.from_pretrained", _NAME, optional=True),
        Save("transformers.tokenization_utils_base:PreTrainedTokenizerBase.save_pretrained", _FOLDER, "folder",
             report_companion, optional=True),
        Save("transformers.processing_utils:ProcessorMixin.save_pretrained", _FOLDER, "folder", report_companion,
             optional=True),
        Load("transformers.models.auto.tokenization_auto:AutoTokenizer.from_pretrained", _NAME, optional=True),
        Load("transformers.tokenization_utils_base:PreTrainedTokenizerBase.from_pretrained", _NAME, optional=True),
        Save("transformers.trainer:Trainer._save_checkpoint", _NOWHERE, "folder", report_checkpoint, optional=True),
        Save("transformers.trainer:Trainer.save_model", Argument(1, "output_dir"), "folder", report_trained),
        Train("transformers.trainer:Trainer.train", enter_training, optional=True),
        Load("transformers.trainer:Trainer._load_from_checkpoint", _RESUMED, optional=True),
        Score("transformers.trainer:Trainer.log", report_log),
        Save("peft.peft_model:PeftModel.save_pretrained", _FOLDER, "folder", report_model),
        Load("peft.peft_model:PeftModel.from_pretrained", Argument(2, "model_id")),
        Save("accelerate.accelerator:Accelerator.save_state", Argument(1, "output_dir"), "folder", report_state,
             optional=True),
        Load("accelerate.accelerator:Accelerator.load_state", Argument(1, "input_dir"), optional=True),
    ),
)  # fmt: skip
