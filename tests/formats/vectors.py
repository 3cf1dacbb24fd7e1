"""Minimal valid files of every format, written by hand from the formats' own pages."""

from __future__ import annotations

import base64
import bz2
import collections
import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

from registry_cli.formats.sniff import Facts, sniff


def sniff_bytes(folder: Path, data: bytes, name: str = "weights") -> Facts:
    """Sniff `data` as a temporary file that is called `name` inside its version."""
    path = folder / "upload.tmp"
    path.write_bytes(data)
    return sniff(path, name)


def safetensors(tensors: dict[str, tuple[str, list[int], int]], metadata: dict[str, str] | None = None) -> bytes:
    """`tensors` maps a name to dtype, shape and number of bytes."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata is not None else {}
    at = 0
    for name, (dtype, shape, length) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + length]}
        at += length
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"\0" * at


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def global_pickle(*names: str, tail: bytes = b"N.") -> bytes:
    """A protocol 2 pickle that names `module member` pairs and builds nothing."""
    return b"\x80\x02" + b"".join(b"c" + name.replace(" ", "\n").encode() + b"\n0" for name in names) + tail


def stack_global_pickle(module: str, member: str, tail: bytes = b".") -> bytes:
    """A protocol 4 pickle, framed, with both strings memoized as the C pickler does."""
    words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() + b"\x94" for word in (module, member))
    body = words + b"\x93\x94)\x81\x94" + tail
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


TORCH_PICKLE = global_pickle("torch._utils _rebuild_tensor_v2", "torch FloatStorage", "collections OrderedDict")
TORCH_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
JOBLIB = stack_global_pickle("joblib.numpy_pickle", "NumpyArrayWrapper", tail=b"b") + b"\xff\xfe\xfd" * 300


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def proto(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx(tensors: list[tuple[list[int], int, bytes]], opset: int = 17) -> bytes:
    """`tensors` lists dims, TensorProto.DataType and raw bytes."""
    initializers = b"".join(
        proto(5, proto(1, b"".join(map(varint, dims))) + proto(2, kind) + proto(8, b"w") + proto(9, raw))
        for dims, kind, raw in tensors
    )
    graph = proto(1, proto(4, b"Gemm")) + proto(2, b"main") + initializers
    imports = proto(8, proto(1, b"ai.onnx.ml") + proto(2, 3)) + proto(8, proto(2, opset))
    return proto(1, 8) + proto(2, b"pytorch") + proto(3, b"2.1.0") + proto(7, graph) + imports


def gguf_text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf(tensors: list[tuple[str, list[int], int]], words: int = 3) -> bytes:
    """`tensors` lists name, dims and ggml type; `words` is the length of the vocabulary."""
    pairs = [
        gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("llama"),
        gguf_text("general.name") + struct.pack("<I", 8) + gguf_text("Tiny\x07 Llama"),
        gguf_text("general.file_type") + struct.pack("<II", 4, 15),
        gguf_text("llama.context_length") + struct.pack("<II", 4, 2048),
        gguf_text("llama.rope.freq_base") + struct.pack("<If", 6, 1e4),
        gguf_text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, words)
        + b"".join(gguf_text(f"w{n}") for n in range(words)),
        gguf_text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, 2) + struct.pack("<2f", 0, 1),
    ]
    infos = b"".join(
        gguf_text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, 0) for name, dims, kind in tensors
    )
    return b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs) + infos + b"\0" * 64


def npy(descr: str = "'<f4'", shape: str = "(3, 4)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + b"\0" * 48


def hdf5(user_block: int = 0, attribute: bytes = b"keras_version") -> bytes:
    return b"\0" * user_block + b"\x89HDF\r\n\x1a\n" + b"\0\0\0\0\0\x08\x08\0" + b"\0" * 80 + attribute + b"\0" * 64


XGBOOST_JSON = b'{"learner":{"attributes":{},"feature_names":[],"gradient_booster":{"model":{}}},"version":[2,0,3]}'
XGBOOST_UBJ = b"{L" + struct.pack(">Q", 7) + b"learner{L" + struct.pack(">Q", 10) + b"attributes{}}}"
XGBOOST_BINARY = (
    b"\0" * 136 + struct.pack("<Q", 15) + b"binary:logistic" + struct.pack("<Q", 6) + b"gbtree" + b"\0" * 200
)
LIGHTGBM = b"tree\nversion=v4\nnum_class=3\nmax_feature_idx=3\nobjective=multiclass num_class:3\n\nTree=0\n"
XGBOOST_UBJ_VERSION = b"L" + struct.pack(">Q", 7) + b"version[#L" + struct.pack(">Q", 3) + b"i\x03i\x02i\0}"
CATBOOST_JSON = {
    "cat.json": b'{\n"features_info":\n {\n  "float_features":\n  [{"borders":[0.5]}]},"oblivious_trees":[]}',
    "cat_ctr.json": rb'{"ctr_data":{"{\"identifier\":[],\"type\":\"Borders\"}":{}},"features_info":{"ctrs":[]}}',
}
SKOPS = b"""{
  "__class__": "XGBClassifier", "__module__": "xgboost.sklearn", "__loader__": "ObjectNode",
  "content": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"},
  "protocol": 2, "_skops_version": "0.16.0"
}"""
CATBOOST = b"CBM1" + struct.pack("<I", 16) + b"\0" * 16
TFLITE = struct.pack("<I", 28) + b"TFL3" + b"\0" * 64
TF_INDEX = base64.b64decode(
    "AAAGCAEaAggBAAEPYQgBEgQSAggDKAw1CYFtKgAAAAABAAAAAIpqHmYAAAAAAQAAAADA8qGwAAECYgAkAAAAAAEAAAAAWplrNSkI"
    "Ng4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABX+4CLJHVH2w=="
)
"""Of one F32[3] called `a`, written by TensorFlow 2.21 (`tf.compat.v1.train.Saver`)."""
TF_TABLE_V1 = base64.b64decode(
    "AAAXChUKDwoBYRIEEgIIAxgBIgIKABICCAEACBkAYQABAQGAfxIXCgFhEgIKABoOKgxQWjY+ID7aPRBG/D4AAAAAAQAAAAB8r0os"
    "AAAAAAEAAAAAwPKhsAABAgEARgAAAAABAAAAALaw4LlLCFgOAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAV/uA"
    "iyR1R9s="
)
"""The same, with `write_version=1`."""
TF_META_GRAPH = proto(1, proto(2, b"ops") + proto(4, b"serve") + proto(5, b"2.21.0") + proto(7, 1)) + proto(2, b"graph")
LIGHTNING = (
    b"\x80\x02}(X\x05\0\0\0epochK\0X\x19\0\0\0pytorch-lightning_versionq\x01X\x05\0\0\x002.6.6q\x02u0"
    + TORCH_PICKLE[2:]
)
KERAS = zipped(
    {
        "metadata.json": json.dumps({"keras_version": "3.4.1", "date_saved": "2024-07-01@12:00:00"}).encode(),
        "config.json": b'{"class_name": "Sequential"}',
        "model.weights.h5": hdf5(),
    }
)
PARQUET = b"PAR1" + b"\0" * 20 + b"PAR1"
PLAIN_PICKLE = pickle.dumps(collections.OrderedDict(a=1, b=b"x" * 1000), 4)
SKLEARN = stack_global_pickle("sklearn.linear_model._logistic", "LogisticRegression")

ALL: dict[str, bytes] = {
    "model.safetensors": safetensors({"w": ("F32", [2, 3], 24), "b": ("BF16", [3], 6)}, {"format": "pt"}),
    "torch.pt": zipped({"m/data.pkl": TORCH_PICKLE, "m/data/0": b"\0" * 24, "m/version": b"3\n"}),
    "script.pt": zipped(
        {
            "m/data.pkl": TORCH_PICKLE,
            "m/code/__torch__.py": b"",
            "m/constants.pkl": b"\x80\x02).",
        }
    ),
    "export.pt2": zipped({"m/archive_format": b"pt2", "m/models/model.json": b"{}"}),
    "old.pt": TORCH_MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2) + TORCH_PICKLE + b"\0" * 9,
    "old4.pt": b"".join(
        pickle.dumps(part, 4) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"w": 1}, ["0"])
    ),
    "package.pt": zipped({"m/.data/extern_modules": b"torch\n", "m/.data/version": b"6", "m/m/m.pkl": TORCH_PICKLE}),
    "lightning.ckpt": zipped({"m/data.pkl": LIGHTNING, "m/data/0": b"\0" * 24, "m/version": b"3\n"}),
    "sklearn.pkl": SKLEARN,
    "plain.pkl": PLAIN_PICKLE,
    "zero.pkl": pickle.dumps({"a": [1, 2.5, "x"]}, 0),
    "model.joblib": JOBLIB,
    "zlib.joblib": zlib.compress(SKLEARN),
    "gzip.joblib": gzip.compress(SKLEARN, mtime=0),
    "bz2.joblib": bz2.compress(SKLEARN),
    "xz.joblib": lzma.compress(SKLEARN, preset=1),
    "lzma.joblib": lzma.compress(SKLEARN, lzma.FORMAT_ALONE, preset=1),
    "model.onnx": onnx([([2, 3], 1, b"\0" * 24), ([], 7, b"\0" * 8)]),
    "model.gguf": gguf([("token_embd.weight", [64, 32], 12), ("norm.weight", [64], 0)]),
    "model.h5": hdf5(),
    "block.h5": hdf5(user_block=1024),
    "model.weights.h5": hdf5(attribute=b"vars\0\0\0\0layers\0\0optimizer\0"),
    "model.keras": KERAS,
    "array.npy": npy(),
    "arrays.npz": zipped({"a.npy": npy(), "b.npy": npy("'<i8'", "(5,)")}, zipfile.ZIP_DEFLATED),
    "xgb.json": XGBOOST_JSON,
    "xgb.ubj": XGBOOST_UBJ,
    "xgb3.ubj": XGBOOST_UBJ[:-1] + XGBOOST_UBJ_VERSION,
    "xgb.model": XGBOOST_BINARY,
    "lgb.txt": LIGHTGBM,
    "cat.cbm": CATBOOST,
    **CATBOOST_JSON,
    "model.skops": zipped({"1.npy": npy(), "schema.json": SKOPS}, zipfile.ZIP_DEFLATED),
    "saved_model.pb": proto(1, 1) + proto(2, TF_META_GRAPH),
    "model.ckpt-7.meta": TF_META_GRAPH,
    "model.ckpt-7.index": TF_INDEX,
    "model.ckpt": TF_TABLE_V1,
    "checkpoint": b'model_checkpoint_path: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-1"\n',
    "lite.tflite": TFLITE,
    "table.parquet": PARQUET,
    "config.json": json.dumps({"architectures": ["BertModel"], "transformers_version": "4.44.0"}).encode(),
}
