"""Weight files that are small on disk and say that they are large, deep or endless, named so that a reader looks."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable
from typing import Final

from tests.formats import vectors

ZEROS: Final = bytes(48 << 20)
DEEP: Final = 100_000


def _deflated(**members: bytes) -> bytes:
    return vectors.zipped({name.replace("__", "/").replace("_", "."): data for name, data in members.items()},
                          zipfile.ZIP_DEFLATED)  # fmt: skip


def _claiming(member: str, size: int) -> bytes:
    """A zip file whose directory says, in Zip64, that a member has `size` bytes (APPNOTE.TXT 4.5.3)."""
    whole = bytearray(vectors.zipped({member: b"x" * 100}))
    at = whole.rindex(b"PK\x01\x02")
    struct.pack_into("<II", whole, at + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    name_end = at + 46 + len(member)
    struct.pack_into("<H", whole, at + 30, len(extra))
    whole[name_end:name_end] = extra
    end = whole.rindex(b"PK\x05\x06")
    struct.pack_into("<I", whole, end + 12, end - at)
    return bytes(whole)


def _many_members(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"m/data/{number}", b"")
    return out.getvalue()


def _length(size: int, data: bytes = b"") -> bytes:
    return size.to_bytes(8, "little") + b'{"' + data


def _tensor(shape: str, end: int = 0) -> bytes:
    entry = f'{{"w":{{"dtype":"Q","shape":{shape},"data_offsets":[0,{end}]}}}}'.encode()
    return len(entry).to_bytes(8, "little") + entry


def _in_itself(depth: int) -> bytes:
    message = b""
    for _ in range(depth):
        message = vectors.proto(5, message)
    return vectors.proto(1, 8) + vectors.proto(8, vectors.proto(2, 17)) + vectors.proto(7, message)


ALL: Final[dict[str, Callable[[], bytes]]] = {
    "length.safetensors": lambda: _length((1 << 64) - 1),
    "near.safetensors": lambda: _length((1 << 63) - 1, b"a" * 100),
    "negative.safetensors": lambda: _tensor("[-1]", -8),
    "product.safetensors": lambda: _tensor(json.dumps([9_223_372_036_854_775_807] * 45)),
    "digits.safetensors": lambda: _tensor("[" + "9" * 900 + "]"),
    "long.safetensors": lambda: _tensor("[" + "1," * 5_000_000 + "1]"),
    "torch.pt": lambda: _deflated(m__data_pkl=b"\x80\x02" + ZEROS),
    "stacked.pt": lambda: _deflated(m__data_pkl=b"\x80\x02" + b"(" * (8 << 20) + b"."),
    "claims.pt": lambda: _claiming("m/data.pkl", (1 << 63) - 1),
    "members.pt": lambda: _many_members(20_000),
    "model.keras": lambda: _deflated(metadata_json=b'{"a":' * DEEP, config_json=ZEROS),
    "arrays.npz": lambda: _deflated(a_npy=vectors.npy() + ZEROS, b_npy=ZEROS),
    "length.npy": lambda: b"\x93NUMPY\x02\0" + b"\xff" * 4 + b"{'descr': '<f4', 'shape': (" + b"9," * 5000,
    "shape.npy": lambda: vectors.npy(shape="(" + "9" * 300 + ",)"),
    "strings.gguf": lambda: b"GGUF" + struct.pack("<IQQ", 3, 1 << 17, 1 << 16) + struct.pack("<Q", (1 << 64) - 1) * 100,
    "arrays.gguf": lambda: vectors.gguf([("w", [(1 << 64) - 1] * 4, 0)]),
    "array.gguf": lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 8, (1 << 64) - 1),
    "varint.onnx": lambda: vectors.proto(1, 8) + b"\x3a" + b"\xff" * 40,
    "graph.onnx": lambda: vectors.proto(1, 8) + b"\x3a" + b"\xff" * 8 + b"\x7f",
    "itself.onnx": lambda: _in_itself(2000),
    "model.h5": lambda: vectors.hdf5()[:13] + b"\xff" * 200,
    "deep.pkl": lambda: b"\x80\x04" + b"(" * (4 << 20) + b"t" * (4 << 20) + b".",
    "long.pkl": lambda: b"\x80\x04\x8d" + b"\xff" * 8,
    "line.pkl": lambda: b"c" + b"a" * (8 << 20),
    "zeros.pkl.gz": lambda: gzip.compress(ZEROS, mtime=0),
    "zeros.pkl.bz2": lambda: bz2.compress(ZEROS),
    "zeros.pkl.xz": lambda: lzma.compress(ZEROS, preset=0),
    "dictionary.pkl.lzma": lambda: b"]" + b"\xff" * 4 + b"\xff" * 8 + bytes(100),
    "config.json": lambda: b"[" * DEEP,
    "adapter_config.json": lambda: b'{"a":' * 10_000,
    "model_index.json": lambda: b'{"diffusers_version": ' + b"9" * 60_000 + b"}",
    "xgb.json": lambda: b'{"learner":{"attributes"' + b" " * (4 << 20) + b'"version":[' + b"9" * 200,
}  # fmt: skip
