"""Operations on versions whose bytes only the upstream has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.errors import RefusedError, RemoteError
from registry_cli.opening import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.get import get_version, open_path, write_stream
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.registry.verify import list_faults
from registry_cli.store.progress import Unit
from tests.builders import add, add_path, write
from tests.upstreams import RemoteUpstream, key_of, make_upstream, send_away


class Works:
    """Notes each piece of work: its label, its total, and how much of it was done."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int | None, int]] = []

    def start(self, label: str, total: int | None, _unit: Unit) -> None:
        self.done.append((label, total, 0))

    def advance(self, n: int) -> None:
        label, total, done = self.done.pop()
        self.done.append((label, total, done + n))

    def stop(self) -> None:
        pass


@pytest.fixture
def upstream(registry: Registry, tmp_path: Path) -> RemoteUpstream:
    registry.upstream = make_upstream(tmp_path / "upstream")
    return registry.upstream


def test_a_stream(registry: Registry, upstream: RemoteUpstream) -> None:
    row = add(registry, "a/b", b"weights")
    send_away(registry.layout, upstream)
    reader, writer = os.pipe()
    with open(reader, "rb") as stream:
        write_stream(registry, row, writer)
        os.close(writer)
        assert stream.read() == b"weights"


def test_a_version_is_fetched_once_and_that_is_reported(
    registry: Registry, upstream: RemoteUpstream, tmp_path: Path
) -> None:
    paths = [write(tmp_path / "in" / name, data) for name, data in (("a", b"same"), ("b", b"same"), ("c", b"other"))]
    row = add_path(registry, "a/b", tmp_path / "in").version
    send_away(registry.layout, upstream)
    works = Works()
    get_version(registry, row, tmp_path / "out", progress=works)
    assert works.done == [("fetch a/b:1", 9, 9), ("get a/b:1", 13, 13)]
    assert [(tmp_path / "out" / path.name).read_bytes() for path in paths] == [b"same", b"same", b"other"]
    works.done.clear()
    assert (open_path(registry, row, progress=works) / "c").read_bytes() == b"other"
    assert [label for label, *_ in works.done] == ["check a/b:1"]


def test_what_is_not_written_is_not_fetched(registry: Registry, upstream: RemoteUpstream, tmp_path: Path) -> None:
    row = add_path(registry, "a/b", write(tmp_path / "in/a", b"same"), write(tmp_path / "in/b", b"other")).version
    send_away(registry.layout, upstream)
    get_version(registry, row, tmp_path / "in")
    assert not upstream.fetched


def test_a_file_outside_need_not_be_there(registry: Registry, upstream: RemoteUpstream, tmp_path: Path) -> None:
    source = write(tmp_path / "ext" / "m.bin", b"weights")
    row = add_path(registry, "a/b", source, mode="reference").version
    (file,) = row.files
    assert file.sha256
    upstream.put(file.sha256, b"weights")
    source.unlink()
    assert not check_registry(registry).damages
    assert list_faults(registry, row) == []
    assert open_path(registry, row).read_bytes() == b"weights"


def test_a_removed_version_whose_bytes_are_elsewhere_was_not_collected(
    registry: Registry, upstream: RemoteUpstream
) -> None:
    row = add(registry, "a/b", b"weights")
    send_away(registry.layout, upstream)
    remove_versions(registry, ["a/b:1"])
    with pytest.raises(RefusedError) as caught:
        open_path(registry, registry.get_row(row.id))
    assert caught.value.hint == "reg model restore a/b:1"
    upstream.sizes.clear()
    with pytest.raises(RefusedError, match="its bytes were collected"):
        open_path(registry, registry.get_row(row.id))


def test_forged_bytes_are_never_written_out(registry: Registry, upstream: RemoteUpstream, tmp_path: Path) -> None:
    row = add(registry, "a/b", b"weights")
    send_away(registry.layout, upstream)
    (file,) = row.files
    assert file.sha256
    upstream.remote.delete(key_of(file.sha256))
    upstream.put(file.sha256, b"weightX")
    with pytest.raises(RemoteError, match="does not have the bytes"):
        get_version(registry, row, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not check_registry(registry).damages


def test_a_registry_that_is_opened_once_more_has_the_same_upstream(
    registry: Registry, upstream: RemoteUpstream
) -> None:
    row = add(registry, "a/b", b"weights")
    send_away(registry.layout, upstream)
    with registry.reopen() as other:
        assert open_path(other, row).read_bytes() == b"weights"
