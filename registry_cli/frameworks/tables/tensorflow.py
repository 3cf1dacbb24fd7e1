"""TensorFlow's own files: SavedModel folders, and checkpoints, which are several files with one prefix.

https://www.tensorflow.org/guide/saved_model, https://www.tensorflow.org/guide/checkpoint. `Checkpoint.save`, `write`
and `CheckpointManager.save` all end in `Checkpoint._write`, which alone knows the prefix with its number, and which the
thread of an asynchronous checkpoint calls when it really writes. Not logged: the results of `tf.lite.TFLiteConverter`,
which are bytes that the script writes itself.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

from registry_cli.frameworks.numbers import find_step
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

_PREFIX: Final = Argument(1, "file_prefix")
_NUMBERED: Final = re.compile(r"-(\d+)\Z")


def report_checkpoint(call: Call) -> Details | None:
    """Return the facts of a checkpoint, with the number from `save` as step; None if another thread writes it."""
    path = _find_text(call.result)
    options = call.kwargs.get("options") or call.args[-1]
    if path is None or getattr(options, "experimental_enable_async_checkpoint", False):
        return None
    number = _find_number(path)
    counter = find_step(getattr(call.args[0], "_save_counter", None))
    return Details(path=path, step=number if number == counter else None)


def report_saver(call: Call) -> Details | None:
    """Return the facts of a checkpoint of TensorFlow 1; None if there was nothing to save."""
    path = _find_text(call.result)
    if path is None:
        return None
    step = Argument(3, "global_step").get(call)
    return Details(path=path, step=None if step is None else _find_number(path))


def _find_text(value: Any) -> str | None:
    """Return a path as text; None for a tensor of a graph."""
    return os.fsdecode(value) if isinstance(value, str | bytes | os.PathLike) else None


def _find_number(path: str) -> int | None:
    match = _NUMBERED.search(path)
    return int(match[1]) if match is not None else None


FRAMEWORK = Framework(
    name="TensorFlow",
    keys=("tensorflow",),
    hooks=(
        Save("tensorflow.python.saved_model.save:save", Argument(1, "export_dir"), "folder"),
        Save("tensorflow.python.checkpoint.checkpoint:Checkpoint._write", _PREFIX, "prefix", report_checkpoint),
        Save("tensorflow.python.checkpoint.checkpoint:CheckpointV1._write", _PREFIX, "prefix", report_checkpoint),
        Save("tensorflow.python.training.saver:Saver.save", Argument(2, "save_path"), "prefix", report_saver),
        Load("tensorflow.python.saved_model.load:load", Argument(0, "export_dir")),
        Load("tensorflow.python.saved_model.loader_impl:load", Argument(2, "export_dir")),  # TensorFlow 1
        Load("tensorflow.python.checkpoint.checkpoint:Checkpoint.restore", Argument(1, "save_path"), shape="prefix"),
        Load("tensorflow.python.checkpoint.checkpoint:Checkpoint.read", Argument(1, "save_path"), shape="prefix"),
        Load("tensorflow.python.checkpoint.checkpoint:CheckpointV1.restore", Argument(1, "save_path"), shape="prefix"),
        Load("tensorflow.python.training.saver:Saver.restore", Argument(2, "save_path"), shape="prefix"),
    ),
)
