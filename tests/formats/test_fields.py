"""The header facts of each format, and what is left unsaid when a header does not hold."""

from __future__ import annotations

import json
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path

import pytest

from registry_cli.formats import source
from registry_cli.formats.sniff import Facts
from tests.formats import vectors
from tests.formats.vectors import sniff_bytes


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("model.safetensors", {"tensors": 2, "parameters": 9, "dtypes": ["BF16", "F32"]}),
        ("torch.pt", {"pickle": True, "storages": 1, "dtypes": ["F32"], "imports": ["collections", "torch"]}),
        ("old.pt", {"pickle": True, "imports": ["collections", "torch"]}),
        ("old4.pt", {"pickle": True, "imports": []}),
        ("package.pt", {"pickle": True}),
        ("lightning.ckpt", {"producer": "pytorch-lightning 2.6.6", "dtypes": ["F32"]}),
        ("sklearn.pkl", {"pickle": True, "imports": ["sklearn"]}),
        ("gzip.joblib", {"pickle": True, "compression": "gzip"}),
        ("xz.joblib", {"pickle": True, "compression": "xz"}),
        ("model.onnx", {"tensors": 2, "parameters": 7, "dtypes": ["F32", "I64"], "opset": 17, "ir_version": 8}),
        ("model.onnx", {"producer": "pytorch 2.1.0"}),
        ("model.gguf", {"tensors": 2, "parameters": 64 * 32 + 64, "dtypes": ["F32", "Q4_K"], "format_version": 3}),
        ("model.gguf", {"architecture": "llama", "quantisation": "Q4_K_M", "context_length": 2048}),
        ("model.gguf", {"title": "Tiny Llama"}),
        ("model.keras", {"producer": "keras 3.4.1"}),
        ("array.npy", {"tensors": 1, "parameters": 12, "dtypes": ["F32"]}),
        ("arrays.npz", {"tensors": 2, "parameters": 17, "dtypes": ["F32", "I64"]}),
        ("xgb.json", {"producer": "xgboost 2.0.3"}),
        ("xgb3.ubj", {"producer": "xgboost 3.2.0"}),
        ("model.skops", {"producer": "skops 0.16.0", "imports": ["builtins", "xgboost"]}),
        ("saved_model.pb", {"producer": "tensorflow 2.21.0", "tags": ["serve"]}),
        ("model.ckpt-7.meta", {"producer": "tensorflow 2.21.0"}),
        ("model.ckpt-7.index", {"shards": 1, "tensors": 1, "parameters": 3, "dtypes": ["F32"]}),
        ("lgb.txt", {"format_version": "v4", "classes": 3, "objective": "multiclass num_class:3"}),
        ("config.json", {"producer": "transformers 4.44.0", "architecture": "BertModel"}),
    ],
)
def test_header_facts(tmp_path: Path, name: str, fields: dict[str, object]) -> None:
    found = sniff_bytes(tmp_path, vectors.ALL[name], name).fields
    assert {key: found.get(key) for key in fields} == fields


@pytest.mark.parametrize(
    ("layout", "framework"),
    [("tf", "TensorFlow"), ("flax", "Flax"), ("mlx", "MLX"), ("pt", "PyTorch"), ("other", "Safetensors")],
)
def test_safetensors_say_who_wrote_them(tmp_path: Path, layout: str, framework: str) -> None:
    metadata = {"note": 'a "{brace}" in text', "format": layout}
    data = vectors.safetensors({"w": ("F16", [4], 8)}, metadata)
    assert sniff_bytes(tmp_path, data).framework == framework


def test_safetensors_without_tensors_or_metadata(tmp_path: Path) -> None:
    assert sniff_bytes(tmp_path, vectors.safetensors({})).fields["tensors"] == 0
    assert sniff_bytes(tmp_path, vectors.safetensors({}, {})).framework == "Safetensors"


def safetensors_header(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


@pytest.mark.parametrize(
    "data",
    [
        vectors.ALL["model.safetensors"][:-1],
        vectors.ALL["model.safetensors"] + b"\0",
        vectors.safetensors({"w": ("F32", [2], 4)}),
        vectors.safetensors({"w": ("F99", [1 << 62, 4], 4)}),
        vectors.safetensors({"w": ("F32", [-1, -1], 4)}),
        safetensors_header(b'{"w":' + b"[" * 100_000),
        safetensors_header(b'{"w":{"dtype":"F32","shape":' + b"[" * 900 + b"}}"),
        safetensors_header(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} junk', b"\0" * 4),
        struct.pack("<Q", 1 << 63) + b"{",
    ],
)
def test_safetensors_that_do_not_hold_are_unknown(tmp_path: Path, data: bytes) -> None:
    assert sniff_bytes(tmp_path, data).fields == {}


def test_the_first_known_module_names_a_pickles_framework(tmp_path: Path) -> None:
    for module, framework in [("xgboost.sklearn", "XGBoost"), ("lightgbm.basic", "LightGBM"), ("torch", "PyTorch")]:
        data = vectors.global_pickle("copyreg _reconstructor", f"{module} Thing", "sklearn.base BaseEstimator")
        assert sniff_bytes(tmp_path, data).framework == framework


def test_names_that_come_back_from_the_memo_are_followed(tmp_path: Path) -> None:
    data = b"\x80\x04\x8c\x08catboost\x94\x8c\x01A\x94\x93\x94h\x00h\x01\x93."
    assert sniff_bytes(tmp_path, data).framework == "CatBoost"


def test_large_strings_are_skipped_and_long_pickles_only_begun(tmp_path: Path) -> None:
    tail = b"B" + struct.pack("<I", 1 << 20) + b"x" * (1 << 20) + b"0csklearn.svm\nSVC\n."
    assert sniff_bytes(tmp_path, vectors.global_pickle("numpy dtype", tail=tail)).framework == "ScikitLearn"
    begun = sniff_bytes(tmp_path, vectors.global_pickle("numpy dtype", tail=b"N0" * 100_000 + b"."), "m.pkl")
    assert begun.framework == "ScikitLearn"
    assert begun.fields["imports"] == ["numpy"]


class Malice:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_never_executed(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "ran"
    data = pickle.dumps(Malice(trace), protocol)
    pickle.loads(data)
    trace.rmdir()  # so the payload works
    plain = sniff_bytes(tmp_path, data, "m.pkl")
    inside = sniff_bytes(tmp_path, vectors.zipped({"m/data.pkl": data, "m/version": b"3"}), "m.pt")
    assert not trace.exists()
    assert plain.fields["imports"] == inside.fields["imports"] == [os.mkdir.__module__]


def test_npz_with_objects_is_a_pickle(tmp_path: Path) -> None:
    data = vectors.zipped({"a.npy": vectors.npy("'|O'", "()")})
    assert sniff_bytes(tmp_path, data).fields["pickle"] is True


def test_members_that_cannot_be_unpacked_in_bounded_memory_are_not(tmp_path: Path) -> None:
    data = vectors.zipped({"m/data.pkl": vectors.TORCH_PICKLE}, zipfile.ZIP_LZMA)
    assert sniff_bytes(tmp_path, data, "m.pt") == Facts("PyTorch", "application/octet-stream")


def test_a_torch_file_whose_directory_is_too_long_is_told_by_its_first_member(tmp_path: Path) -> None:
    members = {"m/data.pkl": vectors.TORCH_PICKLE} | {f"m/data/{n:0120}": b"" for n in range(6500)}
    facts = sniff_bytes(tmp_path, vectors.zipped(members))
    assert (facts.framework, dict(facts.fields)) == ("PyTorch", {"format": "torch-zip", "pickle": True})


@pytest.mark.parametrize(
    "data",
    [
        b"\nplain words\n",
        vectors.proto(1, 1) + vectors.proto(3, b"graph"),
        vectors.proto(1, 1) + vectors.proto(2, b""),
        vectors.proto(1, vectors.proto(4, b"serve")),
        vectors.proto(1, vectors.proto(5, b"no version")),
        vectors.proto(1, vectors.proto(5, b"2" * 2000)),
        vectors.TF_META_GRAPH[:-1],
    ],
)
def test_graphs_that_do_not_hold_are_not_tensorflows(tmp_path: Path, data: bytes) -> None:
    facts = sniff_bytes(tmp_path, data)
    assert (facts.framework, facts.fields) == (None, {})


def test_long_vocabularies_are_walked_through(tmp_path: Path) -> None:
    data = vectors.gguf([("w", [10], 30)], words=50_000)
    assert sniff_bytes(tmp_path, data).fields["parameters"] == 10


def test_a_graph_beyond_the_budget_leaves_the_counts_unsaid(tmp_path: Path) -> None:
    data = vectors.onnx([([1], 1, b"\0" * 400)] * 6000)
    facts = sniff_bytes(tmp_path, data)
    assert facts.framework == "ONNX"
    assert "tensors" not in facts.fields
    assert len(data) > source.LIMIT


@pytest.mark.parametrize("word", ["C:\x1b[31m\u202e", "x" * 5000])
def test_words_of_a_header_are_made_harmless(tmp_path: Path, word: str) -> None:
    data = json.dumps({"architectures": [word]}).encode()
    shown = sniff_bytes(tmp_path, data, "config.json").fields["architecture"]
    assert isinstance(shown, str)
    assert shown.isprintable()
    assert len(shown) <= 200


@pytest.mark.slow
def test_random_megabytes_are_unknown(tmp_path: Path) -> None:
    for seed in range(50):
        assert sniff_bytes(tmp_path, random.Random(seed).randbytes(1 << 20)).fields == {}


@pytest.mark.slow
@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    "graph",
    [
        vectors.proto(5, b"") * (1 << 18),
        vectors.proto(1, b"") * (1 << 18),
        vectors.proto(5, vectors.proto(2, 1) * (1 << 18)),
        vectors.proto(5, vectors.proto(1, b"") * (1 << 18)),
    ],
)
def test_a_graph_of_too_many_fields_leaves_the_counts_unsaid(graph: bytes, tmp_path: Path) -> None:
    data = vectors.proto(1, 8) + vectors.proto(8, vectors.proto(2, 17)) + vectors.proto(7, graph)
    assert len(data) < source.LIMIT
    assert sniff_bytes(tmp_path, data).fields == {"format": "onnx", "ir_version": 8, "opset": 17}
