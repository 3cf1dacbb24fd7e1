"""Which frameworks are heard: our tables by the packages that they hook, and the keys that turn them on and off.

Knows the tables' names alone: each is imported when its package is, so that automatic logging costs a script nothing
for what it does not use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take the name for true; every process of a task imports this
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
"""Modules of this folder, in the order in which a person reads them, and the packages whose import needs them."""

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
"""What `auto_connect_frameworks`, `autolog` and `--auto-off` name: ClearML's keys and ours."""

SILENT: Final = frozenset({"matplotlib", "hydra", "detect_repository", "tfdefines", "gradio"})
"""Keys that ClearML has and that mean nothing here; accepted, so that its scripts run."""


def load_frameworks() -> list[Framework]:
    """Return all tables."""
    return [load_framework(name) for name in TABLES]


def load_framework(name: str) -> Framework:
    """Return the table of one of our modules."""
    from importlib import import_module

    framework: Framework = import_module(f"registry_cli.frameworks.tables.{name}").FRAMEWORK
    return framework
