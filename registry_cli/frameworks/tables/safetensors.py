"""safetensors, with the tensors of any library.

https://huggingface.co/docs/safetensors. `torch` and `numpy` since 0.2, `save_model` and `load_model` since 0.3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save

if TYPE_CHECKING:
    from collections.abc import Callable

_SAVED: Final = Argument(1, "filename")
_LOADED: Final = Argument(0, "filename")
_LIBRARIES: Final = {
    "torch": "PyTorch", "numpy": None, "tensorflow": "TensorFlow", "flax": "Flax", "paddle": "PaddlePaddle",
    "mlx": "MLX",
}  # fmt: skip
"""Frameworks by the module that saves their tensors; NumPy's may be of any, which the file's header may name."""


def make_report(framework: str | None) -> Callable[[Call], Details]:
    """Return a `report` function that returns the framework of a module's saves."""
    told = Details(framework=framework)

    def report(call: Call) -> Details:
        del call
        return told

    return report


def _make_hooks(library: str) -> tuple[Save | Load, ...]:
    module = f"safetensors.{library}"
    return (
        Save(f"{module}:save_file", _SAVED, report=make_report(_LIBRARIES[library])),
        Load(f"{module}:load_file", _LOADED),
    )


FRAMEWORK = Framework(
    name=None,
    keys=("safetensors",),
    hooks=(
        Load("safetensors:safe_open", _LOADED),
        *(hook for library in _LIBRARIES for hook in _make_hooks(library)),
        Save("safetensors.torch:save_model", _SAVED, report=make_report("PyTorch"), optional=True),
        Load("safetensors.torch:load_model", Argument(1, "filename"), optional=True),
    ),
)
