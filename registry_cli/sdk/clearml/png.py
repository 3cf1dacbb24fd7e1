"""Encodes images as PNG (https://www.w3.org/TR/png-3/): Pillow's own, and arrays without any library."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any, Final

from registry_cli.errors import UsageError

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOURS: Final = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's colour types by the number of channels: grey, grey with alpha, RGB, RGBA."""


def encode_png(image: Any) -> bytes:
    """Return an image of Pillow's, or an array or tensor, as PNG.

    Args:
        image: An array is height x width, or height x width x 1 to 4 channels: integers from 0 to 255, or floats from
            0 to 1.

    Raises:
        UsageError: It is no image.
    """
    if hasattr(image, "save") and hasattr(image, "getbands"):
        buffer = BytesIO()
        image.save(buffer, format="PNG")
        return buffer.getvalue()
    rows, channels = _read_rows(image)
    width = len(rows[0]) // channels
    header = struct.pack(">IIBBBBB", width, len(rows), 8, _COLOURS[channels], 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _read_rows(image: Any) -> tuple[list[bytes], int]:
    """Return the rows of an array as bytes, and its number of channels."""
    for method in ("detach", "cpu", "numpy"):  # a tensor
        image = getattr(image, method)() if callable(getattr(image, method, None)) else image
    shape = tuple(getattr(image, "shape", ()))
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in {2, 3} or channels not in _COLOURS or 0 in shape:
        raise UsageError(f"{type(image).__name__} of shape {shape} is no image: height x width x 1 to 4 channels is")
    values = image.reshape(shape[0], shape[1] * channels).tolist()
    scale = 255 if any(isinstance(value, float) for value in values[0]) else 1
    return [bytes(min(max(round(value * scale), 0), 255) for value in row) for row in values], channels
