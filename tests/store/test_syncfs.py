from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from registry_cli.registry.init import make_registry
from registry_cli.store import files, syncfs
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.layout import Layout
from registry_cli.store.staging import SMALL, Staging
from registry_cli.store.syncfs import MANY, WholeSync, open_whole_sync
from tests.builders import write
from tests.observers import Once, Recorder, fail

pytestmark = pytest.mark.skipif(not syncfs._is_linux(), reason="only Linux says what a flush of all has lost")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path / "home", shared=False)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever file system the tests run on, and whatever else is written on this machine."""
    monkeypatch.setattr(WholeSync, "is_known", lambda _whole: True)
    monkeypatch.setattr(syncfs, "_read_waiting", lambda: 0)


def add(layout: Layout, number: int, told: int) -> list[str]:
    """Add a number of files, and one that is large, and return the seam's calls."""
    recorder = Recorder()
    with files.open_observer(recorder), Staging(layout, number=told) as staging:
        for at in range(number):
            staging.add_bytes(b"%d" % at)
        staging.add_chunks([bytes(SMALL), b"more"])
        staging.install()
        staging.add_record(b"a = 1\n")
        staging.install()
    assert all(layout.blob(digest_bytes(b"%d" % at).sha256).read_bytes() == b"%d" % at for at in range(number))
    return recorder.list_ops()


def test_many_files_are_flushed_at_once_and_their_folders_once_more(known: None, layout: Layout) -> None:
    ops = add(layout, MANY, MANY)
    first, second = (at for at, op in enumerate(ops) if op == "syncfs")
    assert set(ops[:first]) == {"create", "write", "fsync"}
    assert ops[:first].count("fsync") == 1, "the large one is flushed by itself"
    assert set(ops[first + 1 : second]) == {"link"}
    assert ops[second:].count("fsync") == 1, "a record that comes later is flushed by itself"
    assert ops[second:].count("fsync-dir") == 1


def test_a_flush_begins_before_the_last_file_is_written(
    known: None, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncfs, "STRIDE", MANY)
    ops = add(layout, 3 * MANY, 3 * MANY)
    assert ops.count("syncfs") >= 3
    assert ops.index("syncfs") < ops.index("link")
    assert "write" not in ops[ops.index("link") : len(ops) - ops[::-1].index("syncfs")], (
        "all is flushed when it is named"
    )


def test_an_early_flush_that_fails_ends_the_add(known: None, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncfs, "STRIDE", MANY)

    def add_many() -> None:
        with Staging(layout, number=3 * MANY) as staging:
            for at in range(3 * MANY):
                staging.add_bytes(b"%d" % at)
            staging.install()

    with files.open_observer(Once("syncfs", fail(OSError(errno.EIO, "lost")))), pytest.raises(OSError, match="lost"):
        add_many()
    assert not list(layout.tmp.iterdir())
    assert not [path for path in layout.blobs.rglob("*") if path.is_file()]


def test_few_files_are_flushed_one_by_one(known: None, layout: Layout) -> None:
    assert "syncfs" not in add(layout, MANY - 1, MANY - 1)


@pytest.mark.parametrize("release", ["5.7.19-generic", "4.18", "x.y"])
def test_an_older_kernel_does_not_say_what_it_lost(
    release: str, known: None, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*told[:2], release, *told[3:])))
    assert open_whole_sync(layout.tmp, MANY) is None


def test_nobody_waits_for_all_that_others_write(known: None, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncfs, "_read_waiting", lambda: 1 << 40)
    assert open_whole_sync(layout.tmp, MANY) is None


def test_a_file_system_that_nobody_has_looked_at_is_not_believed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncfs, "_KNOWN", frozenset())
    assert open_whole_sync(layout.tmp, MANY) is None


def test_what_waits_is_counted() -> None:
    assert syncfs._read_waiting() >= 0


def test_a_flush_that_fails_leaves_nothing(known: None, layout: Layout, tmp_path: Path) -> None:
    source = write(tmp_path / "f", b"x")
    with Staging(layout, number=MANY) as staging:
        staging.add_file(source)
        with (
            files.open_observer(Once("syncfs", fail(OSError(errno.EIO, "lost")))),
            pytest.raises(OSError, match="lost"),
        ):
            staging.install()
    assert [path for path in layout.blobs.rglob("*") if path.is_file()] == []
    assert list(layout.tmp.iterdir()) == []


def test_an_error_of_the_call_is_told(known: None, layout: Layout) -> None:
    whole = open_whole_sync(layout.tmp, MANY)
    assert whole
    whole.flush()
    whole.close()
    with pytest.raises(OSError) as caught:
        whole.flush()
    assert caught.value.errno == errno.EBADF
    whole.close()
