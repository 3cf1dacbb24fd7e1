"""Reads TensorFlow's checkpoints: the table `PREFIX.index` (version 2) or `PREFIX` (version 1), and `checkpoint`.

A table is LevelDB's without filters (`tensorflow/core/lib/io/table_format.txt`, which refers to LevelDB's): blocks of
sorted entries, and a footer of `FOOTER` bytes that ends with a magic number. Its first entry has the empty key, which
no entry of LevelDB has, and holds a `BundleHeaderProto` (`tensorflow/core/protobuf/tensor_bundle.proto`), in version
1 a `SavedTensorSlices`. The shards `PREFIX.data-00000-of-00001` are bare tensors: only their name identifies them.
Caps: `HEADER_FIELDS` of the first entry, the source's budget for the blocks (beyond it no tensors are reported).
"""

from __future__ import annotations

import math
import re
from itertools import islice
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, words
from registry_cli.formats.protobuf import BYTES, VARINT, Field, iter_fields, take_varint
from registry_cli.formats.source import LIMIT, Cursor, PastBudgetError, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

FOOTER = 48
MAGIC = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
MEDIA = "application/x-tensorflow"
HEADER_FIELDS = 8
DIMS_LIMIT = 64
DTYPES = {
    1: "F32",
    2: "F64",
    3: "I32",
    4: "U8",
    5: "I16",
    6: "I8",
    7: "text",
    8: "C64",
    9: "I64",
    10: "BOOL",
    14: "BF16",
    17: "U16",
    18: "C128",
    19: "F16",
    22: "U32",
    23: "U64",
}
"""`tensorflow/core/framework/types.proto`, in safetensors' spelling."""
_HEADER = {1: VARINT, 2: VARINT, 3: BYTES}
_TRAILER = 5
"""Bytes after a block: the kind of compression, and a checksum."""
_STATE = re.compile(rb'(?:(?:all_)?model_checkpoint_path: "[^"\n]+"\n)')


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a checkpoint's table or of its `checkpoint` file; None for other files.

    Raises:
        ValueError: It ends like a table but is not one of TensorFlow's.
    """
    if _STATE.match(source.head):
        return Facts("TensorFlow", "text/plain", {"format": "tf-checkpoint-state"})
    if source.head[:2] != b"\0\0" or source.size < FOOTER or source.at(source.size - 8, 8) != MAGIC:
        return None
    cursor = Cursor(source, 2)
    length = take_varint(cursor)
    first = list(islice(iter_fields(source, cursor.position, cursor.position + length), HEADER_FIELDS))
    if not all(_HEADER.get(found.number) == found.wire for found in first):
        if [(found.number, found.wire) for found in first] != [(1, BYTES)]:
            raise ValueError("not a checkpoint")
        return Facts("TensorFlow", MEDIA, {"format": "tf-checkpoint-v1"})
    shards = next((found.value for found in first if found.number == 1), 0)
    return Facts("TensorFlow", MEDIA, {"format": "tf-checkpoint", "shards": count(shards), **_sum_tensors(source)})


def _sum_tensors(source: Source) -> dict[str, FieldValue]:
    source.allow(LIMIT)
    tensors, parameters, dtypes = 0, 0, set[str]()
    try:
        for lead, value in _iter_table(source):
            if lead in (b"", b"\0"):
                continue  # the header, and a slice of a tensor that has an entry of its own
            dtype, items = _read_tensor(source, value)
            if dtype != "text":  # the graph of objects is a text, and not a weight
                tensors, parameters = tensors + 1, count(parameters + items)
                dtypes.add(dtype)
    except PastBudgetError:
        return {}
    return {"tensors": tensors, "parameters": parameters, "dtypes": words(dtypes)}


def _iter_table(source: Source) -> Iterator[tuple[bytes, Cursor]]:
    """Yield the entries of all data blocks, in the order of the index block.

    Raises:
        ValueError: The blocks overlap, so that a hostile file could make us walk them again and again.
    """
    footer = Cursor(source, source.size - FOOTER)
    _, _, index, length = [take_varint(footer) for _ in range(4)]
    position = 0
    for _, handle in _iter_block(source, index, length):
        start, length = take_varint(handle), take_varint(handle)
        if start < position or not length:
            raise ValueError("blocks that overlap")
        position = start + length
        yield from _iter_block(source, start, length)


def _iter_block(source: Source, start: int, length: int) -> Iterator[tuple[bytes, Cursor]]:
    """Yield the first byte of each key and its value; a key may share its beginning with the key before it."""
    trailer = Cursor(source, start + length, start + length + _TRAILER)
    if trailer.take(1) != b"\0":
        raise PastBudgetError("a compressed block")
    restarts = int.from_bytes(source.at(start + length - 4, 4), "little")
    cursor = Cursor(source, start, start + length - 4 - 4 * restarts)
    if cursor.end < start:
        raise ValueError("more restart points than the block has room for")
    lead = b""
    while cursor.position < cursor.end:
        shared, unshared, size = take_varint(cursor), take_varint(cursor), take_varint(cursor)
        lead = lead if shared else cursor.peek(min(unshared, 1))
        cursor.skip(unshared)
        value = Cursor(source, cursor.position, cursor.position + size)
        cursor.skip(size)
        yield lead, value


def _read_tensor(source: Source, value: Cursor) -> tuple[str, int]:
    """Return dtype and number of items of a `BundleEntryProto`, from its first two fields."""
    dtype, items = "other", 1
    for found in iter_fields(source, value.position, value.end):
        if (found.number, found.wire) == (1, VARINT):
            dtype = DTYPES.get(found.value, "other")
        elif (found.number, found.wire) == (2, BYTES):
            items = math.prod(_list_dims(source, found))
        else:
            break
    return dtype, items


def _list_dims(source: Source, shape: Field) -> list[int]:
    """Return the sizes of a `TensorShapeProto`.

    Raises:
        ValueError: There are more than `DIMS_LIMIT`.
    """
    dims = list[int]()
    for dim in iter_fields(source, shape.start, shape.end):
        size = next(iter_fields(source, dim.start, dim.end), None)
        dims.append(size.value if size is not None and size.number == 1 else 0)
        if len(dims) > DIMS_LIMIT:
            raise ValueError("a tensor of too many dimensions")
    return dims
