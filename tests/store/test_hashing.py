from __future__ import annotations

import os
import tempfile
from itertools import accumulate
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.store.hashing import (
    CHUNK,
    Follower,
    digest_bytes,
    digest_open,
    iter_chunks,
    open_reader,
    sha256_of_file,
    xxh3_of_file,
)

# https://github.com/Cyan4973/xxHash/blob/dev/tests/sanity_test_vectors.h: bytes of its generator, seed 0, 128 bits
PRIME32, PRIME64 = 2654435761, 11400714785074694797
VECTORS = {
    0: "99aa06d3014798d86001c324468d497f",
    1: "a6cd5e9392000f6ac44bdff4074eecdb",
    6: "082afe0b8162d12a3e7039bdda43cfc6",
    12: "6e3efd8fc7802b18061a192713f69ad9",
    24: "0ce966e4678d37611e7044d28b1b901d",
    48: "a002ac4e5478227ef942219aed80f67b",
    81: "4952f58181ab00425e8bafb9f95fb803",
    222: "337e09641b948717f1aebd597cec6b3a",
    403: "1b6de21e332dd73dcdeb804d65c6dea4",
    512: "18d2d110dcc9bca1617e49599013cb6b",
    2048: "f736557fd47073a5dd59e2c3a5f038e0",
    2240: "ccb134fbfa7ce49d6e73a90539cf2948",
    2367: "e89c0f6ff369b427cb37aeb9e5d361ed",
}


def sanity_bytes(size: int) -> bytes:
    state, data = PRIME32, bytearray()
    for _ in range(size):
        data.append(state >> 56)
        state = state * PRIME64 & (1 << 64) - 1
    return bytes(data)


@pytest.mark.parametrize("size", VECTORS)
def test_xxh3_is_the_canonical_one(size: int) -> None:
    assert digest_bytes(sanity_bytes(size)).xxh3 == VECTORS[size]


def test_digests_of_bytes() -> None:
    digests = digest_bytes(b"abc")
    assert digests.size == 3
    assert digests.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
    assert digests.xxh3 == "06b05ab6733a618578af5f94892f3950"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_digests_of_a_file_are_those_of_its_bytes(size: int, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(os.urandom(size))
    digests = digest_bytes(path.read_bytes())
    assert (sha256_of_file(path), xxh3_of_file(path)) == (digests.sha256, digests.xxh3)
    with open_reader(path) as fd:
        assert b"".join(map(bytes, iter_chunks(fd))) == path.read_bytes()


@given(st.lists(st.integers(0, CHUNK * 2), max_size=6), st.integers(0, 255))
def test_the_follower_takes_the_digest_behind_a_writer(sizes: list[int], byte: int) -> None:
    data = xxhash.xxh3_128_digest(bytes([byte])) * (sum(sizes) // 16 + 1)
    data = data[: sum(sizes)]
    with tempfile.TemporaryFile(buffering=0) as file:
        follower = Follower(file.fileno())
        for size, end in zip(sizes, accumulate(sizes), strict=True):
            file.write(data[end - size : end])
            follower.advance(end)
        assert follower.finish() == digest_bytes(data)


def test_the_follower_sees_a_file_that_loses_bytes() -> None:
    with tempfile.TemporaryFile(buffering=0) as file:
        follower = Follower(file.fileno())
        file.write(b"12")
        follower.advance(10)
        with pytest.raises(OSError, match="lost bytes"):
            follower.finish()


def test_the_follower_reports_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT)
    try:
        follower = Follower(fd)
        os.write(fd, b"12")
        follower.advance(2)
        with pytest.raises(OSError, match="Bad file descriptor"):
            follower.finish()
    finally:
        os.close(fd)


def test_a_follower_that_is_stopped_ends(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(buffering=0) as file:
        Follower(file.fileno()).stop()
        follower = Follower(file.fileno())
        file.write(b"12")
        follower.advance(2)
        follower.stop()
        follower.advance(4)
        assert follower.finish()


@pytest.mark.parametrize("most", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_no_more_is_read_than_asked_for(most: int, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(os.urandom(2 * CHUNK))
    first = digest_bytes(path.read_bytes()[:most])
    assert (sha256_of_file(path, most=most), xxh3_of_file(path, most=most)) == (first.sha256, first.xxh3)
    with open_reader(path) as fd:
        assert digest_open(fd, most) == first


def test_what_may_have_no_end_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            open_reader(path)
    with pytest.raises(IsADirectoryError):
        sha256_of_file(tmp_path)
