"""`commit(wait=False)`: what is saved is what was there when it was called, and nobody waits longer than he must."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import ConflictError, NotFoundError, UsageError
from registry_cli.sdk import background_save, commit, snapshot
from registry_cli.sdk.background_save import Job
from registry_cli.store import files
from tests.forks import end, fork
from tests.observers import Once

pytestmark = pytest.mark.usefixtures("registry")


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the thread begin, and not go on until the event is set."""
    go, plain = threading.Event(), commit.add_files
    monkeypatch.setattr(commit, "add_files", lambda *words, **more: (go.wait(30), plain(*words, **more))[1])
    try:
        yield go
    finally:
        go.set()
        background_save.drain()


def wait_until_busy() -> None:
    queue = background_save.get_saver()
    with queue._more:
        assert queue._more.wait_for(lambda: not queue._jobs, 30)


def test_it_returns_before_it_is_saved(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        pending = reg.commit(weights, "a/m", wait=False, metrics={"acc": 1})
        assert isinstance(pending, reg.Pending)
        assert not pending.done()
        with pytest.raises(TimeoutError):
            pending.result(0)
        go.set()
        version = pending.result()
    assert version is not None
    assert (version.ref, version.metrics, pending.done()) == ("a/m:1", {"acc": 1}, True)


@pytest.mark.parametrize("small", [snapshot.SMALL, 0], ids=["copied", "linked"])
def test_a_file_that_is_replaced_or_deleted_meanwhile(
    weights: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(snapshot, "SMALL", small)
    with held(monkeypatch) as go:
        first = reg.commit(weights, "a/m", wait=False)
        weights.with_name("new").write_bytes(b"later")
        weights.with_name("new").replace(weights)
        second = reg.commit(weights, "a/m", wait=False)
        weights.unlink()
        go.set()
        found = [pending.result() for pending in (first, second)]
    assert [version.path.read_bytes() for version in found if version] == [b"weights", b"later"]


def test_a_file_that_is_rewritten_in_place_meanwhile(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        first = reg.commit(weights, "a/m", wait=False)
        weights.write_bytes(b"LATER!!")
        go.set()
        version = first.result()
    assert version is not None
    assert version.path.read_bytes() == b"weights"
    assert weights.read_bytes() == b"LATER!!"


def test_a_large_file_that_is_rewritten_in_place_is_refused_not_torn(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "SMALL", 0)
    monkeypatch.setattr(snapshot.NewFile, "clone", lambda self, source: False)
    with held(monkeypatch) as go:
        reg.commit(weights, "a/first", wait=False)
        wait_until_busy()
        second = reg.commit(weights, "a/m", wait=False)
        weights.write_bytes(b"longer than before")
        go.set()
        with pytest.warns(reg.RegWarning, match="model.pt was rewritten before it was saved"):
            background_save.drain()
    with pytest.raises(ConflictError, match="rewritten"):
        second.result()
    with pytest.raises(NotFoundError):
        reg.use("a/m")


def test_a_file_that_is_rewritten_while_it_is_copied_is_refused_whatever_its_time(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewrite() -> None:
        before = weights.stat()
        weights.write_bytes(b"WEIGHTS")
        os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))

    monkeypatch.setattr(snapshot, "_PIECE", 4)
    monkeypatch.setattr(snapshot.NewFile, "clone", lambda self, source: False)
    with files.open_observer(Once("write", rewrite)), pytest.raises(ConflictError, match="changed while it was copied"):
        reg.commit(weights, "a/m", wait=False)


def test_folders_keep_their_names(weights: Path, registry: reg.Registry) -> None:
    (weights.parent / "deep").mkdir()
    (weights.parent / "deep" / "config.json").write_text("{}")
    version = reg.commit(weights.parent, "a/folder", wait=False).result()
    assert version is not None
    assert [file.path for file in version.row.files] == ["deep/config.json", "model.pt"]
    assert list(registry.layout.tmp.iterdir()) == []


def test_the_third_waits_with_the_second(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        for _ in range(3):  # one is being saved, two wait
            reg.commit(weights, "a/m", wait=False, allow_same=True)
            wait_until_busy() if _ == 0 else None
        fourth = threading.Thread(target=lambda: reg.commit(weights, "a/m", wait=False, allow_same=True))
        fourth.start()
        fourth.join(0.2)
        assert fourth.is_alive()
        go.set()
        fourth.join(30)
        assert not fourth.is_alive()
    assert reg.use("a/m").number == 4


def test_superseded_snapshots_are_skipped(
    weights: Path, monkeypatch: pytest.MonkeyPatch, registry: reg.Registry
) -> None:
    with held(monkeypatch) as go:
        running = reg.commit(weights, "a/m", wait=False, step=0)
        wait_until_busy()
        other = reg.commit(weights, "a/other", wait=False)
        many = [reg.commit(weights, "a/m", wait=False, step=step, keep="last 3") for step in range(1, 8)]
        assert [pending.done() for pending in many] == [True] * 4 + [False] * 3
        go.set()
        results = [pending.result() for pending in (running, other, *many)]
    assert [version and version.row.step for version in results] == [0, None, None, None, None, None, 5, 6, 7]
    assert [version.row.step for version in registry.query("name = a/m", sort="number")] == [0, 5, 6, 7]
    assert list(registry.layout.tmp.iterdir()) == []


@pytest.mark.parametrize("keep", ["3", "last", "last 0", "best 3 max(metrics.acc)", "last x"])
def test_what_keep_does_not_say(weights: Path, keep: str) -> None:
    with pytest.raises(UsageError, match="does not say which"):
        reg.commit(weights, "a/m", wait=False, keep=keep)


@pytest.mark.parametrize("mode", ["link", "move", "reference"])
def test_only_a_copy_can_be_saved_later(weights: Path, mode: Any) -> None:
    with pytest.raises(UsageError, match="cannot be combined"):
        reg.commit(weights, "a/m", wait=False, mode=mode)


def test_what_is_wrong_at_once_is_told_at_once(weights: Path, tmp_path: Path, registry: reg.Registry) -> None:
    with pytest.raises(NotFoundError):
        reg.commit(tmp_path / "none", "a/m", wait=False)
    with pytest.raises(UsageError):
        reg.commit(weights, "../m", wait=False)
    assert list(registry.layout.tmp.iterdir()) == []


def test_what_fails_later_is_shown_and_raised(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch) as go:
        pending = reg.commit(weights, "a/m", wait=False, parents=["no/body"])
        go.set()
        with pytest.warns(reg.RegWarning, match="a/m was not saved: no model named `no/body`"):
            background_save.drain()
    with pytest.raises(NotFoundError):
        pending.result()
    assert reg.commit(weights, "a/m", wait=False).result() is not None


def test_scalars_are_those_of_the_call(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reg.task("job"), held(monkeypatch) as go:
        reg.log_metric("loss", 0.5)
        pending = reg.commit(weights, "a/m", wait=False)
        reg.log_metric("loss", 0.25)
        reg.log_metric("later", 1)
        go.set()
        version = pending.result()
    assert version is not None
    assert version.metrics == {"loss": 0.5}


class Nothing(snapshot.Snapshot):
    """A snapshot of no file."""

    def __init__(self) -> None:
        pass

    def check(self) -> None:
        pass

    def remove(self) -> None:
        pass


def job(save: Callable[[], object], failed: Callable[[str], None] = lambda _: None) -> Job:
    return Job("a/m", Nothing(), lambda _: save(), failed, reg.Pending())  # type: ignore[arg-type, return-value]


def test_whoever_drains_waits_for_nothing_that_came_after_him() -> None:
    first, second, queue = threading.Event(), threading.Event(), background_save.Saver()
    queue.put(job(lambda: first.wait(30)), None)
    drained: list[bool] = []
    thread = threading.Thread(target=lambda: drained.append(queue.drain(30)))
    thread.start()
    while not queue._more._waiters:  # type: ignore[attr-defined]
        pass
    queue.put(job(lambda: second.wait(30)), None)
    first.set()
    thread.join(30)
    assert drained == [True]
    assert not queue.drain(0)
    second.set()
    assert queue.drain(30)


def test_who_cannot_be_told_of_a_failure_holds_nobody_up() -> None:
    def fail(*_: object) -> Any:
        raise UsageError("the task has ended")

    queue, later = background_save.Saver(), job(lambda: None)
    queue.put(job(fail, fail), None)
    with pytest.warns(reg.RegWarning, match="a/m was not saved"):
        queue.drain(30)
    queue.put(later, None)
    assert queue.drain(30)
    assert later.pending.done()


def test_who_waits_in_a_forked_child_is_told_that_its_parent_saves(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> None:
        with pytest.raises(reg.RegError, match="forked from saves it"):
            pending.result(10)

    with held(monkeypatch):
        pending = reg.commit(weights, "a/m", wait=False)
        wait_until_busy()
        with pending._done._cond:  # as a thread that waits for it may hold at the fork
            child = fork(ask)
        assert end(child) == 0
    assert pending.result(30) is not None
