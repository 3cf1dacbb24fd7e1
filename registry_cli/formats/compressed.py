"""Reads compressed pickles, as joblib writes them (`joblib/compressor.py`): unpacks the beginning and scans it.

Caps: `INPUT_LIMIT` bytes in, `OUTPUT_LIMIT` bytes out, `MEMORY_LIMIT` for xz's dictionary. The standard library has no
decompressor for LZ4, so for it only the media type is reported.
"""

from __future__ import annotations

import io
from typing import Protocol

from registry_cli.formats import pickle_
from registry_cli.formats.facts import Facts
from registry_cli.formats.source import Source

INPUT_LIMIT = 1 << 20
"""Most compressed bytes read; a bzip2 block is up to 900 kB."""
OUTPUT_LIMIT = 64 << 10
"""Most bytes unpacked."""
MEMORY_LIMIT = 40 << 20
"""Most memory that xz may ask for, in bytes: presets 0 to 8."""
_CHUNK = 64 << 10
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"]\0\0": "lzma", b"\x04\x22\x4d\x18": "lz4"}


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a compressed file, with a framework only where it holds a pickle; None for other files.

    Raises:
        ValueError: It starts like a compressed file but cannot be unpacked.
    """
    method = _find_method(source.head)
    if method is None:
        return None
    media = f"application/{'x-' if method in ('bzip2', 'xz', 'lzma', 'lz4') else ''}{method}"
    if method == "lz4":
        return Facts(None, media)
    unpacked, whole = _unpack(source, method)
    try:
        inner = pickle_.read(Source(io.BytesIO(unpacked), len(unpacked), whole=whole), name)
    except ValueError:
        inner = None
    if inner is None:
        return Facts(None, media)
    return Facts(inner.framework, inner.media, {**inner.fields, "compression": method})


def _find_method(head: bytes) -> str | None:
    if head[:1] == b"\x78" and len(head) > 2 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "zlib"
    if not head.startswith(tuple(_MAGIC)):
        return None
    return next((method for magic, method in _MAGIC.items() if head.startswith(magic)), None)


def _open_decompressor(method: str) -> _Decompressor:
    if method in ("gzip", "zlib"):
        import zlib

        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    if method == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    import lzma

    return lzma.LZMADecompressor(memlimit=MEMORY_LIMIT)


def _unpack(source: Source, method: str) -> tuple[bytes, bool]:
    """Return the first bytes of the content, and True where they are all of it."""
    import lzma
    import zlib

    source.allow(INPUT_LIMIT)
    decompressor, unpacked = _open_decompressor(method), b""
    end = min(source.size, INPUT_LIMIT)
    for offset in range(0, end, _CHUNK):
        packed = source.at(offset, min(_CHUNK, end - offset))
        try:
            unpacked += decompressor.decompress(packed, OUTPUT_LIMIT - len(unpacked))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise ValueError(f"not {method}") from error
        if decompressor.eof or len(unpacked) >= OUTPUT_LIMIT:
            break
    if not unpacked and not decompressor.eof:
        raise ValueError(f"not {method}: nothing came out")
    return unpacked, decompressor.eof
