from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.ids import RecordId
from registry_cli.registry.init import make_registry
from registry_cli.store import blobs
from registry_cli.store.blobs import LARGE, copy_blob, get_blob, get_record, verify_blob
from registry_cli.store.hashing import CHUNK, Digests, digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.staging import Staging
from tests.interrupts import interrupt_everywhere


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


def install(layout: Layout, data: bytes) -> Digests:
    with Staging(layout) as staging:
        digests = staging.add_bytes(data)
        staging.install()
    return digests


def spoil(layout: Layout, digests: Digests, data: bytes) -> None:
    blob = layout.blob(digests.sha256)
    blob.unlink()
    blob.write_bytes(data)


def test_a_missing_blob(layout: Layout) -> None:
    digests = digest_bytes(b"x")
    with pytest.raises(CorruptError, match=f"blob {digests.sha256[:12]} is missing"):
        get_blob(layout, digests.sha256)


def test_a_good_blob(layout: Layout) -> None:
    digests = install(layout, b"abc")
    for strong in (False, True):
        verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=strong)
    verify_blob(layout, digests.sha256, None, None)  # what is not known is made up for by SHA-256


@pytest.mark.parametrize(("data", "why"), [(b"abX", "does not hold"), (b"ab", "has 2 bytes instead of 3")])
def test_a_rotten_blob(data: bytes, why: str, layout: Layout) -> None:
    digests = install(layout, b"abc")
    spoil(layout, digests, data)
    for strong in (False, True):
        with pytest.raises(CorruptError, match=why):
            verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=strong)


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 3, 2 * LARGE + 5])
def test_a_copy(size: int, layout: Layout, tmp_path: Path) -> None:
    data = os.urandom(size)
    digests = install(layout, data)
    target = tmp_path / "copy"
    copy_blob(layout, digests.sha256, digests.xxh3, target)
    assert target.read_bytes() == data
    assert not os.path.samefile(target, layout.blob(digests.sha256))
    assert target.stat().st_mode & stat.S_IWUSR  # the copy is the user's own


def test_a_copy_of_a_rotten_blob_leaves_what_was_there(layout: Layout, tmp_path: Path) -> None:
    digests = install(layout, b"abc")
    spoil(layout, digests, b"abX")
    target = tmp_path / "there" / "copy"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(CorruptError):
        copy_blob(layout, digests.sha256, digests.xxh3, target)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_a_copy_replaces_a_link_and_not_what_it_leads_to(layout: Layout, tmp_path: Path) -> None:
    digests = install(layout, b"abc")
    other, target = tmp_path / "other", tmp_path / "link"
    other.write_bytes(b"precious")
    target.symlink_to(other)
    copy_blob(layout, digests.sha256, digests.xxh3, target)
    assert other.read_bytes() == b"precious"
    assert target.read_bytes() == b"abc"


def test_a_long_name(layout: Layout, tmp_path: Path) -> None:
    digests = install(layout, b"abc")
    target = tmp_path / ("x" * 255)
    copy_blob(layout, digests.sha256, digests.xxh3, target)
    assert target.read_bytes() == b"abc"


def test_records(layout: Layout) -> None:
    with Staging(layout) as staging:
        record = staging.add_record(b"a = 1\n")
        staging.install()
    assert get_record(layout, record) == b"a = 1\n"
    path = layout.record(record)
    path.unlink()
    path.write_bytes(b"a = 2\n")
    with pytest.raises(CorruptError, match=rf"\.registry/records/{record[:2]}/.* was changed"):
        get_record(layout, record)
    with pytest.raises(CorruptError, match=r"records/00/0{62}\.toml is missing"):
        get_record(layout, RecordId("0" * 64))


def test_no_interrupt_leaves_a_copy_waiting(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "LARGE", 2)
    digests = install(layout, b"bytes")
    target = tmp_path / "copy"
    assert interrupt_everywhere(lambda: copy_blob(layout, digests.sha256, digests.xxh3, target)) > 100
    assert target.read_bytes() == b"bytes"


def test_a_pipe_in_place_of_a_blob_or_a_record_is_not_waited_for(layout: Layout) -> None:
    digests = install(layout, b"")
    blob, record = layout.blob(digests.sha256), layout.record(RecordId(digests.sha256))
    for path in (blob, record):
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    with pytest.raises(CorruptError, match="no regular file"):
        verify_blob(layout, digests.sha256, digests.xxh3, 0)
    with pytest.raises(CorruptError, match="no regular file"):
        get_record(layout, RecordId(digests.sha256))
