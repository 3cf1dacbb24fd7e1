from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.formats.sniff import Facts, sniff, sniff_folder
from tests.formats import vectors
from tests.formats.vectors import sniff_bytes

PICKLE, TORCH, TENSORFLOW = "application/x-pickle", "application/x-pytorch", "application/x-tensorflow"

EXPECTED = {
    "model.safetensors": ("PyTorch", "application/vnd.safetensors", "safetensors"),
    "torch.pt": ("PyTorch", TORCH, "torch-zip"),
    "script.pt": ("TorchScript", TORCH, "torchscript"),
    "export.pt2": ("PyTorch", TORCH, "torch-export"),
    "old.pt": ("PyTorch", TORCH, "torch-legacy"),
    "old4.pt": ("PyTorch", TORCH, "torch-legacy"),
    "package.pt": ("PyTorch", TORCH, "torch-package"),
    "lightning.ckpt": ("PyTorch", TORCH, "torch-zip"),
    "sklearn.pkl": ("ScikitLearn", PICKLE, "pickle"),
    "plain.pkl": (None, PICKLE, "pickle"),
    "zero.pkl": (None, PICKLE, "pickle"),
    "model.joblib": ("ScikitLearn", PICKLE, "joblib"),
    "zlib.joblib": ("ScikitLearn", PICKLE, "pickle"),
    "gzip.joblib": ("ScikitLearn", PICKLE, "pickle"),
    "bz2.joblib": ("ScikitLearn", PICKLE, "pickle"),
    "xz.joblib": ("ScikitLearn", PICKLE, "pickle"),
    "lzma.joblib": ("ScikitLearn", PICKLE, "pickle"),
    "model.onnx": ("ONNX", "application/onnx", "onnx"),
    "model.gguf": ("GGUF", "application/x-gguf", "gguf"),
    "model.h5": ("Keras", "application/x-hdf5", "hdf5"),
    "block.h5": ("Keras", "application/x-hdf5", "hdf5"),
    "model.weights.h5": ("Keras", "application/x-hdf5", "hdf5"),
    "model.keras": ("Keras", "application/x-keras", "keras"),
    "array.npy": ("NumPy", "application/x-npy", "npy"),
    "arrays.npz": ("NumPy", "application/x-npz", "npz"),
    "xgb.json": ("XGBoost", "application/json", "xgboost-json"),
    "xgb.ubj": ("XGBoost", "application/ubjson", "xgboost-ubj"),
    "xgb3.ubj": ("XGBoost", "application/ubjson", "xgboost-ubj"),
    "xgb.model": ("XGBoost", "application/octet-stream", "xgboost-binary"),
    "lgb.txt": ("LightGBM", "text/plain", "lightgbm-text"),
    "cat.cbm": ("CatBoost", "application/x-catboost", "catboost-cbm"),
    "cat.json": ("CatBoost", "application/json", "catboost-json"),
    "cat_ctr.json": ("CatBoost", "application/json", "catboost-json"),
    "model.skops": ("XGBoost", "application/x-skops", "skops"),
    "saved_model.pb": ("TensorFlow", TENSORFLOW, "tf-saved-model"),
    "model.ckpt-7.meta": ("TensorFlow", TENSORFLOW, "tf-meta-graph"),
    "model.ckpt-7.index": ("TensorFlow", TENSORFLOW, "tf-checkpoint"),
    "model.ckpt": ("TensorFlow", TENSORFLOW, "tf-checkpoint-v1"),
    "checkpoint": ("TensorFlow", "text/plain", "tf-checkpoint-state"),
    "lite.tflite": ("TensorFlow_Lite", "application/x-tflite", "tflite"),
    "table.parquet": ("Parquet", "application/vnd.apache.parquet", "parquet"),
    "config.json": (None, "application/json", "hub-config"),
}


def test_every_vector_is_expected() -> None:
    assert EXPECTED.keys() == vectors.ALL.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_content_tells_framework_media_and_format(tmp_path: Path, name: str) -> None:
    facts = sniff_bytes(tmp_path, vectors.ALL[name], name)
    assert (facts.framework, facts.media, facts.fields["format"]) == EXPECTED[name]


BY_CONTENT = set(EXPECTED) - {"zero.pkl", "model.joblib", "config.json"}


@pytest.mark.parametrize("name", sorted(BY_CONTENT))
def test_a_lying_name_does_not_win(tmp_path: Path, name: str) -> None:
    facts = sniff_bytes(tmp_path, vectors.ALL[name], "lie.caffemodel")
    assert (facts.framework, facts.media, facts.fields["format"]) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "framework"),
    [
        ("a/model.PT", "PyTorch"),
        ("model.pkl", "ScikitLearn"),
        ("model.joblib.lz4", "ScikitLearn"),
        ("pytorch_model-00001-of-00002.bin", "PyTorch"),
        ("data.bin", None),
        ("epoch=3.ckpt", "PyTorch"),
        ("model.json", "TensorFlow_js"),
        ("saved_model.pb", "TensorFlow"),
        ("variables/variables.data-00000-of-00001", "TensorFlow"),
        ("model.safetensors", "Safetensors"),
        ("model.gguf", "GGUF"),
        ("arrays.npz", "NumPy"),
        ("net.mge", "MegEngine"),
        ("model.zip", None),
        ("net.plan", "TensorRT"),
        ("notes", None),
    ],
)
def test_the_name_speaks_where_the_content_is_silent(tmp_path: Path, name: str, framework: str | None) -> None:
    assert sniff_bytes(tmp_path, b"\xff\xfe weights", name) == Facts(framework, "application/octet-stream")


def test_text_and_nothing(tmp_path: Path) -> None:
    assert sniff_bytes(tmp_path, b"", "model.pt") == Facts("PyTorch", "application/octet-stream")
    assert sniff_bytes(tmp_path, "größe\n".encode(), "README") == Facts(None, "text/plain")
    assert sniff_bytes(tmp_path, ("a" + "ö" * 5000).encode(), "long.txt") == Facts(None, "text/plain")
    assert sniff_bytes(tmp_path, b'{"a": 1}', "labels.json") == Facts(None, "application/json")
    for members in ({"a.txt": b"x"}, {}, {"schema.json": b'{"type": "object"}'}):
        assert sniff_bytes(tmp_path, vectors.zipped(members), "a.zip") == Facts(None, "application/zip")


def test_the_files_own_name_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"?")
    assert sniff(path).framework == "ONNX"


def test_only_the_operating_system_refuses(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sniff(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        sniff(tmp_path)


def folder(*names: str) -> list[tuple[str, Facts]]:
    known = {name: Facts(framework, media, {"format": form}) for name, (framework, media, form) in EXPECTED.items()}
    return [(name, known[name.rpartition("/")[2]]) for name in names]


def test_a_folder_takes_the_framework_of_most_of_its_weights() -> None:
    assert sniff_folder(folder("torch.pt", "old.pt", "onnx/model.onnx")) == "PyTorch"
    assert sniff_folder(folder("onnx/model.onnx", "sklearn.pkl")) == "ScikitLearn"
    assert sniff_folder([*folder("torch.pt"), ("setup.cfg", Facts("Darknet", "text/plain"))]) == "PyTorch"
    assert sniff_folder(folder("array.npy", "arrays.npz", "lgb.txt")) == "LightGBM"
    assert sniff_folder(folder("array.npy")) == "NumPy"
    assert sniff_folder(folder("config.json")) is None
    assert sniff_folder([]) is None


def test_a_saved_model_decides_at_once() -> None:
    entries = [("m/saved_model.pb", Facts("TensorFlow", "application/octet-stream")), *folder("model.h5")]
    assert sniff_folder(entries) == "TensorFlow"


def test_a_checkpoints_prefix_is_tensorflows(tmp_path: Path) -> None:
    names = {"m.index": vectors.TF_INDEX, "m.data-00000-of-00001": b"\0" * 12, "weights.npy": vectors.npy()}
    assert sniff_folder([(name, sniff_bytes(tmp_path, data, name)) for name, data in names.items()]) == "TensorFlow"


def test_bare_safetensors_beside_a_hub_configuration_are_pytorch() -> None:
    bare = ("model.safetensors", Facts("Safetensors", "application/vnd.safetensors", {"format": "safetensors"}))
    assert sniff_folder([bare, *folder("config.json")]) == "PyTorch"
    assert sniff_folder([bare]) == "Safetensors"
