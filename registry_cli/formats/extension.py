"""The framework that a file's name suggests, for bytes that do not identify one.

The table is ClearML's (`clearml/model.py`, `Framework._file_ext_mapping`); the first match wins. It is corrected here:
`.zip` and `.tgz` are left out, as they may hold anything; `.safetensors .joblib .skops .npy .npz .ckpt .gguf .ubj .mge
.msgpack` are added; of `.bin` only the names that Hugging Face's libraries use count, because many other files end so.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

_PATTERNS = (
    ("saved_model.pb*", "TensorFlow"),
    ("predict_net.pb*", "Caffe2"),
    ("*.pb", "TensorFlow"),
    ("*.meta", "TensorFlow"),
    ("*.pbtxt", "TensorFlow"),
    ("variables.index", "TensorFlow"),
    ("*ckpt*.index", "TensorFlow"),
    ("*.data-[0-9]*-of-[0-9]*", "TensorFlow"),
    ("model.json", "TensorFlow_js"),
    ("*.tflite", "TensorFlow_Lite"),
    ("*.pth", "PyTorch"),
    ("*.pt", "PyTorch"),
    ("*.pt2", "PyTorch"),
    ("*.ckpt", "PyTorch"),
    ("*pytorch_model*.bin", "PyTorch"),
    ("adapter_model.bin", "PyTorch"),
    ("training_args.bin", "PyTorch"),
    ("*.caffemodel", "Caffe"),
    ("*.prototxt", "Caffe"),
    ("*.onnx", "ONNX"),
    ("*.h5", "Keras"),
    ("*.hdf5", "Keras"),
    ("*.keras", "Keras"),
    ("*.model", "MXNet"),
    ("*-symbol.json", "MXNet"),
    ("*.cntk", "CNTK"),
    ("*.t7", "Torch"),
    ("*.cfg", "Darknet"),
    ("__model__", "PaddlePaddle"),
    ("*.pkl", "ScikitLearn"),
    ("*.pickle", "ScikitLearn"),
    ("*.joblib", "ScikitLearn"),
    ("*.joblib.*", "ScikitLearn"),
    ("*.pkl.*", "ScikitLearn"),
    ("*.skops", "ScikitLearn"),
    ("*.npy", "NumPy"),
    ("*.npz", "NumPy"),
    ("*.mge", "MegEngine"),
    ("*.parquet", "Parquet"),
    ("*.cbm", "CatBoost"),
    ("*.plan", "TensorRT"),
    ("*.ubj", "XGBoost"),
    ("*.gguf", "GGUF"),
    ("*.safetensors", "Safetensors"),
    ("*.msgpack", "Flax"),
)


@lru_cache(maxsize=256)
def find_framework(name: str) -> str | None:
    """Return the framework that a file's name suggests, by its last part and without regard to case; or None."""
    found = _matcher().match(name.rpartition("/")[2].casefold())
    return _PATTERNS[found.lastindex - 1][1] if found and found.lastindex else None


@lru_cache(maxsize=1)
def _matcher() -> re.Pattern[str]:
    """Return one expression with a group per pattern, for speed: a folder may hold a hundred thousand names."""
    return re.compile("|".join(f"({translate(pattern)})" for pattern, _ in _PATTERNS))
