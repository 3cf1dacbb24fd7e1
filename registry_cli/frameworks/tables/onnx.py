"""ONNX: its own files, and sessions of ONNX Runtime. https://onnx.ai/onnx/api/serialization.html.

The tables of PyTorch, Keras and CatBoost log their exports. Not logged: models with tensors in files that are not named
after the model's, and `skl2onnx` and `onnxmltools`, whose users write the bytes themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

_MODEL: Final = Argument(0, "proto")
_FILE: Final = Argument(1, "f")
_EXTERNAL: Final = 1
"""`TensorProto.EXTERNAL`."""


class PathArgument(Argument):
    """An argument that takes a path, or the bytes of a model instead."""

    def get(self, call: Call) -> Any:
        """Return the path; None for bytes."""
        given = super().get(call)
        return None if isinstance(given, bytes) else given


def report_model(call: Call) -> Details | None:
    """Return the facts of a model, with files of large tensors such as `model.onnx.data`; None if one is elsewhere."""
    companions = list_beside(_MODEL.get(call))
    if not companions:
        return Details()
    name = Path(find_path(_FILE.get(call)) or "").name
    return Details(shape="prefix") if all(each.startswith(f"{name}.") for each in companions) else None


def list_beside(model: Any) -> set[str]:
    """Return the paths of the files that hold a model's external tensors, relative to the model's own file."""
    if isinstance(model, bytes):
        return set()
    external = (tensor for tensor in model.graph.initializer if tensor.data_location == _EXTERNAL)
    return {entry.value for tensor in external for entry in tensor.external_data if entry.key == "location"}


FRAMEWORK = Framework(
    name="ONNX",
    keys=("onnx",),
    hooks=(
        Save("onnx:save_model", _FILE, report=report_model),
        Load("onnx:load_model", Argument(0, "f")),
        Load("onnxruntime.capi.onnxruntime_inference_collection:InferenceSession.__init__",
             PathArgument(1, "path_or_bytes"), optional=True),
    ),
)  # fmt: skip
