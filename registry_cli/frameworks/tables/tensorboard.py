"""Scalars that a script passes to TensorBoard's writers: PyTorch's, tensorboardX's and TensorFlow's `tf.summary`.

A scalar keeps its tag. Two writers often share tags (`loss` in `logs/train` and in `logs/test`): the first keeps them
unchanged, those of the second get the name of its folder as prefix (`test/loss`). Not logged: scalars that a
`tf.function` writes, because they are computed outside of Python.
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
    """The folder of the writer that each name belongs to; reset with each new sink."""

    def __init__(self) -> None:
        self._sink: Sink | None = None
        self._folders: dict[str, str] = {}

    def find(self, sink: Sink, tag: str, folder: str) -> str:
        """Return the name under which a tag of the writer in a folder is reported."""
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


def report_scalar(call: Call, sink: Sink) -> None:
    """Report the scalar passed to `SummaryWriter.add_scalar`."""
    _score(sink, call.args[0], _TAG.get(call), _VALUE.get(call), _STEP.get(call))


def report_scalars(call: Call, sink: Sink) -> None:
    """Report the scalars passed to `SummaryWriter.add_scalars`, each named by the main tag and its own."""
    for tag, value in _VALUES.get(call).items():
        _score(sink, call.args[0], f"{_MAIN.get(call)}/{tag}", value, _STEP.get(call))


def report_summary(call: Call, sink: Sink) -> None:
    """Report a scalar that `tf.summary.scalar` has written; none where no writer is set or a graph is being built."""
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
    """Remember the folder of TensorFlow's writer, which does not store it itself."""
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
    hooks=(
        Score("torch.utils.tensorboard.writer:SummaryWriter.add_scalar", report_scalar),
        Score("torch.utils.tensorboard.writer:SummaryWriter.add_scalars", report_scalars),
        Score("tensorboardX.writer:SummaryWriter.add_scalar", report_scalar),
        Score("tensorboardX.writer:SummaryWriter.add_scalars", report_scalars),
        Score("tensorflow.python.summary.tb_summary:scalar", report_summary),
        Train(f"{_SUMMARY}:create_file_writer_v2", leave=remember_folder),
    ),
)
