"""Keras 3 on any backend, and Keras 2 as in TensorFlow 2.13 and later and in the package `tf_keras`.

All of `Model.save`, `keras.saving.save_model` and `ModelCheckpoint` end in `saving_api`:
https://keras.io/api/models/model_saving_apis/. Not logged: weights split into shards (`max_shard_size`), and
`OrbaxCheckpoint`, which writes in the background.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from registry_cli.dataclass import replace
from registry_cli.frameworks.numbers import find_number
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Train
from registry_cli.frameworks.templates import find_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.frameworks.patching.shapes import Sink

_MODEL: Final = Argument(0, "model")
_PATH: Final = Argument(1, "filepath")
_NOWHERE: Final = Argument(99, "")
_BACKUPS: Final = (
    "keras.src.callbacks.backup_and_restore:BackupAndRestore._save_model",
    "keras.src.callbacks:BackupAndRestore._backup",
    "tf_keras.src.callbacks:BackupAndRestore._backup",
)
_EPOCH_END: Final = "CallbackList.on_epoch_end"
_FITS: Final = ("keras.src.callbacks.callback_list", "keras.src.callbacks", "tf_keras.src.callbacks")
_FILE_PATH: Final = "ModelCheckpoint._get_file_path"
_CHECKPOINTS: Final = ("keras.src.callbacks.model_checkpoint", "keras.src.callbacks", "tf_keras.src.callbacks")
_EXPORTS: Final = {"onnx": "ONNX", "openvino": "OpenVINO", "litert": "TensorFlow_Lite", "torch": "PyTorch"}

_configs: WeakKeyDictionary[Any, tuple[object, str | None]] = WeakKeyDictionary()
_named: dict[str, tuple[int, str]] = {}
"""The epoch and the template of the path that a checkpoint callback has formatted last."""
_epochs: WeakKeyDictionary[Any, tuple[int, Mapping[str, float]]] = WeakKeyDictionary()


def report_model(call: Call) -> Details:
    """Return the facts of a whole model, with the epoch that has just ended for it."""
    return _describe(_MODEL.get(call), _PATH.get(call))


def report_weights(call: Call) -> Details | None:
    """Return the facts of weights; None for weights that are split into shards."""
    path = str(_PATH.get(call))
    if path.endswith(".json"):
        return None
    told = _describe(_MODEL.get(call), path)
    prefix = Path(f"{path}.index").exists() and not Path(path).exists()  # Keras 2 without an extension
    return replace(told, shape="prefix") if prefix else told


def report_export(call: Call) -> Details:
    """Return the facts of a model that was exported to another framework's format."""
    told = _describe(call.args[0], _PATH.get(call))
    framework = _EXPORTS.get(Argument(2, "format").get(call), "TensorFlow")
    return replace(told, framework=framework)


def report_backup(call: Call) -> None:
    """Return None: a backup only serves to resume after a crash, and is deleted after the training."""


def enter_epoch_end(call: Call, sink: Sink) -> None:
    """Report the scalars of an epoch before any callback saves the model. Epochs count from 1, as Keras prints them."""
    model = _find_model(call)
    epoch = Argument(1, "epoch").get(call) + 1
    if model is None or (model in _epochs and _epochs[model][0] == epoch):  # two names may lead to one function
        return
    scores = _flatten(Argument(2, "logs").get(call) or {})
    _epochs[model] = (epoch, scores)
    rate = find_number(getattr(getattr(model, "optimizer", None), "learning_rate", None))
    if rate is not None:
        sink.score("learning_rate", rate, epoch)
    for name, value in scores.items():
        sink.score(name, value, epoch)


def leave_file_path(call: Call, sink: Sink) -> None:
    """Remember the epoch of a path that a checkpoint callback has formatted, where the path holds it."""
    del sink
    template = str(getattr(call.args[0], "filepath", ""))
    if "{epoch" in template and call.result is not None:
        _named.clear()  # the callback saves to it at once, or not at all
        _named[str(call.result)] = Argument(1, "epoch").get(call) + 1, template


def leave_epoch_end(call: Call, sink: Sink) -> None:
    """Forget the epoch: a model saved from now on was trained further, or is saved by the script itself."""
    del sink
    model = _find_model(call)
    if model is not None:
        _epochs.pop(model, None)


def _find_model(call: Call) -> Any:
    """Return the model of a list of callbacks; Keras 3's property `model` would make JAX copy its state back."""
    callbacks = call.args[0]
    return callbacks._model if hasattr(callbacks, "_model") else getattr(callbacks, "model", None)


def _describe(model: Any, path: object) -> Details:
    """Return a model's network and its epoch's scores.

    Its step is the epoch, unless the file's name holds a number that is not known to be the epoch.
    """
    epoch, scores = _epochs.get(model, (None, {}))
    numbered = re.search(r"\d", Path(str(path)).stem)
    named, template = _named.get(str(path), (None, None))
    step = named if numbered or named is not None else epoch
    line = find_line(template, str(path)) if template is not None else None
    return Details(step=step, line=line, template=template, config=_find_config(model), scores=scores)


def _find_config(model: Any) -> str | None:
    """Return a network as JSON, or None; made again only when its layers change, or their `trainable` flags do."""
    try:
        state = [(id(layer), layer.trainable) for layer in model.layers]
        cached = _configs.get(model)
        if cached is None or cached[0] != state:
            cached = _configs[model] = (state, _make_config(model))
        return cached[1]
    except Exception:  # a model may be any class of the script's own
        return None


def _make_config(model: Any) -> str | None:
    try:
        return str(model.to_json())
    except Exception:  # a layer without a configuration
        return None


def _flatten(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among logs, which may be nested, by their names."""
    flat: dict[str, float] = {}
    for name, value in logs.items():
        if isinstance(value, dict):
            flat.update(_flatten(value))
        elif (number := find_number(value)) is not None:
            flat[name] = number
    return flat


def _make_saves(package: str, *, optional: bool) -> tuple[Save | Load, ...]:
    api = f"{package}.src.saving.saving_api"
    return (
        Save(f"{api}:save_model", _PATH, report=report_model, optional=optional),
        Save(f"{api}:save_weights", _PATH, report=report_weights, optional=optional),
        Load(f"{api}:load_model", Argument(0, "filepath"), optional=optional),
        Load(f"{api}:load_weights", _PATH, optional=optional),
    )


FRAMEWORK = Framework(
    name="Keras",
    keys=("keras", "tensorflow"),
    hooks=(
        *_make_saves("keras", optional=False),
        *_make_saves("tf_keras", optional=True),
        Save("keras.src.models.model:Model.export", _PATH, report=report_export),  # Keras 3
        *(Save(target, _NOWHERE, report=report_backup, optional=True) for target in _BACKUPS),
        *(Train(f"{module}:{_EPOCH_END}", enter_epoch_end, leave_epoch_end, optional=True) for module in _FITS),
        *(Train(f"{module}:{_FILE_PATH}", leave=leave_file_path, optional=True) for module in _CHECKPOINTS),
    ),
)
