"""Who else has a file open, and what is remembered of its bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.store.hashing import digest_bytes
from registry_cli.tasks.run import saved_files
from registry_cli.tasks.run.saved_files import Cache, digest_file, has_writer
from tests.forks import fork


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.bin"
    path.write_bytes(b"weights")
    return path


@pytest.mark.parametrize(("mode", "written"), [("rb", False), ("ab", True), ("r+b", True)])
def test_who_has_it_open_to_write_is_noticed(path: Path, mode: str, written: bool) -> None:
    with path.open(mode):
        assert has_writer(path) is written
    assert has_writer(path) is False


def test_of_a_disk_that_another_machine_may_write_nothing_is_known(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(saved_files, "is_local", lambda asked_of: asked.append(asked_of) or False)
    assert has_writer(path) is True
    assert asked == [path]


@pytest.mark.parametrize("asks", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_who_comes_to_write_while_we_ask_ends_nobody(path: Path, asks: int) -> None:
    def ask() -> None:
        for _ in range(asks):
            has_writer(path)

    asked, ended = fork(ask), (0, 0)
    while not ended[0]:
        os.close(os.open(path, os.O_WRONLY))
        ended = os.waitpid(asked, os.WNOHANG)
    assert ended == (asked, 0)


def test_a_digest_is_remembered_until_the_file_is_written_whatever_its_time(path: Path) -> None:
    cache: Cache = {}
    for data in (b"weights", b"WEIGHTS"):
        before = path.stat()
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert digest_file(path, cache) == digest_bytes(data).sha256
    cache[next(reversed(cache))] = digest_bytes(b"remembered").sha256
    assert digest_file(path, cache) == digest_bytes(b"remembered").sha256
