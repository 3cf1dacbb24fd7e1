from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Lock

import pytest

from registry_cli.store import files, flushing
from registry_cli.store.flushing import POOL, EarlyFlush, each_parallel, flush_all
from registry_cli.store.new_file import NewFile
from tests.interrupts import interrupt_everywhere
from tests.observers import Once, Recorder, fail

SIZES = pytest.mark.parametrize("size", [0, 1, POOL - 1, POOL, 5 * POOL])


@SIZES
def test_each_is_done_once(size: int) -> None:
    done, lock = list[int](), Lock()

    def action(number: int) -> None:
        with lock:
            done.append(number)

    each_parallel(action, list(range(size)))
    assert sorted(done) == list(range(size))


def test_the_first_error_is_told_and_the_others_are_done() -> None:
    done = list[int]()

    def action(number: int) -> None:
        done.append(number)
        if number in {20, 7, 33}:
            raise OSError(f"no {number}")

    with pytest.raises(OSError, match="no 7"):
        each_parallel(action, list(range(5 * POOL)))
    assert sorted(done) == list(range(5 * POOL))


@SIZES
def test_no_interrupt_leaves_the_caller_waiting(size: int) -> None:
    item = bytes(1 << 17)  # some work beside which the others are begun
    assert interrupt_everywhere(lambda: each_parallel(hashlib.sha256, [item] * size)) > 0


def test_a_large_file_is_flushed_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "STRIDE", 2)
    recorder = Recorder()
    file = NewFile(tmp_path / "file")
    with files.open_observer(recorder):
        early = EarlyFlush(file)
        early.advance(1)
        early.finish()
        assert recorder.list_ops() == []
        for size in (2, 4):
            early.advance(size)
            early.finish()
    assert recorder.list_ops() == ["fsync", "fsync"]
    flush_all([file])


def test_an_early_flush_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "STRIDE", 2)
    file = NewFile(tmp_path / "file")
    with files.open_observer(Once("fsync", fail(OSError("lost")))):
        early = EarlyFlush(file)
        early.advance(2)
        with pytest.raises(OSError, match="lost"):
            early.finish()
        early.stop()
    file.close()


def test_no_interrupt_leaves_an_early_flush_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "STRIDE", 2)
    file = NewFile(tmp_path / "file")

    def flush() -> None:
        early = EarlyFlush(file)
        try:
            early.advance(2)
            early.advance(4)
        finally:
            early.finish()

    assert interrupt_everywhere(flush) > 10
    file.close()
