"""Tables as TensorFlow writes them, and those that lie."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry_cli.formats.sniff import Facts
from registry_cli.formats.tf_checkpoint import MAGIC
from tests.formats.vectors import proto, sniff_bytes, varint

HEADER = proto(1, 2) + proto(3, proto(1, 1))
UNKNOWN = Facts(None, "application/octet-stream")


def tensor(dtype: int, *dims: int) -> bytes:
    return proto(1, dtype) + proto(2, b"".join(proto(2, proto(1, size)) for size in dims)) + proto(5, 12)


def block(entries: Sequence[tuple[int, bytes, bytes]], kind: bytes = b"\0") -> bytes:
    """`entries` lists bytes shared with the key before, the key's others, and the value; one restart point follows."""
    body = b"".join(
        varint(shared) + varint(len(key)) + varint(len(value)) + key + value for shared, key, value in entries
    )
    return body + struct.pack("<II", 0, 1) + kind + b"\0" * 4


def table(blocks: Sequence[bytes], handles: Sequence[tuple[int, int]] | None = None) -> bytes:
    """Lay out data blocks and their index, or an index of the given offsets and lengths."""
    data, found = b"", []
    for one in blocks:
        found.append((len(data), len(one) - 5))
        data += one
    index = block(
        [(0, b"z", varint(start) + varint(length)) for start, length in (found if handles is None else handles)]
    )
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    return data + index + footer.ljust(40, b"\0") + MAGIC


def test_tensors_of_all_blocks_are_summed(tmp_path: Path) -> None:
    first = block(
        [(0, b"", HEADER), (0, b"\0slice", tensor(1, 5)), (0, b"_GRAPH", tensor(7)), (0, b"a/w", tensor(1, 2, 3))]
    )
    second = block([(0, b"a/x", tensor(9)), (2, b"y", tensor(14, 4)), (2, b"z", tensor(99, 0))])
    fields = sniff_bytes(tmp_path, table([first, second])).fields
    assert fields == {
        "format": "tf-checkpoint",
        "shards": 2,
        "tensors": 4,
        "parameters": 11,
        "dtypes": ["BF16", "F32", "I64", "other"],
    }


def test_compressed_blocks_leave_the_tensors_unsaid(tmp_path: Path) -> None:
    data = table([block([(0, b"", HEADER)]), block([(0, b"a", tensor(1, 2))], kind=b"\1")])
    assert sniff_bytes(tmp_path, data) == Facts(
        "TensorFlow", "application/x-tensorflow", {"format": "tf-checkpoint", "shards": 2}
    )


def test_leveldbs_own_tables_are_not_tensorflows(tmp_path: Path) -> None:
    assert sniff_bytes(tmp_path, table([block([(0, b"key\x01\0\0\0\0\0\0\0", b"value")])])) == UNKNOWN


HEAD = block([(0, b"", HEADER)])
LIES = {
    "another message": table([block([(0, b"", proto(9, 1))])]),
    "a value beyond the end": b"\0\0\xff\xff\xff\x7f" + table([HEAD]),
    "a block beyond the end": table([HEAD], [(0, 1 << 40)]),
    "an offset beyond the end": table([HEAD], [(1 << 63, 8)]),
    "the same block twice": table([HEAD], [(0, len(HEAD) - 5)] * 2),
    "a block of nothing": table([HEAD], [(0, 0)]),
    "more restarts than bytes": table([HEAD[:-13] + struct.pack("<II", 0, 1 << 31) + b"\0" * 5]),
    "parameters beyond 64 bits": table([HEAD, block([(0, b"a", tensor(1, 1 << 62, 4))])]),
    "too many dimensions": table([HEAD, block([(0, b"a", tensor(1, *[2] * 65))])]),
    "an index that is cut": table([HEAD])[:20] + table([HEAD])[-48:],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_does_not_hold_is_unknown(tmp_path: Path, lie: str) -> None:
    assert sniff_bytes(tmp_path, LIES[lie]) == UNKNOWN


def test_a_hostile_index_costs_no_time(tmp_path: Path) -> None:
    entries = [(0, b"", HEADER), *[(1, b"", b"")] * 10_000]
    blocks = [block(entries)]
    data = table(blocks, [(0, len(blocks[0]) - 5)] * 20_000)
    started = time.process_time()
    sniff_bytes(tmp_path, data)
    assert time.process_time() - started < 2
