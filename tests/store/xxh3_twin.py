"""Forges twins: another file of the same length with the same XXH3-64 and XXH3-128, from any file a little above 1 KiB.

XXH3 of a long input (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH3 Algorithm for large inputs")
takes blocks of 1024 bytes, 16 stripes of 8 words. Within a block, the word d of stripe s and lane i only does this:

    key = d XOR secret[8 * (s + i)]      lane i     += low half of key * high half of key
                                         lane i ^ 1 += d                                   (all modulo 2^64)

So a lane's 16 words may be any that keep two numbers: the sum of their products and their own sum. Twelve are chosen
freely, two more make the sum of products right, and the last two, whose products are zero, make the sum right.
"""

from __future__ import annotations

import struct
from typing import Final

BLOCK: Final = 1024
FREE: Final = 768
"""Bytes at the start of a block that may be anything at all."""

_LANES: Final = 8
_STRIPES: Final = 16
_WORD: Final = (1 << 64) - 1
_HALF: Final = (1 << 32) - 1
_SECRET: Final = struct.unpack(
    "<23Q",
    bytes.fromhex(
        "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
        "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
        "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
        "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
        "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
        "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428"
    ),
)
"""The public default secret as words; a block uses its first 184 bytes."""


def forge_twin(data: bytes, payload: bytes, *, block: int = 0) -> bytes:
    """Return a file that starts block number `block` with `payload` and has the digests of `data`.

    Args:
        data: The file; 64 bytes must follow that block, because the last 64 of a file count once more.
        payload: Up to `FREE` bytes.
        block: Which block to forge, from 0.
    """
    start = block * BLOCK
    assert len(payload) <= FREE
    assert start + BLOCK + 64 <= len(data)
    old = data[start : start + BLOCK]
    words = list(struct.unpack("<128Q", payload + old[len(payload) :]))
    for lane in range(_LANES):
        words[lane::_LANES] = _solve(lane, struct.unpack("<128Q", old)[lane::_LANES], words[lane::_LANES])
    return data[:start] + struct.pack("<128Q", *words) + data[start + BLOCK :]


def _solve(lane: int, old: tuple[int, ...], words: list[int]) -> list[int]:
    """Return a lane's words with the last four changed so that both sums are those of `old`."""
    keys = [_SECRET[stripe + lane] for stripe in range(_STRIPES)]
    product = sum(map(_product, old, keys)) - sum(map(_product, words[:12], keys))
    # two products for any number: (2^32 - 1) * quotient + remainder * 1
    quotient, remainder = divmod(product & _WORD, _HALF)
    assert quotient <= _HALF, "one payload in four billion fails: change a bit of it"
    words[12] = (_HALF << 32 | quotient) ^ keys[12]
    words[13] = (remainder << 32 | 1) ^ keys[13]
    # two words for any sum: a key whose high half is zero leaves the low half free, and the other way round
    missing = sum(old) - sum(words[:14])
    words[14] = (keys[14] & ~_HALF) | ((missing - keys[15]) & _HALF)
    words[15] = (missing - words[14]) & _WORD
    assert _product(words[14], keys[14]) == _product(words[15], keys[15]) == 0
    return words


def _product(word: int, key: int) -> int:
    mixed = word ^ key
    return (mixed & _HALF) * (mixed >> 32)
