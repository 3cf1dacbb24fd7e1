r"""Segments: many entries of the log in one object, each after the records that it brings.

One push is one segment, named by the number of its first entry; a remote also keeps longer ones, so that a clone need
not fetch each push by itself. The bytes are

    reg segment 1\n
    <block> <block> …

where a block is a 4-byte length of its deflated bytes, a 4-byte length of the bytes inflated (both big-endian), and the
deflated bytes (zlib, RFC 1950). Inflated, it holds whole frames: `E` for an entry or `R` for a record, a 4-byte length,
and the file's own bytes. So a record is read by inflating one block, and an entry can be folded as it arrives.

A segment is believed only as far as its contents are proved: records by their names, entries by their chain.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.store.files import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

Kind: TypeAlias = Literal["E", "R"]

HEAD: Final = b"reg segment 1\n"
LARGEST: Final = 64 << 20
"""Most bytes of a segment."""
BLOCK: Final = 256 << 10
"""Bytes of frames after which a block ends: to read a record, all of its block is inflated."""
_LEVEL: Final = 6
_BLOCK: Final = struct.Struct(">II")
_FRAME: Final = struct.Struct(">cI")
_KINDS: Final[dict[bytes, Kind]] = {b"E": "E", b"R": "R"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One file of a segment.

    Attributes:
        kind: `E` for an entry, `R` for a record.
        data: The file's bytes.
        block: Offset of its block in the segment.
        offset: Offset of its bytes in the block, inflated.
    """

    kind: Kind
    data: bytes
    block: int = 0
    offset: int = 0


def dump_segment(frames: Iterable[tuple[Kind, bytes]]) -> bytes:
    """Return the bytes of a segment.

    Args:
        frames: The files in their order: the records that an entry brings, then the entry.
    """
    blocks, pending = [HEAD], bytearray()
    for kind, data in frames:
        if pending and len(pending) + len(data) > BLOCK:
            blocks.append(_dump_block(pending))
            pending.clear()
        pending += _FRAME.pack(kind.encode(), len(data)) + data
    if pending:
        blocks.append(_dump_block(pending))
    return b"".join(blocks)


def iter_frames(file: BinaryIO, where: str) -> Iterator[Frame]:
    """Yield the files of a segment; of damaged ones those before the damage.

    Args:
        file: The segment, open at its beginning.
        where: Its name, for errors.

    Raises:
        CorruptError: It is cut off, or is no segment.
    """
    if file.read(len(HEAD)) != HEAD:
        raise CorruptError(f"{where} is no segment of a log")
    at = len(HEAD)
    while head := file.read(_BLOCK.size):
        size, inflated = _BLOCK.unpack(head) if len(head) == _BLOCK.size else (0, 0)
        yield from _iter_block(_inflate(file.read(min(size, LARGEST + 1)), size, inflated, where), at, where)
        at += _BLOCK.size + size


def read_frame(file: BinaryIO, block: int, offset: int, size: int, where: str) -> bytes:
    """Return the bytes of one file of a segment, which an index has told the place of.

    Raises:
        CorruptError: The segment is cut off, or nothing of that size is there.
    """
    file.seek(block)
    head = file.read(_BLOCK.size)
    if len(head) < _BLOCK.size:
        raise CorruptError(f"{where} is cut off")
    deflated, inflated = _BLOCK.unpack(head)
    data = _inflate(file.read(min(deflated, LARGEST + 1)), deflated, inflated, where)[offset : offset + size]
    if len(data) != size:
        raise CorruptError(f"{where} holds no file of {size:,} bytes at {block}")
    return data


def _dump_block(frames: bytearray) -> bytes:
    data = zlib.compress(frames, _LEVEL)
    return _BLOCK.pack(len(data), len(frames)) + data


def _inflate(data: bytes, size: int, inflated: int, where: str) -> bytes:
    """Return the frames of a block; no more is inflated than the block's head says, and that is bounded."""
    if len(data) != size or not size:
        raise CorruptError(f"{where} is cut off")
    if inflated > SMALL + BLOCK:
        raise CorruptError(f"{where} has a block of {inflated:,} bytes")
    try:
        inflater = zlib.decompressobj()
        frames = inflater.decompress(data, inflated) if inflated else b""
        more = inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise CorruptError(f"{where} is damaged: {error}") from None
    # one more byte must not come, and the checksum at the end must have been compared
    if len(frames) != inflated or more or not inflater.eof:
        raise CorruptError(f"{where} is damaged: a block is longer or shorter than it says")
    return frames


def _iter_block(frames: bytes, block: int, where: str) -> Iterator[Frame]:
    at = 0
    while at < len(frames):
        if at + _FRAME.size > len(frames):
            raise CorruptError(f"{where} is damaged: a file in it has no head")
        kind, size = _FRAME.unpack_from(frames, at)
        at += _FRAME.size
        if kind not in _KINDS or at + size > len(frames):
            raise CorruptError(f"{where} is damaged: a file in it is longer than its block")
        yield Frame(_KINDS[kind], frames[at : at + size], block, at)
        at += size
