from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from registry_cli.errors import UsageError
from registry_cli.store.files import Observer, open_observer
from registry_cli.tasks.attempt import lines as module
from registry_cli.tasks.attempt.lines import LineFile
from tests.forks import end, fork


class FullDisk(Observer):
    """Fails each write while it is full."""

    def __init__(self) -> None:
        self.full = True

    def before(self, op: str, path: str, detail: object) -> None:
        if self.full and op in {"create", "write"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def after(self, op: str, path: str, detail: object) -> None:
        pass


def test_a_line_is_in_the_file_when_it_is_added(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "f")
    lines.add("one\n")
    assert (tmp_path / "f").read_text() == "one\n"
    lines.add("two\n")
    assert (tmp_path / "f").read_text() == "one\ntwo\n"
    lines.close()
    lines.close()
    assert (tmp_path / "f").read_text() == "one\ntwo\n"


def test_an_unused_file_is_not_made(tmp_path: Path) -> None:
    LineFile(tmp_path / "f").close()
    assert not (tmp_path / "f").exists()


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "f")
    lines.close()
    with pytest.raises(UsageError, match="the task has ended"):
        lines.add("late\n")


def test_a_torn_line_of_another_process_does_not_spoil_ours(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("whole\nto")
    lines = LineFile(tmp_path / "f")
    lines.add("ours\n")
    lines.close()
    assert (tmp_path / "f").read_text().splitlines() == ["whole", "to", "ours"]


def test_a_full_disk_stops_nobody_and_is_told(tmp_path: Path) -> None:
    lines, disk = LineFile(tmp_path / "f"), FullDisk()
    with open_observer(disk):
        lines.add("one\n")
        assert lines.problem == "f is not whole: No space left on device"
        lines.add("two\n")
        lines.flush()
        disk.full = False
        lines.add("three\n")
        lines.close()
    assert lines.problem is None
    assert (tmp_path / "f").read_text() == "one\ntwo\nthree\n"


def test_what_was_written_before_the_disk_was_full_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = LineFile(tmp_path / "f")
    sizes = iter([2, 0])

    def short_write(fd: int, data: memoryview) -> int:
        size = next(sizes)
        if not size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data[:size])

    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr("registry_cli.store.files.os.write", short_write)
        lines.add("one\n")
    assert lines.problem
    assert (tmp_path / "f").read_text() == "on"
    lines.close()
    assert (tmp_path / "f").read_text() == "one\n"
    assert lines.problem is None


def test_what_waits_for_a_full_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    lines, disk = LineFile(tmp_path / "f"), FullDisk()
    with open_observer(disk):
        lines.add("a long line\n")
        lines.flush()
        disk.full = False
        lines.add("last\n")
        lines.close()
    assert lines.problem
    assert (tmp_path / "f").read_text() == "\nlast\n"


def test_a_forked_child_does_not_write_its_parents_lines(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "f")
    disk = FullDisk()
    with open_observer(disk):
        lines.add("parent\n")
        disk.full = False
        assert end(fork(lambda: lines.add("child\n"))) == 0
    assert (tmp_path / "f").read_text() == "child\n"
    lines.close()
    assert sorted((tmp_path / "f").read_text().split()) == ["child", "parent"]


def test_a_thread_that_writes_holds_up_no_fork_and_no_child(tmp_path: Path) -> None:
    begun, over = threading.Event(), threading.Event()
    waited: list[bool] = []

    class SlowDisk(Observer):
        def before(self, op: str, path: str, detail: object) -> None:
            if op == "write" and not begun.is_set():
                begun.set()
                waited.append(over.wait(20))

    lines = LineFile(tmp_path / "f")
    with open_observer(SlowDisk()):
        thread = threading.Thread(target=lines.add, args=("parent\n",))
        thread.start()
        assert begun.wait(30)
        ended = end(fork(lambda: lines.add("child\n")))
        over.set()
        thread.join(30)
    assert (ended, waited) == (0, [True])
    lines.close()
    assert sorted((tmp_path / "f").read_text().split()) == ["child", "parent"]
