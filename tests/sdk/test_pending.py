"""`commit` within a task: its companion saves, at once or later, what was there when it was called."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import ConflictError, NotFoundError, RegError, UsageError
from registry_cli.sdk import join, pending, snapshot
from registry_cli.store import files
from registry_cli.store.writer_name import find_owner, get_own, is_alive
from registry_cli.tasks.attempt.folder import Live, read_state
from tests.forks import end, fork
from tests.observers import Once

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def task(registry: reg.Registry) -> reg.Task:
    """A task whose companion has begun it."""
    task = reg.Task.init("p", "job")
    assert task.registry.path == registry.path
    return task


def find_live() -> Live:
    live = join.get_current().live
    assert live is not None
    return live


def find_companion() -> int:
    owner = find_owner(read_state(find_live()).owner)
    assert owner is not None
    assert owner.pid != os.getpid()
    return owner.pid


@contextmanager
def held() -> Iterator[threading.Event]:
    """Let the companion do nothing until the event is set."""
    pid, go = find_companion(), threading.Event()
    os.kill(pid, signal.SIGSTOP)

    def wake() -> None:
        go.wait()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    waker = threading.Thread(target=wake)
    waker.start()
    try:
        yield go
    finally:
        go.set()
        waker.join()
        pending.drain()


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_it_returns_before_it_is_saved(weights: Path) -> None:
    with held() as go:
        later = reg.commit(weights, "a/m", wait=False, metrics={"acc": 1})
        assert isinstance(later, reg.Pending)
        assert not later.done()
        with pytest.raises(TimeoutError):
            later.result(0)
        go.set()
        version = later.result()
    assert version is not None
    assert (version.ref, version.metrics, later.done()) == ("a/m:1", {"acc": 1}, True)


def test_outside_of_a_task_it_is_saved_before_it_returns(weights: Path) -> None:
    later = reg.commit(weights, "a/m", wait=False)
    assert later.done()
    assert later.result() == reg.use("a/m")


@pytest.mark.sweep(2)
@pytest.mark.usefixtures("task")
@pytest.mark.parametrize("small", [snapshot.SMALL, 0], ids=["copied", "linked"])
def test_a_file_that_is_replaced_or_deleted_meanwhile(
    weights: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(snapshot, "SMALL", small)
    with held() as go:
        first = reg.commit(weights, "a/m", wait=False)
        weights.with_name("new").write_bytes(b"later")
        weights.with_name("new").replace(weights)
        second = reg.commit(weights, "a/m", wait=False)
        weights.unlink()
        go.set()
        found = [later.result() for later in (first, second)]
    assert [version.path.read_bytes() for version in found if version] == [b"weights", b"later"]


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_a_file_that_is_rewritten_in_place_meanwhile(weights: Path) -> None:
    with held() as go:
        first = reg.commit(weights, "a/m", wait=False)
        weights.write_bytes(b"LATER!!")
        go.set()
        version = first.result()
    assert version is not None
    assert version.path.read_bytes() == b"weights"
    assert weights.read_bytes() == b"LATER!!"


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_a_large_file_that_is_rewritten_in_place_is_refused_not_torn(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "SMALL", 0)
    monkeypatch.setattr(snapshot.NewFile, "clone", lambda self, source: False)
    with held() as go:
        later = reg.commit(weights, "a/m", wait=False)
        weights.write_bytes(b"longer than before")
        go.set()
        with pytest.warns(reg.RegWarning, match="model.pt was rewritten before it was saved"):
            pending.drain()
    with pytest.raises(ConflictError, match="rewritten"):
        later.result()
    with pytest.raises(NotFoundError):
        reg.use("a/m")


@pytest.mark.slow
@pytest.mark.usefixtures("task")
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


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_folders_keep_their_names_and_nothing_is_left(weights: Path) -> None:
    (weights.parent / "deep").mkdir()
    (weights.parent / "deep" / "config.json").write_text("{}")
    version = reg.commit(weights.parent, "a/folder", wait=False).result()
    assert version is not None
    assert [file.path for file in version.row.files] == ["deep/config.json", "model.pt"]
    assert [path.suffix for path in find_live().jobs.iterdir()] == [".done"]


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_the_fourth_waits_for_the_first(weights: Path) -> None:
    with held() as go:
        for _ in range(3):
            reg.commit(weights, "a/m", wait=False, allow_same=True)
        fourth = threading.Thread(target=lambda: reg.commit(weights, "a/m", wait=False, allow_same=True))
        fourth.start()
        fourth.join(0.2)
        assert fourth.is_alive()
        go.set()
        fourth.join()
    assert reg.use("a/m").number == 4


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_superseded_snapshots_are_skipped(weights: Path, registry: reg.Registry) -> None:
    with held() as go:
        other = reg.commit(weights, "a/other", wait=False)
        many = [reg.commit(weights, "a/m", wait=False, step=step, keep="last 3") for step in range(8)]
        assert [later.done() for later in many] == [True] * 5 + [False] * 3
        go.set()
        results = [later.result() for later in (other, *many)]
    assert [version and version.row.step for version in results] == [None, None, None, None, None, None, 5, 6, 7]
    assert results[0] is not None
    assert [version.row.step for version in registry.query("name = a/m", sort="number")] == [5, 6, 7]


@pytest.mark.parametrize("keep", ["3", "last", "last 0", "best 3 max(metrics.acc)", "last x"])
def test_what_keep_does_not_say(weights: Path, keep: str) -> None:
    with pytest.raises(UsageError, match="does not say which"):
        reg.commit(weights, "a/m", wait=False, keep=keep)


@pytest.mark.parametrize("mode", ["link", "move", "reference"])
def test_only_a_copy_can_be_saved_later(weights: Path, mode: Any) -> None:
    with pytest.raises(UsageError, match="cannot be combined"):
        reg.commit(weights, "a/m", wait=False, mode=mode)


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_what_is_wrong_at_once_is_told_at_once(weights: Path, tmp_path: Path) -> None:
    for wait in (True, False):
        with pytest.raises(NotFoundError):
            reg.commit(tmp_path / "none", "a/m", wait=wait)
        with pytest.raises(UsageError):
            reg.commit(weights, "../m", wait=wait)
    assert list(find_live().jobs.glob("*")) == []


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_what_fails_is_raised_as_by_this_process(weights: Path) -> None:
    with pytest.raises(NotFoundError, match="no model named `no/body`") as caught:
        reg.commit(weights, "a/m", parents=["no/body"])
    assert caught.value.hint
    weights.chmod(0)
    if os.geteuid():
        with pytest.raises(PermissionError):
            reg.commit(weights, "a/m")


@pytest.mark.slow
def test_what_fails_later_is_shown_raised_and_recorded(weights: Path, task: reg.Task) -> None:
    with held() as go:
        later = reg.commit(weights, "a/m", wait=False, parents=["no/body"])
        go.set()
        with pytest.warns(reg.RegWarning, match="a/m was not saved: no model named `no/body`"):
            pending.drain()
    with pytest.raises(NotFoundError):
        later.result()
    assert reg.commit(weights, "a/m", wait=False).result() is not None
    task.close()
    assert "a/m was not saved: no model named `no/body`" in (task.record.problem or "")


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_scalars_are_those_of_the_call(weights: Path) -> None:
    with held() as go:
        reg.log_metric("loss", 0.5)
        later = reg.commit(weights, "a/m", wait=False)
        reg.log_metric("loss", 0.25)
        reg.log_metric("later", 1)
        go.set()
        version = later.result()
    assert version is not None
    assert version.metrics == {"loss": 0.5}


@pytest.mark.slow
@pytest.mark.usefixtures("task")
def test_a_forked_child_waits_for_what_its_parent_handed_over(weights: Path) -> None:
    with held() as go:
        later = reg.commit(weights, "a/m", wait=False)
        child = fork(lambda: None if later.result() else os._exit(3))
        go.set()
        assert end(child) == 0
    assert later.result() is not None


@pytest.mark.slow
def test_without_its_companion_a_script_saves_itself(weights: Path, task: reg.Task) -> None:
    with held():
        later = reg.commit(weights, "a/later", wait=False)
        pid = find_companion()
        os.kill(pid, signal.SIGKILL)
        while is_alive(find_owner(read_state(find_live()).owner) or get_own(), find_live().folder):
            time.sleep(0.01)
        assert later.result() is not None
        assert reg.commit(weights, "a/m").ref == "a/m:1"
    with pytest.raises(RegError, match="its companion ended"):
        task.close()
    assert reg.use("a/m").row.task == task.id
