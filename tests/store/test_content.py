"""Bytes that are elsewhere: told apart from lost ones, fetched when they are read, and trusted only by their digest."""

from __future__ import annotations

import errno
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError, RegError, RemoteError
from registry_cli.ids import BlobHash
from registry_cli.registry.init import make_registry
from registry_cli.store import content as module
from registry_cli.store import files, trash
from registry_cli.store.content import Content
from registry_cli.store.hashing import Digests, digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.new_file import NewFile
from registry_cli.store.staging import Staging
from tests.observers import Once, Recorder, fail
from tests.upstreams import RemoteUpstream, make_upstream, send_away

DATA = b"weights" * 100


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


@pytest.fixture
def upstream(tmp_path: Path) -> RemoteUpstream:
    return make_upstream(tmp_path / "upstream")


@pytest.fixture
def content(layout: Layout, upstream: RemoteUpstream) -> Content:
    return Content(layout, upstream)


@pytest.fixture
def digests(layout: Layout, upstream: RemoteUpstream) -> Digests:
    """A blob that is elsewhere."""
    with Staging(layout) as staging:
        digests = staging.add_bytes(DATA)
        staging.install()
    send_away(layout, upstream)
    return digests


def copy(content: Content, digests: Digests) -> bytes:
    path = content.layout.root / "copy"
    path.unlink(missing_ok=True)
    with NewFile(path) as file:
        content.copy(digests.sha256, digests.xxh3, file)
    return path.read_bytes()


def read_open(content: Content, digests: Digests) -> bytes:
    with content.open(digests.sha256) as file:
        return file.read()


def verify(content: Content, digests: Digests) -> bytes:
    content.verify(digests.sha256, digests.xxh3, digests.size)
    return content.layout.blob(digests.sha256).read_bytes()


def list_files(layout: Layout) -> list[Path]:
    return [path for folder in (layout.blobs, layout.tmp) for path in folder.rglob("*") if path.is_file()]


READERS: dict[str, Callable[[Content, Digests], bytes]] = {
    "copy": copy,
    "open": read_open,
    "path": lambda content, digests: content.get_path(digests.sha256).read_bytes(),
    "read": lambda content, digests: content.read(digests.sha256),
    "verify": verify,
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_fetches_once(name: str, content: Content, digests: Digests, upstream: RemoteUpstream) -> None:
    assert READERS[name](content, digests) == DATA
    assert stat.S_IMODE(content.layout.blob(digests.sha256).stat().st_mode) == 0o444
    assert [*upstream.fetched] == [digests.sha256]
    upstream.fetched.clear()
    assert READERS[name](content, digests) == DATA
    assert not upstream.fetched


@pytest.mark.parametrize("name", READERS)
def test_what_is_lost_is_named(name: str, layout: Layout, digests: Digests, upstream: RemoteUpstream) -> None:
    del upstream.sizes[digests.sha256]
    for content in (Content(layout), Content(layout, upstream)):
        with pytest.raises(CorruptError, match=f"blob {digests.sha256[:12]} is missing"):
            READERS[name](content, digests)
        assert content.is_lost(digests.sha256)
        assert not content.has(digests.sha256)


def test_elsewhere_is_not_lost_and_nothing_is_fetched_to_know(
    content: Content, digests: Digests, upstream: RemoteUpstream
) -> None:
    assert content.has(digests.sha256)
    assert not content.is_lost(digests.sha256)
    assert content.find_elsewhere(digests.sha256) == len(DATA)
    assert not upstream.fetched
    content.fetch(digests.sha256)
    assert content.has(digests.sha256)
    assert content.find_elsewhere(digests.sha256) is None
    assert Content(content.layout).find_elsewhere(digests.sha256) is None


def test_the_trash_comes_before_the_upstream(content: Content, digests: Digests, upstream: RemoteUpstream) -> None:
    content.fetch(digests.sha256)
    upstream.fetched.clear()
    trash.sweep(content.layout, content.layout.blob(digests.sha256))
    assert content.find_elsewhere(digests.sha256) is None
    assert not content.is_lost(digests.sha256)
    assert content.read(digests.sha256) == DATA
    assert not upstream.fetched


def test_a_large_blob_comes_in_parts(
    content: Content, upstream: RemoteUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART", 7)
    upstream.put(digest_bytes(DATA).sha256, DATA)
    assert content.read(digest_bytes(DATA).sha256) == DATA


def test_no_bytes_are_a_blob_too(content: Content, upstream: RemoteUpstream) -> None:
    upstream.put(digest_bytes(b"").sha256, b"")
    assert content.read(digest_bytes(b"").sha256) == b""


@pytest.mark.parametrize(
    ("given", "size"),
    [
        pytest.param(b"forged!" * 100, None, id="others"),
        pytest.param(DATA[:-1], len(DATA), id="cut"),
        pytest.param(DATA + b"more", len(DATA), id="too many"),
        pytest.param(b"", len(DATA), id="none"),
    ],
)
def test_wrong_bytes_never_count(
    given: bytes, size: int | None, content: Content, layout: Layout, upstream: RemoteUpstream
) -> None:
    sha256 = digest_bytes(DATA).sha256
    upstream.put(sha256, given, size)
    with pytest.raises(RemoteError, match=f"does not have the bytes of blob {sha256[:12]}"):
        content.read(sha256)
    assert list_files(layout) == []


def test_an_endless_body_ends_one_byte_after_its_size(layout: Layout) -> None:
    asked: list[tuple[int, int]] = []

    class Endless:
        def find_size(self, _sha256: BlobHash) -> int:
            return 10

        def read(self, _sha256: BlobHash, start: int, *, most: int) -> bytes:
            asked.append((start, most))
            return b"x" * min(most, 4)

    with pytest.raises(RemoteError):
        Content(layout, Endless()).read(digest_bytes(DATA).sha256)
    assert asked == [(0, 11), (4, 7), (8, 3)]


def test_an_upstream_that_is_gone_is_no_damage(
    content: Content, digests: Digests, layout: Layout, tmp_path: Path
) -> None:
    (tmp_path / "upstream").rename(tmp_path / "unmounted")
    with pytest.raises(RemoteError, match="not mounted"):
        content.read(digests.sha256)
    assert list_files(layout) == []


def test_a_blob_that_the_upstream_has_by_the_log_alone(content: Content, upstream: RemoteUpstream) -> None:
    sha256 = digest_bytes(DATA).sha256
    upstream.sizes[sha256] = len(DATA)
    with pytest.raises(RemoteError):
        content.read(sha256)


@pytest.mark.parametrize("op", ["create", "write", "fsync", "link"])
def test_a_fetch_that_fails_leaves_nothing_and_can_run_again(
    op: str, content: Content, digests: Digests, layout: Layout
) -> None:
    failure = Once(op, fail(OSError(errno.ENOSPC, "no space left on device")))
    with files.open_observer(failure), pytest.raises(OSError, match="no space"):
        content.fetch(digests.sha256)
    assert failure.done
    assert list_files(layout) == []
    assert content.read(digests.sha256) == DATA


def test_bytes_are_durable_before_they_have_their_name(content: Content, digests: Digests) -> None:
    recorder = Recorder()
    with files.open_observer(recorder):
        content.fetch(digests.sha256)
    ops = [op for op in recorder.list_ops() if op in {"fsync", "link", "fsync-dir"}]
    assert ops == ["fsync", "link", "fsync-dir"]


def test_several_fetch_the_same(content: Content, digests: Digests, layout: Layout) -> None:
    errors: list[RegError] = []

    def fetch() -> None:
        try:
            content.fetch(digests.sha256)
        except RegError as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert list_files(layout) == [layout.blob(digests.sha256)]
