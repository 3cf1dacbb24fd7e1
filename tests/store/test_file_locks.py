"""Locks on files: the queue of the log's writers, and what keeps two changes of one small file apart."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path

import pytest

from registry_cli.errors import ConflictError, CorruptError
from registry_cli.registry.init import make_registry
from registry_cli.store import file_locks
from registry_cli.store.config import read_settings, write_settings
from registry_cli.store.file_locks import open_file_lock, open_writer_lock
from tests.forks import end, fork
from tests.owners import is_locked


def test_a_writer_waits_for_the_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = make_registry(tmp_path, shared=False)
    waits: list[float] = []
    monkeypatch.setattr(file_locks, "PATIENCE", 600)
    with layout.turn.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def end_wait(seconds: float) -> None:
            waits.append(seconds)
            fcntl.flock(held, fcntl.LOCK_UN)

        monkeypatch.setattr(time, "sleep", end_wait)
        with open_writer_lock(layout):
            assert len(waits) == 1
            assert is_locked(layout.turn)
    assert not is_locked(layout.turn)


def test_a_writer_goes_ahead_of_one_that_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = make_registry(tmp_path, shared=False)
    monkeypatch.setattr(file_locks, "PATIENCE", 0)
    with layout.turn.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with open_writer_lock(layout):
            assert is_locked(layout.turn)


def test_nobody_waits_for_a_pipe_in_its_place(tmp_path: Path) -> None:
    layout = make_registry(tmp_path, shared=False)
    layout.turn.unlink()
    os.mkfifo(layout.turn)
    with open_writer_lock(layout):
        pass


def change(path: Path, key: str) -> None:
    with open_file_lock(path):
        write_settings(path, {**read_settings(path), key: "set"})


def test_changes_of_many_processes_are_all_there(tmp_path: Path) -> None:
    """The file is missing at first and replaced by each change: who waited has the lock of a file that is no more."""
    path = tmp_path / "home" / "config.toml"
    keys = {f"p{process}.k{number}" for process in range(8) for number in range(12)}

    def work(process: int) -> None:
        for number in range(12):
            change(path, f"p{process}.k{number}")

    children = [fork(lambda process=process: work(process)) for process in range(8)]  # type: ignore[misc]
    assert [end(child) for child in children] == [0] * 8
    assert set(read_settings(path)) == keys
    assert [each.name for each in path.parent.iterdir()] == ["config.toml"]


def test_one_that_is_stopped_hangs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    change(path, "first")
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(file_locks, "LONGEST_CHANGE", 0.01)
        with pytest.raises(ConflictError, match=r"another process is changing .*config\.toml"):
            change(path, "second")
    change(path, "second")
    assert read_settings(path) == {"first": "set", "second": "set"}


def test_the_lock_of_one_that_is_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def die() -> None:
        with open_file_lock(path):
            os.kill(os.getpid(), signal.SIGKILL)

    assert end(fork(die)) == -signal.SIGKILL
    change(path, "next")
    assert read_settings(path) == {"next": "set"}


def test_where_there_are_no_locks_a_change_goes_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(38, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    change(tmp_path / "config.toml", "key")
    assert read_settings(tmp_path / "config.toml") == {"key": "set"}


def test_the_user_s_file_may_be_a_link_and_the_registry_s_may_not(tmp_path: Path) -> None:
    """People keep their settings in a repository of their own; a link in a registry may lead anywhere."""
    layout = make_registry(tmp_path / "site", shared=False)
    (tmp_path / "dotfiles").write_text('first = "set"\n')
    for path in (tmp_path / "config.toml", layout.config):
        path.unlink(missing_ok=True)
        path.symlink_to(tmp_path / "dotfiles")
    change(tmp_path / "config.toml", "second")
    assert read_settings(tmp_path / "config.toml") == {"first": "set", "second": "set"}
    with pytest.raises(CorruptError, match="is a link"):
        change(layout.config, "second")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with open_file_lock(tmp_path / "config.toml"):
        pass
