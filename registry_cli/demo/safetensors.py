"""Writes and reads `.safetensors` files of 32-bit floats. Knows no model.

The format: 8 bytes header length N, unsigned little endian; N bytes of JSON, padded with spaces to a multiple of 8;
then the tensors, little endian, row by row, without gaps. The header maps each name to `dtype`, `shape` and
`data_offsets` (begin and end, counted from the end of the header); `__metadata__` maps strings to strings.

Source: https://huggingface.co/docs/safetensors/index#format.
"""

from __future__ import annotations

import json
import struct
from math import prod
from typing import TYPE_CHECKING, Any

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Mapping

FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of 32-bit floats: its shape and its values, row by row."""

    shape: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TensorFile:
    """The content of one `.safetensors` file."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)


def dump_tensors(content: TensorFile) -> bytes:
    """Return the bytes of the file: the same content always gives the same bytes.

    Raises:
        ValueError: The number of a tensor's values does not match its shape.
        OverflowError: A value does not fit into 32 bits.
    """
    header: dict[str, object] = {"__metadata__": dict(content.metadata)}
    data = bytearray()
    for name, tensor in sorted(content.tensors.items()):
        if len(tensor.values) != prod(tensor.shape):
            raise ValueError(f"tensor {name} has {len(tensor.values)} values for the shape {tensor.shape}")
        begin = len(data)
        data += struct.pack(f"<{len(tensor.values)}f", *tensor.values)
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": (begin, len(data))}
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def load_tensors(raw: bytes, source: str) -> TensorFile:
    """Return the content of a file from its bytes.

    Args:
        raw: The whole file.
        source: Name of the file in errors.

    Raises:
        CorruptError: It is not a `.safetensors` file of 32-bit floats, or is truncated or damaged.
    """
    try:
        (length,) = struct.unpack_from("<Q", raw)
        if length > len(raw) - 8:
            raise ValueError("the header extends past the end of the file")
        header = json.loads(raw[8 : 8 + length].decode())
        data = memoryview(raw)[8 + length :]
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("the metadata must map strings to strings")
        tensors: dict[str, Tensor] = {}
        end = 0
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            tensors[name] = _load_tensor(entry, data, end)
            end = entry["data_offsets"][1]
        if end != len(data):
            raise ValueError("there is data after the last tensor")
    except (struct.error, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CorruptError(f"{source} is not a complete safetensors file of 32-bit floats") from error
    return TensorFile(tensors, metadata)


def _load_tensor(entry: Mapping[str, Any], data: memoryview, expected_begin: int) -> Tensor:
    """Return one tensor, which must begin where the one before it ended."""
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    fills = end - begin == prod(shape) * FLOAT_BYTES and min(shape, default=0) >= 0
    if entry["dtype"] != "F32" or begin != expected_begin or not fills:
        raise ValueError("a tensor is not of 32-bit floats, has a gap before it, or does not fill its shape")
    return Tensor(shape, struct.unpack_from(f"<{prod(shape)}f", data, begin))
