"""Segments: what is written is read, and of what is damaged nothing is believed."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import CorruptError
from registry_cli.store.files import SMALL
from registry_cli.store.segments import BLOCK, HEAD, Kind, dump_segment, iter_frames, read_frame

kinds: st.SearchStrategy[Kind] = st.sampled_from(["E", "R"])
FRAMES: list[tuple[Kind, bytes]] = [("R", b"a record"), ("E", b"an entry"), ("R", b"x" * 1000), ("E", b"")]
WHERE = "log/00000000000000000001"


def read(data: bytes) -> list[tuple[Kind, bytes]]:
    return [(frame.kind, frame.data) for frame in iter_frames(io.BytesIO(data), WHERE)]


@given(st.lists(st.tuples(kinds, st.binary(max_size=200))), st.integers(1, 400))
def test_what_is_written_is_read(frames: list[tuple[Kind, bytes]], repeat: int) -> None:
    segment = dump_segment((kind, data * repeat) for kind, data in frames)
    assert read(segment) == [(kind, data * repeat) for kind, data in frames]
    for frame in iter_frames(io.BytesIO(segment), WHERE):
        assert read_frame(io.BytesIO(segment), frame.block, frame.offset, len(frame.data), WHERE) == frame.data


def test_the_bytes_follow_from_the_files_alone() -> None:
    assert dump_segment(FRAMES) == dump_segment(iter(FRAMES))
    frames = b"".join(struct.pack(">cI", kind.encode(), len(data)) + data for kind, data in FRAMES)
    size, inflated = struct.unpack(">II", dump_segment(FRAMES)[len(HEAD) :][:8])
    assert inflated == len(frames)
    assert zlib.decompress(dump_segment(FRAMES)[len(HEAD) + 8 :]) == frames
    assert len(dump_segment(FRAMES)) == len(HEAD) + 8 + size


def test_a_block_ends_in_time_and_a_large_file_has_one_of_its_own() -> None:
    small, large = b"s" * (BLOCK // 3), b"l" * (3 * BLOCK)
    frames: list[tuple[Kind, bytes]] = [("R", small) for _ in range(5)]
    frames += [("E", large), ("R", small)]
    found = list(iter_frames(io.BytesIO(dump_segment(frames)), WHERE))
    assert [frame.data for frame in found] == [data for _, data in frames]
    assert len({frame.block for frame in found}) == 5


def test_one_that_is_cut_off_is_told_at_every_byte() -> None:
    segment = dump_segment(FRAMES)
    for end in range(len(segment)):
        if end == len(HEAD):  # a segment without files
            assert read(segment[:end]) == []
            continue
        with pytest.raises(CorruptError, match=WHERE):
            read(segment[:end])


@pytest.mark.parametrize("size", [1, 5_000])
def test_a_flipped_bit_is_noticed(size: int) -> None:
    """Also one in the checksum, which zlib may compare in a call of its own; bits that fill a byte up hold nothing."""
    good = dump_segment([*FRAMES, ("R", b"".join(b"%d" % number for number in range(size)))])
    noticed = 0
    for at in [*range(len(HEAD), min(len(good), 200)), *range(len(good) - 8, len(good))]:
        for bit in range(8):
            segment = bytearray(good)
            segment[at] ^= 1 << bit
            try:
                assert read(bytes(segment)) == read(good)
            except CorruptError:
                noticed += 1
    assert noticed > 8 * 40


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    try:
        read(HEAD + data)
    except CorruptError:
        return


def block(frames: bytes, *, says: int | None = None) -> bytes:
    data = zlib.compress(frames)
    return HEAD + struct.pack(">II", len(data), len(frames) if says is None else says) + data


@pytest.mark.slow
def test_a_block_inflates_to_what_it_says_and_no_further() -> None:
    frames = struct.pack(">cI", b"R", 4) + b"data"
    assert read(block(frames)) == [("R", b"data")]
    for says in (0, len(frames) - 1, len(frames) + 1, SMALL * 4 - 1):
        with pytest.raises(CorruptError):
            read(block(frames, says=says))
    with pytest.raises(CorruptError):
        read(block(b"\0" * (64 << 20), says=9))  # a bomb


@pytest.mark.parametrize("frames", [b"R", b"X\0\0\0\0", struct.pack(">cI", b"R", 5) + b"data", b"E\xff\xff\xff\xff"])
def test_files_that_their_block_does_not_hold(frames: bytes) -> None:
    with pytest.raises(CorruptError):
        read(block(frames))


def test_a_place_that_an_index_tells_wrong() -> None:
    segment = dump_segment(FRAMES)
    [first, *_] = iter_frames(io.BytesIO(segment), WHERE)
    for where in ((first.block, first.offset, 1 << 20), (len(segment), 0, 1), (3, 0, 1), (first.block, 1 << 30, 1)):
        with pytest.raises(CorruptError):
            read_frame(io.BytesIO(segment), *where, WHERE)
