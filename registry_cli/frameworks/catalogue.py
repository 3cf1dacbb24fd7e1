"""The catalogue of frameworks: our tables by the packages that they hook, and the keys that turn them on and off.

Knows only the tables' names: each table is imported with its package, so that a script pays nothing for frameworks that
it does not use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers treat the name as true; every process of a task imports this module
if TYPE_CHECKING:
    from typing import Final

    from registry_cli.frameworks.patching.shapes import Framework

TABLES: Final[dict[str, tuple[str, ...]]] = {
    "pytorch": ("torch",),
    "tensorflow": ("tensorflow",),
    "keras": ("keras", "tf_keras"),
    "joblib": ("joblib",),
    "xgboost": ("xgboost",),
    "lightgbm": ("lightgbm",),
    "catboost": ("catboost",),
    "fastai": ("fastai",),
    "megengine": ("megengine",),
    "safetensors": ("safetensors",),
    "transformers": ("transformers", "peft", "accelerate"),
    "lightning": ("lightning", "pytorch_lightning", "lightning_fabric"),
    "onnx": ("onnx", "onnxruntime"),
    "skops": ("skops",),
    "pickle": ("pickle",),
    "tensorboard": ("torch", "tensorboardX", "tensorflow"),
}
"""Modules in `tables`, in the order shown to users, each with the packages whose import loads it."""

KEYS: Final[dict[str, str]] = {
    "pytorch": "PyTorch, with Lightning and fastai",
    "tensorflow": "TensorFlow and Keras",
    "keras": "Keras alone",
    "scikit": "scikit-learn, by joblib",
    "joblib": "whatever joblib saves",
    "xgboost": "XGBoost, by joblib too",
    "lightgbm": "LightGBM, by joblib too",
    "catboost": "CatBoost, by joblib too",
    "fastai": "fastai",
    "megengine": "MegEngine",
    "safetensors": "safetensors",
    "transformers": "Hugging Face transformers and PEFT",
    "lightning": "PyTorch Lightning",
    "onnx": "ONNX",
    "skops": "skops",
    "pickle": "pickle.dump to a file",
    "tensorboard": "scalars of TensorBoard writers",
}
"""Keys of `auto_connect_frameworks`, `autolog` and `--auto-off`, ClearML's and ours, each with a description."""

SILENT: Final = frozenset({"matplotlib", "hydra", "detect_repository", "tfdefines", "gradio"})
"""Keys of ClearML that have no meaning here; they are accepted, so that its scripts run."""


def load_frameworks() -> list[Framework]:
    """Return all tables."""
    return [load_framework(name) for name in TABLES]


def load_framework(name: str) -> Framework:
    """Return the table in the module of that name."""
    from importlib import import_module

    framework: Framework = import_module(f"registry_cli.frameworks.tables.{name}").FRAMEWORK
    return framework
