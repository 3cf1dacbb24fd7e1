"""The n-th call fails: the command says so, nothing acknowledged is lost, no litter stays, and the next run is well."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from tests.faults.harness import (
    COMMANDS,
    EXTENT,
    TALLY,
    Call,
    Site,
    Witness,
    check_chain,
    check_whole,
    choose,
    extents,
    snapshot_of,
    take_share,
)

pytestmark = pytest.mark.usefixtures("quick_disk")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ESTALE, errno.EINTR)
Write = Callable[[int, memoryview], int]
PROMISING = frozenset({"create", "write", "copy", "fsync", "fsync-dir", "link"})
"""Without these a command must not succeed."""


def fails(site: Site, name: str, number: int, error: int, *, forever: bool) -> bool:
    """Run a command whose `number`-th call fails, and all that follow where `forever`; return whether it failed."""

    def act(at: int, call: Call) -> None:
        if at == number or (forever and at > number and call.moment == "before"):
            raise OSError(error, "injected", call.path)

    TALLY["calls failed"] += 1
    opened = count_open()
    try:
        with files.open_observer(Witness(act)):
            COMMANDS[name](site)
    except (OSError, RegError):
        return True
    finally:
        assert count_open() == opened, "a file stays open, and where it is unlinked its bytes stay on the full disk"
    return False


def count_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def sweep(template: Site, tmp_path: Path, name: str, errors: tuple[int, ...], extent: str, *, forever: bool) -> None:
    """Fail the calls of a command one by one, each with the next of `errors`."""
    before = snapshot_of(template)
    rehearsal = template.copy(tmp_path / "rehearsal")
    rehearsal.forget_index()
    witness = Witness()
    with files.open_observer(witness):
        COMMANDS[name](rehearsal)
    after = check_whole(rehearsal)
    for number in choose(witness.calls, extent):
        call = witness.calls[number - 1]
        if call.moment == "after" and call.op != "link":  # of a link alone it is known that it may lie
            continue
        site = template.copy(tmp_path / str(number))
        site.forget_index()
        failed = fails(site, name, number, errors[number % len(errors)], forever=forever)
        if not failed and not forever:
            assert "/cache/" in call.path or call.op not in PROMISING or _is_slot(call), call
        if not forever:
            left = [path.name for path in (site.root / "tmp").iterdir()]
            assert len(left) <= (call.op == "unlink"), (call, left)
        found = check_whole(site)
        assert found == after or (found == before and failed), call
        COMMANDS[name](site)
        assert check_whole(site) == after
        shutil.rmtree(site.folder)


def _is_slot(call: Call) -> bool:
    """Whether the error came after the slot was taken: then the slot itself tells the truth."""
    return call.moment == "after" and call.op == "link" and "/log/" in str(call.detail)


@pytest.mark.sweep(12)
@pytest.mark.parametrize("forever", [False, True], ids=["once", "forever"])
@extents(["add", "add-known", "tag", "publish"], smoke="tag")
def test_failed_call(name: str, forever: bool, extent: str, template: Site, tmp_path: Path) -> None:
    for at in range(len(ERRORS) if extent == "all" else 1):
        sweep(template, tmp_path / str(at), name, ERRORS[at:] + ERRORS[:at], extent, forever=forever)


@pytest.mark.slow
def test_the_sweep_notices_a_flush_whose_error_is_ignored(
    template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = NewFile.flush

    def hopeful(file: NewFile) -> None:
        try:
            flush(file)
        except OSError:
            pass

    monkeypatch.setattr(NewFile, "flush", hopeful)
    with pytest.raises(AssertionError, match="op='fsync'"):
        sweep(template, tmp_path, "tag", (errno.EIO,), "some", forever=False)


def fail_each_flush(template: Site, tmp_path: Path, name: str) -> None:
    """Fail each flush of a file in turn; its bytes may be lost, so it must never be named, nor flushed once more."""
    rehearsal = template.copy(tmp_path / "rehearsal")
    witness = Witness()
    with files.open_observer(witness):
        COMMANDS[name](rehearsal)
    flushes = [at for at, call in enumerate(witness.calls, 1) if (call.moment, call.op) == ("before", "fsync")]
    assert flushes
    for number in flushes:
        site = template.copy(tmp_path / str(number))
        entries = check_chain(site.root)

        def act(at: int, call: Call, number: int = number) -> None:
            if at == number:
                raise OSError(errno.EIO, "injected", call.path)

        failing = Witness(act)
        with files.open_observer(failing), suppress(OSError):
            COMMANDS[name](site)
        TALLY["flushes failed"] += 1
        lost = failing.calls[number - 1].path
        later = [call.op for call in failing.calls[number:] if call.path == lost]
        assert not {"fsync", "link", "rename"} & set(later), f"{later} of {lost} after its flush had failed"
        assert check_chain(site.root) == entries
        shutil.rmtree(site.folder)


@pytest.mark.parametrize("name", ["add", "tag", "publish"])
def test_file_whose_flush_failed_is_given_up(name: str, template: Site, tmp_path: Path) -> None:
    fail_each_flush(template, tmp_path, name)


def test_the_test_notices_a_flush_that_is_tried_again(
    template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = NewFile.flush

    def stubborn(file: NewFile) -> None:
        try:
            flush(file)
        except OSError:
            flush(file)

    monkeypatch.setattr(NewFile, "flush", stubborn)
    with pytest.raises(AssertionError, match="after its flush had failed"):
        fail_each_flush(template, tmp_path, "tag")


class ShortWrites:
    """An `os.write` that takes less than it is given, from its `first` call on; `full` tells whether the disk then is.

    Attributes:
        calls: How often it was called.
    """

    def __init__(self, first: int, take: Callable[[int], int], *, forever: bool, full: bool) -> None:
        self.calls = 0
        self._first, self._take, self._forever, self._full = first, take, forever, full
        self._write: Write = os.write

    def __call__(self, fd: int, data: memoryview) -> int:
        self.calls += 1
        if self.calls < self._first or (self.calls > self._first and not (self._forever or self._full)):
            return self._write(fd, data)
        if self.calls > self._first and self._full:
            raise OSError(errno.ENOSPC, "injected")
        return self._write(fd, data[: self._take(len(data))])


@EXTENT
@pytest.mark.parametrize("full", [False, True], ids=["slow", "full"])
@pytest.mark.parametrize("name", ["add", "tag", "publish"])
def test_short_writes(
    name: str, full: bool, extent: str, template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that takes one byte or half goes on where it stopped; where nothing more fits, nothing stays."""
    before = snapshot_of(template)
    writes = ShortWrites(1 << 30, lambda size: size, forever=False, full=False)
    rehearsal = template.copy(tmp_path / "rehearsal")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", writes)
        COMMANDS[name](rehearsal)
    after = check_whole(rehearsal)
    numbers = range(1, writes.calls + 1)
    for number in take_share(numbers) if extent == "all" else sorted({1, len(numbers) // 2 + 1, len(numbers)}):
        for take in (lambda _size: 1, lambda size: size // 2 + 1):
            site = template.copy(tmp_path / "site")
            with monkeypatch.context() as patch:
                patch.setattr(os, "write", ShortWrites(number, take, forever=take(100) > 1, full=full))
                if full:
                    with pytest.raises(OSError, match="injected"):
                        COMMANDS[name](site)
                else:
                    COMMANDS[name](site)
            TALLY["short writes"] += 1
            assert not list((site.root / "tmp").iterdir())
            assert check_whole(site) == (before if full else after)
            shutil.rmtree(site.folder)
