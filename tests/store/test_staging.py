from __future__ import annotations

import errno
import fcntl
import os
import random
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_cli.errors import ConflictError, RegError, UsageError
from registry_cli.ids import RecordId
from registry_cli.registry.init import make_registry
from registry_cli.store import blobs, digesting_copy, files, hashing, install, stamps, trash
from registry_cli.store.blobs import get_record, verify_blob
from registry_cli.store.hashing import CHUNK, Digests, digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.progress import Unit
from registry_cli.store.staging import SMALL, Staging
from tests.builders import write
from tests.interrupts import interrupt_everywhere
from tests.observers import Once, Recorder, fail

SIZES = pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 3 * SMALL + 7])


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


TRIES = 10


def take(layout: Layout, source: Path, *, share: bool = False) -> Digests:
    with Staging(layout) as staging:
        digests = staging.add_file(source, lambda _size: (), share=share)
        staging.install()
    return digests


def list_blobs(layout: Layout) -> list[Path]:
    return [path for path in layout.blobs.rglob("*") if path.is_file()]


def is_cached(path: Path) -> bool:
    """Return whether the system has a file's last bytes in memory."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.preadv(fd, [bytearray(4096)], path.stat().st_size - 4096, os.RWF_NOWAIT) > 0
    except BlockingIOError:
        return False
    except OSError as error:
        pytest.skip(f"this file system does not tell: {error}")
    finally:
        os.close(fd)


@pytest.mark.parametrize("share", [False, True])
def test_what_is_added_beside_a_training_leaves_it_the_memory(share: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # a disk, as tests' own folders may be in memory
        check_memory(Path(folder), share)


def check_memory(folder: Path, share: bool) -> None:
    layout = make_registry(folder / "home", shared=False)
    source = write(folder / "m.bin", some_bytes(3 * SMALL))
    assert add_and_look(layout, source, share, cached=True)
    # the kernel is asked and may keep a page that another processor holds in this moment
    assert not all(add_and_look(layout, source, share, cached=False) for _ in range(TRIES))


def add_and_look(layout: Layout, source: Path, share: bool, *, cached: bool) -> bool:
    """Add a file, return whether the system has its blob in memory, and take that away."""
    with Staging(layout, cached=cached) as staging:
        digests = staging.add_file(source, share=share)
        staging.install()
    found = is_cached(layout.blob(digests.sha256))
    assert share or is_cached(source), "what the script may read stays"
    layout.blob(digests.sha256).unlink()
    return found


@SIZES
def test_a_file_becomes_a_blob_of_its_bytes(size: int, layout: Layout, tmp_path: Path) -> None:
    data = some_bytes(size)
    digests = take(layout, write(tmp_path / "f", data))
    assert digests == digest_bytes(data)
    blob = layout.blob(digests.sha256)
    assert blob.read_bytes() == data
    assert stat.S_IMODE(blob.stat().st_mode) == 0o444
    assert list(layout.tmp.iterdir()) == []
    verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=True)


@SIZES
def test_a_stream_becomes_the_same_blob(size: int, layout: Layout) -> None:
    data = some_bytes(size)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with Staging(layout) as staging:
            assert staging.add_stream(file.fileno()) == digest_bytes(data)
            assert staging.get_file(digest_bytes(data).sha256).read_bytes() == data
            staging.install()
    assert layout.blob(digest_bytes(data).sha256).read_bytes() == data


@SIZES
def test_bytes_that_are_there_are_not_written_again(size: int, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(size))
    known = take(layout, source)
    before = layout.blob(known.sha256).stat()
    recorder = Recorder()
    with files.open_observer(recorder), Staging(layout) as staging:
        assert staging.add_file(source, lambda size: {known.xxh3} if size == known.size else ()) == known
        staging.install()
    # an empty file shows that we are at work; the blob is seen in use, and durable whoever linked it
    assert recorder.list_ops() == ["create", "utime", "fsync-dir", "unlink"]
    after = layout.blob(known.sha256).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert after.st_atime_ns > before.st_atime_ns


def test_a_large_file_that_nobody_announced_is_kept_once(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(SMALL + 1))
    for _ in range(2):
        take(layout, source)
    assert len(list_blobs(layout)) == 1


@pytest.mark.parametrize("size", [100, SMALL + 1])
def test_the_same_bytes_twice_in_one_staging(size: int, layout: Layout, tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", some_bytes(size)), write(tmp_path / "b", some_bytes(size))
    with Staging(layout) as staging:
        assert staging.add_file(one) == staging.add_file(other)
        staging.install()
    assert len(list_blobs(layout)) == 1
    assert list(layout.tmp.iterdir()) == []


@pytest.mark.parametrize("size", [100, SMALL + 1])
@pytest.mark.parametrize("rot", ["flip", "cut"])
def test_a_rotten_blob_is_replaced_when_its_bytes_come_again(
    size: int, rot: str, layout: Layout, tmp_path: Path
) -> None:
    data = some_bytes(size)
    source = write(tmp_path / "f", data)
    digests = take(layout, source)
    blob = layout.blob(digests.sha256)
    blob.chmod(0o644)
    blob.write_bytes(data[:-1] if rot == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    take(layout, source)
    assert blob.read_bytes() == data
    [aside] = [path for path in layout.trash.rglob("*") if path.is_file()]
    assert aside.name.startswith(digests.sha256[2:])


def taking(size: int) -> str:
    """Return the call of the seam by which the bytes of a file of that size are taken in."""
    return "write" if size <= SMALL else "copy"


@pytest.mark.parametrize("size", [100, SMALL + 1, 3 * SMALL])
def test_a_source_that_changes_while_it_is_read_is_refused(size: int, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(size))

    def grow() -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with (
        files.open_observer(Once(taking(size), grow)),
        Staging(layout) as staging,
        pytest.raises(ConflictError, match="changed while it was read"),
    ):
        staging.add_file(source)
    assert list_blobs(layout) == []
    assert list(layout.tmp.iterdir()) == []


@pytest.mark.parametrize("size", [100, SMALL + 1])
def test_a_source_that_is_replaced_while_it_is_read_is_refused(size: int, layout: Layout, tmp_path: Path) -> None:
    source, other = write(tmp_path / "f", some_bytes(size)), write(tmp_path / "g", some_bytes(size))
    with (
        files.open_observer(Once(taking(size), lambda: other.rename(source))),
        Staging(layout) as staging,
        pytest.raises(ConflictError),
    ):
        staging.add_file(source)


def rewrite_unseen(source: Path) -> None:
    """Write other bytes into a file and set its modification time back, as `cp -p` and `rsync -t` do."""
    before = source.stat()
    source.write_bytes(bytes(before.st_size))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def after_a_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something once, when the first chunk of a file has been read."""

    def arrange(action: Callable[[], object]) -> None:
        waiting = [action]
        plain = hashing.iter_chunks

        def iter_chunks(fd: int, buffer: memoryview | None = None, *, most: int = sys.maxsize) -> Iterator[memoryview]:
            for chunk in plain(fd, buffer, most=most):
                yield chunk
                if waiting:
                    waiting.pop()()

        for module in (hashing, digesting_copy):
            monkeypatch.setattr(module, "iter_chunks", iter_chunks)

    return arrange


WAYS: dict[str, Callable[[Staging, Path], Digests]] = {
    "copied": lambda staging, source: staging.add_file(source),
    "shared": lambda staging, source: staging.add_file(source, share=True),
    "read": lambda staging, source: staging.read_file(source),
    "known": lambda staging, source: staging.add_file(source, lambda _size: {digest_bytes(source.read_bytes()).xxh3}),
}


@pytest.mark.parametrize("way", ["copied", "shared", "read"])
def test_a_source_that_is_rewritten_with_its_time_set_back_is_refused(
    way: str,
    layout: Layout,
    tmp_path: Path,
    after_a_chunk: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blobs, "LARGE", SMALL)  # what the system copies at a time
    source = write(tmp_path / "f", some_bytes(3 * SMALL))
    after_a_chunk(lambda: rewrite_unseen(source))
    with (
        files.open_observer(Once("copy", lambda: rewrite_unseen(source), when="after")),
        Staging(layout) as staging,
        pytest.raises(ConflictError, match="changed while it was read"),
    ):
        WAYS[way](staging, source)
    assert list_blobs(layout) == []
    assert list(layout.tmp.iterdir()) == []


def test_a_source_that_is_rewritten_between_two_readings_is_taken_as_it_is_then(
    layout: Layout, tmp_path: Path, after_a_chunk: Callable[[Callable[[], object]], None]
) -> None:
    source = write(tmp_path / "f", some_bytes(3 * SMALL))
    known = take(layout, source)
    after_a_chunk(lambda: rewrite_unseen(source))
    with Staging(layout) as staging:
        digests = staging.add_file(source, lambda _size: {known.xxh3})
        staging.install()
    assert layout.blob(digests.sha256).read_bytes() == bytes(3 * SMALL)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", ["link", "mode"])
def test_a_source_that_gets_a_name_or_a_mode_while_it_is_read_is_taken(
    way: str, change: str, layout: Layout, tmp_path: Path, after_a_chunk: Callable[[Callable[[], object]], None]
) -> None:
    source = write(tmp_path / "f", some_bytes(3 * SMALL))
    if way == "known":
        take(layout, source)
    after_a_chunk(lambda: (tmp_path / "g").hardlink_to(source) if change == "link" else source.chmod(0o600))
    with Staging(layout) as staging:
        assert WAYS[way](staging, source) == digest_bytes(source.read_bytes())


def test_a_source_that_never_rests_is_refused(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "f", some_bytes(100))
    plain = stamps.digest_open

    def digest(fd: int, most: int) -> Digests:
        source.chmod(source.stat().st_mode ^ 0o100)
        return plain(fd, most)

    monkeypatch.setattr(stamps, "digest_open", digest)
    with (
        files.open_observer(Once("write", lambda: source.chmod(0o600))),
        Staging(layout) as staging,
        pytest.raises(ConflictError),
    ):
        staging.add_file(source)


def test_a_name_that_leads_elsewhere_by_the_time_it_is_shared_is_refused(layout: Layout, tmp_path: Path) -> None:
    source, other = write(tmp_path / "f", b"good"), write(tmp_path / "g", b"evil")
    with (
        files.open_observer(Once("link", lambda: other.rename(source))),
        Staging(layout) as staging,
        pytest.raises(ConflictError),
    ):
        staging.add_file(source, share=True)


@pytest.mark.slow
def test_a_sparse_file_stays_sparse_and_exact(layout: Layout, tmp_path: Path) -> None:
    source = tmp_path / "sparse"
    with source.open("wb") as file:
        for offset in (0, 300 << 20, (1 << 30) - 5):  # an end that is no multiple of a page
            file.seek(offset)
            file.write(b"weights")
        file.truncate((1 << 30) + 12345)
    if source.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("the file system keeps no holes")
    digests = take(layout, source)
    blob = layout.blob(digests.sha256)
    assert digests.size == blob.stat().st_size == source.stat().st_size
    assert blob.stat().st_blocks * 512 <= 8 << 20
    verify_blob(layout, digests.sha256, digests.xxh3, digests.size)
    with blob.open("rb") as file:
        file.seek((1 << 30) - 5)
        assert file.read() == b"weights" + bytes(12345 - 2)


@pytest.mark.slow
def test_offsets_beyond_four_gibibytes(layout: Layout, tmp_path: Path) -> None:
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.seek((4 << 30) + 3)
        file.write(b"end")
    digests = take(layout, source)
    assert digests.size == (4 << 30) + 6
    with layout.blob(digests.sha256).open("rb") as file:
        file.seek((4 << 30) + 3)
        assert file.read() == b"end"
    verify_blob(layout, digests.sha256, digests.xxh3, digests.size, strong=True)


@pytest.mark.parametrize("holes", [False, True])
def test_a_file_system_that_shares_bytes(
    holes: bool, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FICLONE is played by a copy: the kernel's part, on the few file systems that have it."""
    data = some_bytes(SMALL) + bytes(2 * SMALL) + some_bytes(SMALL + 1)
    source = tmp_path / "f"
    with source.open("wb") as file:
        for at in range(0, len(data), SMALL):
            if holes and not any(data[at : at + SMALL]):
                file.seek(SMALL, os.SEEK_CUR)
            else:
                file.write(data[at : at + SMALL])

    def clone(target: int, request: int, origin: int) -> int:
        assert request == 0x40049409
        return os.pwrite(target, os.pread(origin, len(data), 0), 0)

    monkeypatch.setattr(fcntl, "ioctl", clone)
    recorder = Recorder()
    with files.open_observer(recorder):
        digests = take(layout, source)
    assert digests == digest_bytes(data)
    assert layout.blob(digests.sha256).read_bytes() == data
    assert "write" not in recorder.list_ops()


def test_a_read_only_file(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"x")
    source.chmod(0o400)
    assert layout.blob(take(layout, source).sha256).read_bytes() == b"x"


def test_a_pipe_is_refused_at_once(layout: Layout, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with Staging(layout) as staging, pytest.raises(UsageError, match="not a regular file"):
        staging.add_file(tmp_path / "fifo")


def test_a_folder_or_device_is_refused_at_once(layout: Layout, tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        with Staging(layout) as staging, pytest.raises(UsageError, match="not a regular file"):
            staging.add_file(path)


def test_a_socket_is_refused_at_once(layout: Layout, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with Staging(layout) as staging, pytest.raises(OSError):
            staging.add_file(tmp_path / "socket")


@pytest.mark.parametrize("size", [0, 100, SMALL + 1])
def test_a_shared_file_is_one_inode_with_two_names(size: int, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(size))
    digests = take(layout, source, share=True)
    assert os.path.samefile(source, layout.blob(digests.sha256))
    assert source.stat().st_nlink == 2
    assert source.read_bytes() == some_bytes(size)


def test_a_link_to_a_file_is_shared_as_the_file(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"x")
    (tmp_path / "link").symlink_to("f")
    digests = take(layout, tmp_path / "link", share=True)
    assert os.path.samefile(source, layout.blob(digests.sha256))
    assert not layout.blob(digests.sha256).is_symlink()


def test_a_shared_file_whose_name_is_given_to_another(layout: Layout, tmp_path: Path) -> None:
    source, other = write(tmp_path / "f", b"good"), write(tmp_path / "g", b"evil")
    with Staging(layout) as staging:
        digests = staging.add_file(source, share=True)
        other.rename(source)
        staging.install()
    assert layout.blob(digests.sha256).read_bytes() == b"good"


def test_a_file_of_another_file_system_is_not_shared(layout: Layout, elsewhere: Path) -> None:
    source = write(elsewhere / "f", b"x")
    with Staging(layout) as staging, pytest.raises(RegError, match="cannot share its bytes") as caught:
        staging.add_file(source, share=True)
    assert caught.value.message.endswith("; without --link it is copied")
    assert list_blobs(layout) == []
    assert layout.blob(take(layout, source).sha256).read_bytes() == b"x"


def test_what_is_not_installed_leaves_nothing(layout: Layout, tmp_path: Path) -> None:
    with Staging(layout) as staging:
        staging.add_file(write(tmp_path / "f", some_bytes(2 * SMALL)))
        staging.add_bytes(b"x")
        staging.add_record(b"y")
        staging.write_entry(b"z")
    assert list(layout.tmp.iterdir()) == []
    assert list_blobs(layout) == []


@pytest.mark.parametrize("op", ["create", "copy", "fsync", "link", "fsync-dir"])
def test_a_full_disk_leaves_nothing_half_written(op: str, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(2 * SMALL))
    full = fail(OSError(errno.ENOSPC, "no space left on device"))
    with files.open_observer(Once(op, full)), pytest.raises(OSError, match="no space"):
        take(layout, source)
    assert list(layout.tmp.iterdir()) == []
    for blob in list_blobs(layout):
        assert blob.read_bytes() == source.read_bytes()
    take(layout, source)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> int:
    """A number of files from which on folders are listed."""
    monkeypatch.setattr(install, "LIST", 2)
    return 2


def test_names_that_are_listed(many: int, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"known")
    known = take(layout, source)
    with Staging(layout, number=many) as staging, files.open_observer(recorder := Recorder()):
        assert staging.add_file(source) == known
        new = staging.add_bytes(b"new")
        staging.install()
    assert recorder.list_ops().count("link") == 1
    assert layout.blob(new.sha256).read_bytes() == b"new"


def test_a_listed_name_that_goes_and_one_that_comes(many: int, layout: Layout, tmp_path: Path) -> None:
    goes = take(layout, write(tmp_path / "f", b"goes"))
    comes = digest_bytes(b"comes")
    with Staging(layout, number=many) as staging:
        for sha256 in (goes.sha256, comes.sha256):
            staging._names.is_there(layout.blob_text(sha256))
        layout.blob(goes.sha256).unlink()
        take(layout, write(tmp_path / "g", b"comes"))
        staging.add_bytes(b"goes")
        staging.add_bytes(b"comes")
        staging.install()
    assert layout.blob(goes.sha256).read_bytes() == b"goes"
    assert layout.blob(comes.sha256).read_bytes() == b"comes"


def test_a_large_folder_is_not_listed(many: int, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_SMALL", -1)
    target = layout.blob(digest_bytes(b"x").sha256)
    with Staging(layout, number=many) as staging:
        assert not staging._names.is_there(str(target))
        target.write_bytes(b"x")
        assert staging._names.is_there(str(target))


def test_more_files_than_are_kept_open(layout: Layout) -> None:
    datas = [str(at).encode() for at in range(150)]
    with Staging(layout) as staging:
        for data in datas:
            staging.add_bytes(data)
        staging.install()
    assert all(layout.blob(digest_bytes(data).sha256).read_bytes() == data for data in datas)


def test_folders_are_flushed_after_the_files_in_them_are_named(layout: Layout, tmp_path: Path) -> None:
    recorder = Recorder()
    with files.open_observer(recorder):
        take(layout, write(tmp_path / "f", b"x"))
    assert recorder.list_ops() == ["create", "write", "fsync", "link", "fsync-dir", "unlink"]


def test_a_blob_that_another_process_brings_meanwhile(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"x")
    with files.open_observer(Once("link", lambda: take(layout, source))):
        digests = take(layout, source)
    assert layout.blob(digests.sha256).read_bytes() == b"x"


def test_a_fan_out_folder_that_a_copy_of_the_registry_lost(layout: Layout) -> None:
    layout.blob(digest_bytes(b"x").sha256).parent.rmdir()
    with Staging(layout) as staging:
        digests = staging.add_bytes(b"x")
        staging.install()
    assert layout.blob(digests.sha256).read_bytes() == b"x"


def test_a_hit_that_is_collected_meanwhile_comes_back_from_the_trash(layout: Layout) -> None:
    with Staging(layout) as staging:
        digests = staging.add_bytes(b"x")
        staging.install()
    with Staging(layout) as staging:
        staging.add_bytes(b"x")
        assert trash.sweep(layout, layout.blob(digests.sha256))
        staging.install()
        assert layout.blob(digests.sha256).read_bytes() == b"x"
        layout.blob(digests.sha256).unlink()
        staging.restore_lost()
        assert layout.blob(digests.sha256).read_bytes() == b"x"


def test_a_hit_that_is_gone_is_a_conflict(layout: Layout) -> None:
    with Staging(layout) as staging:
        digests = staging.add_bytes(b"x")
        staging.install()
    with Staging(layout) as staging:
        staging.add_bytes(b"x")
        layout.blob(digests.sha256).unlink()
        with pytest.raises(ConflictError, match="was collected"):
            staging.install()


def test_records_are_named_by_their_bytes(layout: Layout) -> None:
    for _ in range(2):
        with Staging(layout) as staging:
            record = staging.add_record(b"a = 1\n")
            staging.install()
    assert record == RecordId(digest_bytes(b"a = 1\n").sha256)
    assert get_record(layout, record) == b"a = 1\n"


def test_reading_takes_nothing_in(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"x")
    recorder = Recorder()
    with files.open_observer(recorder), Staging(layout) as staging:
        assert staging.read_file(source) == digest_bytes(b"x")
    assert recorder.calls == []


def test_a_shared_registry_can_be_read_by_its_group(tmp_path: Path) -> None:
    layout = make_registry(tmp_path / "home", shared=True)
    umask = os.umask(0o077)
    try:
        blob = layout.blob(take(layout, write(tmp_path / "f", b"x")).sha256)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(blob.stat().st_mode) == 0o444
    assert stat.S_IMODE(blob.parent.stat().st_mode) == 0o2775


@pytest.mark.slow
def test_no_interrupt_leaves_an_add_waiting(layout: Layout) -> None:
    def take_chunks() -> None:
        with Staging(layout) as staging:
            staging.add_chunks([b"one", b"two"])

    assert interrupt_everywhere(take_chunks) > 100


class Growing:
    """A writer that is as fast as whoever reads its file."""

    def __init__(self, path: Path, until: int) -> None:
        self.path = path
        self.until = until

    def start(self, label: str, total: int | None, unit: Unit) -> None:
        pass

    def advance(self, n: int) -> None:
        with self.path.open("ab") as file:
            if file.tell() < self.until:
                file.write(bytes(n))

    def stop(self) -> None:
        pass


def test_a_file_that_never_ends_is_refused_soon(layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", some_bytes(SMALL + 1))
    with (
        Staging(layout, progress=Growing(source, 8 * SMALL)) as staging,
        pytest.raises(ConflictError, match="changed while it was read"),
    ):
        staging.add_file(source)
    assert source.stat().st_size <= 2 * SMALL + CHUNK


@pytest.mark.parametrize("take", [Staging.read_file, Staging.add_file])
def test_what_has_no_end_is_not_read(take: Callable[[Staging, Path], Digests], layout: Layout, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with Staging(layout) as staging:
        for source in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
            with pytest.raises(UsageError, match="not a regular file"):
                take(staging, source)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a file of Linux, empty by its size")
@pytest.mark.parametrize("take", [Staging.read_file, Staging.add_file])
def test_more_bytes_than_its_size_says_are_refused(take: Callable[[Staging, Path], Digests], layout: Layout) -> None:
    with Staging(layout) as staging, pytest.raises(ConflictError, match="changed while it was read"):
        take(staging, Path("/proc/self/status"))
