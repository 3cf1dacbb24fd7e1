from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from registry_cli.registry.init import make_registry
from registry_cli.store import disk_reserve, files
from registry_cli.store.disk_reserve import free_reserve, make_reserve
from registry_cli.store.layout import Layout
from tests.observers import Once, Recorder, fail

SIZE = 4 << 20


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(disk_reserve, "RESERVE", SIZE)
    return make_registry(tmp_path, shared=False)


def test_new_registry_has_a_reserve_that_takes_room(layout: Layout) -> None:
    data = layout.reserve.read_bytes()
    assert len(data) == SIZE
    assert layout.reserve.stat().st_blocks * 512 >= SIZE
    assert len(set(data)) == 256


def test_whole_reserve_is_left_alone(layout: Layout) -> None:
    recorder = Recorder()
    with files.open_observer(recorder):
        make_reserve(layout)
    assert recorder.calls == []


@pytest.mark.parametrize("length", [None, 0, SIZE - 1])
def test_missing_or_short_reserve_is_made(length: int | None, layout: Layout) -> None:
    layout.reserve.unlink()
    if length is not None:
        layout.reserve.write_bytes(bytes(length))
    make_reserve(layout)
    assert layout.reserve.stat().st_size == SIZE
    assert list(layout.tmp.iterdir()) == []


def test_freed_reserve_is_gone(layout: Layout) -> None:
    assert free_reserve(layout) is True
    assert not layout.reserve.exists()
    assert free_reserve(layout) is False


@pytest.mark.parametrize("op", ["create", "write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_no_room_means_no_reserve(number: int, op: str, layout: Layout) -> None:
    free_reserve(layout)
    with files.open_observer(Once(op, fail(OSError(number, os.strerror(number))))):
        make_reserve(layout)
    assert not layout.reserve.exists()
    assert list(layout.tmp.iterdir()) == []


def test_broken_disk_is_told(layout: Layout) -> None:
    free_reserve(layout)
    with files.open_observer(Once("fsync", fail(OSError(errno.EIO, "broken")))), pytest.raises(OSError, match="broken"):
        make_reserve(layout)
    assert list(layout.tmp.iterdir()) == []


def test_registry_is_made_on_a_disk_without_room_for_a_reserve(tmp_path: Path) -> None:
    class Full(Recorder):
        def before(self, op: str, path: str, detail: object) -> None:
            if op == "write" and isinstance(detail, bytes | memoryview) and len(detail) >= 4 << 10:
                raise OSError(errno.ENOSPC, "full")

    with files.open_observer(Full()):
        layout = make_registry(tmp_path / "full", shared=False)
    assert layout.format.exists()
    assert not layout.reserve.exists()


def test_spares_take_inodes_and_are_given_back_with_the_reserve(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_reserve, "SPARES", 5)
    for _ in range(2):
        make_reserve(layout)
        assert [path.stat().st_size for path in layout.spares.iterdir()] == [0] * 5
    next(layout.spares.iterdir()).unlink()
    layout.reserve.unlink()
    assert free_reserve(layout) is True
    assert list(layout.spares.iterdir()) == []
    assert free_reserve(layout) is False


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_no_inodes_mean_fewer_spares(number: int, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_reserve, "SPARES", 5)
    with files.open_observer(Once("create", fail(OSError(number, os.strerror(number))))):
        make_reserve(layout)
    assert list(layout.spares.iterdir()) == []
    free_reserve(layout)
