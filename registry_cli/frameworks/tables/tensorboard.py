"""Scalars that a script gives to TensorBoard's writers: PyTorch's, tensorboardX's and TensorFlow's `tf.summary`.

A scalar keeps its tag. Two writers often share tags (`loss` in `logs/train` and in `logs/test`): the first keeps them
as they are, the second's get the name of its folder before them (`test/loss`). Not heard: what a `tf.function` writes,
which is computed where Python does not see it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.frameworks.patching.shapes import Argument, Call, Framework, Score, Train

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Sink

_TAG: Final = Argument(1, "tag")
_VALUE: Final = Argument(2, "scalar_value")
_MAIN: Final = Argument(1, "main_tag")
_VALUES: Final = Argument(2, "tag_scalar_dict")
_STEP: Final = Argument(3, "global_step")
_SUMMARY: Final = "tensorflow.python.ops.summary_ops_v2"


class Names:
    """Which writer's folder each name belongs to; begins anew with each sink."""

    def __init__(self) -> None:
        self._sink: Sink | None = None
        self._folders: dict[str, str] = {}

    def find(self, sink: Sink, tag: str, folder: str) -> str:
        """Return under which name a tag of the writer in a folder is told."""
        if sink is not self._sink:
            self._sink, self._folders = sink, {}
        if self._folders.setdefault(tag, folder) == folder:
            return tag
        name = tag
        for part in reversed(Path(folder).parts):
            name = f"{part.strip('/')}/{name}"
            if self._folders.setdefault(name, folder) == folder:
                break
        return name


_names: Final = Names()
_folders: Final[WeakKeyDictionary[Any, str]] = WeakKeyDictionary()


def tell_scalar(call: Call, sink: Sink) -> None:
    """Tell what `SummaryWriter.add_scalar` was given."""
    _score(sink, call.args[0], _TAG.get(call), _VALUE.get(call), _STEP.get(call))


def tell_scalars(call: Call, sink: Sink) -> None:
    """Tell what `SummaryWriter.add_scalars` was given, each under its tag behind the one that they share."""
    for tag, value in _VALUES.get(call).items():
        _score(sink, call.args[0], f"{_MAIN.get(call)}/{tag}", value, _STEP.get(call))


def tell_summary(call: Call, sink: Sink) -> None:
    """Tell what `tf.summary.scalar` has written; nothing where no writer was set or a graph is being built."""
    tensorflow, summary = sys.modules["tensorflow"], sys.modules[_SUMMARY]
    if not tensorflow.executing_eagerly() or not call.result:
        return
    step = Argument(2, "step").get(call)
    scope = sys.modules["tensorflow.python.framework.ops"].get_name_scope()
    tag = Argument(0, "name").get(call)
    value = find_number(Argument(1, "data").get(call))
    if value is not None:
        folder = _folders.get(summary._summary_state.writer, "")
        name = _names.find(sink, f"{scope}/{tag}" if scope else tag, folder)
        sink.score(name, value, find_step(summary.get_step() if step is None else step))


def remember_folder(call: Call, sink: Sink) -> None:
    """Remember the folder of a writer of TensorFlow's, which does not do so itself."""
    del sink
    folder = Argument(0, "logdir").get(call)
    if isinstance(folder, str | os.PathLike):
        _folders[call.result] = os.fspath(folder)


def _score(sink: Sink, writer: Any, tag: Any, value: Any, step: Any) -> None:
    number = find_number(value)
    if number is not None and isinstance(tag, str):
        folder = getattr(writer, "log_dir", None) or getattr(writer, "logdir", None) or ""
        sink.score(_names.find(sink, tag, str(folder)), number, find_step(step))


FRAMEWORK = Framework(
    name=None,
    title="TensorBoard",
    keys=("tensorboard",),
    packages=("torch", "tensorboardX", "tensorflow"),
    hooks=(
        Score("torch.utils.tensorboard.writer:SummaryWriter.add_scalar", tell_scalar),
        Score("torch.utils.tensorboard.writer:SummaryWriter.add_scalars", tell_scalars),
        Score("tensorboardX.writer:SummaryWriter.add_scalar", tell_scalar),
        Score("tensorboardX.writer:SummaryWriter.add_scalars", tell_scalars),
        Score("tensorflow.python.summary.tb_summary:scalar", tell_summary),
        Train(f"{_SUMMARY}:create_file_writer_v2", leave=remember_folder),
    ),
)
