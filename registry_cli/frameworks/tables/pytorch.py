"""PyTorch: its own files, TorchScript, exported programs, ONNX exports and distributed checkpoints.

https://docs.pytorch.org/docs/stable/notes/serialization.html. All of `torch.save`'s names lead to `torch.serialization`
since 1.0. Not logged: `torch.package`, and `torch.hub`'s downloads.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.objects import is_torch_data
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import DATA, Argument, Call, Details, Framework, Load, Save, Train

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Sink

_FILE: Final = Argument(0, "f")
_OBJECT: Final = Argument(0, "obj")
_CHECKPOINT: Final = Argument(99, "checkpoint_id")
"""By name alone."""
_NOWHERE: Final = Argument(99, "")
_SHARDS: Final = "torch.distributed.checkpoint"


def report_save(call: Call) -> Details:
    """Return no more than that a model is saved; `DATA` for data, such as a `TensorDataset` or a pair of tensors."""
    return DATA if is_torch_data(_OBJECT.get(call)) else Details()


def report_script(call: Call) -> Details:
    """Return the framework TorchScript, whose files differ from those of `torch.save`."""
    del call
    return Details(framework="TorchScript")


def report_onnx(call: Call) -> Details | None:
    """Return the facts of a model that was exported to an ONNX file; None if it was only returned."""
    given = Argument(2, "f").get(call)
    return None if given is None else _describe_graph(given)


def report_program(call: Call) -> Details:
    """Return the facts of an ONNX file that an export's result wrote."""
    return _describe_graph(Argument(1, "destination").get(call))


def report_shards(call: Call) -> Details:
    """Return the path of a distributed checkpoint where only the writer object has it."""
    writer = call.kwargs.get("storage_writer")
    path = getattr(writer, "path", None)
    return Details() if _CHECKPOINT.get(call) is not None or path is None else Details(path=str(path))


def report_part(call: Call) -> None:
    """Return None: a thread writes a part of a distributed checkpoint."""


def enter_compile(call: Call, sink: Sink) -> None:
    """Make PyTorch's compiler, which this call is about to import, skip our code as it skips PyTorch's own."""
    del call, sink
    _step_over()


def enter_group_end(call: Call, sink: Sink) -> None:
    """Report that this process leaves its group, after which PyTorch does not know its rank."""
    del call
    sink.leaving_group()


@cache
def _step_over() -> None:
    """Register our code with the compiler, which else warns about untraceable code when a compiled function saves."""
    for name in ("trace_rules", "skipfiles"):  # the second before 2.2
        with suppress(ImportError):
            import_module(f"torch._dynamo.{name}").add("registry_cli")
            return


def _describe_graph(given: Any) -> Details:
    """Return the facts of an ONNX file, whose weights may be in a second file."""
    path = find_path(given)
    has_data = path is not None and Path(f"{path}.data").is_file()
    return Details(framework="ONNX", keys=("onnx",), shape="prefix" if has_data else None)


FRAMEWORK = Framework(
    name="PyTorch",
    keys=("pytorch",),
    hooks=(
        Save("torch.serialization:save", Argument(1, "f"), report=report_save, empties=True),
        Load("torch.serialization:load", _FILE),
        Save("torch.jit._serialization:save", Argument(1, "f"), report=report_script),
        Save("torch.jit._script:RecursiveScriptModule.save", Argument(1, "f"), report=report_script),
        Save("torch.jit:ScriptFunction.save", Argument(1, "filename"), report=report_script),
        Load("torch.jit._serialization:load", _FILE),
        Save("torch.export:save", Argument(1, "f"), optional=True),  # since 2.1
        Load("torch.export:load", _FILE, optional=True),
        Save("torch.onnx:export", Argument(2, "f"), report=report_onnx),
        Save("torch.onnx._internal.exporter._onnx_program:ONNXProgram.save", Argument(1, "destination"),
             report=report_program, optional=True),  # since 2.5
        Save(f"{_SHARDS}.state_dict_saver:save", _CHECKPOINT, "folder", report_shards, optional=True),  # since 2.2
        Load(f"{_SHARDS}.state_dict_loader:load", _CHECKPOINT, optional=True),
        Save(f"{_SHARDS}.filesystem:_write_files_from_queue", _NOWHERE, report=report_part, optional=True),
        Train("torch:compile", enter_compile, optional=True),  # since 2.0
        Train("torch.distributed.distributed_c10d:destroy_process_group", enter_group_end, optional=True),
    ),
)  # fmt: skip
