"""Processes that read records ahead: they make the same index, and hold nobody up, whatever becomes of them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.store.layout import DIRECTORY
from tests.catalog.builders import Forger, dump_tables

ROOT = str(Path(__file__).parents[2])

INDEX = """
import json, os, signal, sys, threading, time
os.cpu_count = lambda: 2
forks = []
os.register_at_fork(before=lambda: forks.append(1))
from pathlib import Path
from registry_cli.catalog.fold import record_source
record_source.POOLED, record_source.CHUNK = 1, 3
from tests.catalog.builders import Forger, dump_tables
ours, read = os.getpid(), record_source._read

def find_fds():
    return [fd for fd in range(99) if os.path.exists(f"/dev/fd/{{fd}}")]

def there(layout, version):
    if os.getpid() != ours:
        {there}
    return read(layout, version)

if __name__ == "__main__":
    {before}
    record_source._read = there
    index = Forger(Path(sys.argv[1])).index()
    print(json.dumps({{"forks": len(forks), "tables": dump_tables(index.db)}}))
"""
"""Makes an index with processes in which `there` is done before a record is read."""

READERS = """
import json, os, signal, stat, sys
os.cpu_count = lambda: 2
from registry_cli.store.workers import Workers

def read(chunk):
    {read}

def list_fds():
    for fd in range(999):
        try:
            yield fd, stat.S_IFMT(os.fstat(fd).st_mode)
        except OSError:
            pass

if __name__ == "__main__":
    {before}
    readers = Workers(read)
    print(json.dumps([*readers.work([["a"], ["b"], ["c"]])]), flush=True)
    readers.close()
"""


@pytest.fixture
def forger(tmp_path: Path) -> Forger:
    """A log of thirty versions, each made from the one before, and of some that are none."""
    forger = Forger(tmp_path / DIRECTORY)
    last: tuple[str, ...] = ()
    for at in range(30):
        last = (forger.add(f"p/m{at % 4}", parents=last, params={"at": at}, metadata={"list": [1, at]}),)
    forger.entry({"op": "add-version"}, {"op": "add-version", "version": "short", "model": "a/m"})
    forger.entry({"op": "add-version", "version": [1], "model": "a/m"})
    return forger


def _run(script: str, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *args],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": ROOT}, **options,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip  # of its many options


def _make_index(forger: Forger, there: str = "pass", before: str = "pass") -> tuple[int, object]:
    """Return how often was forked, and the index's tables."""
    done = _run(INDEX.format(there=there, before=before), str(forger.layout.root))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    return found["forks"], found["tables"]


def _truth(forger: Forger) -> object:
    with closing(forger.index()) as index:
        return json.loads(json.dumps(dump_tables(index.db)))


def _read(read: str, before: str = "pass") -> list[object]:
    """Return what two processes that do `read` answer."""
    done = _run(READERS.format(read=read, before=before))
    assert (done.returncode, done.stderr) == (0, "")
    return list(json.loads(done.stdout))


@pytest.mark.slow
def test_a_few_processes_make_the_same_index(forger: Forger) -> None:
    assert _make_index(forger) == (2, _truth(forger))


@pytest.mark.sweep(2)
@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    "there",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "raise MemoryError",
        "raise SystemExit(1)",
        "raise PermissionError",
        "os.writev(max(find_fds()), [b'\\x80\\x04']); os._exit(0)",
    ],
)
def test_what_a_process_that_ends_has_not_read_is_read_without_it(forger: Forger, there: str) -> None:
    assert _make_index(forger, there) == (2, _truth(forger))


@pytest.mark.slow
def test_a_stopped_process_is_not_waited_for(forger: Forger) -> None:
    before = "from registry_cli.store import workers; workers.PATIENCE = 0.05"
    assert _make_index(forger, "os.kill(os.getpid(), signal.SIGSTOP)", before) == (2, _truth(forger))


def test_a_process_that_cannot_be_started_is_done_without(forger: Forger) -> None:
    before = """
    def fork():
        raise BlockingIOError(11, "no more")
    os.fork = fork
"""
    assert _make_index(forger, before=before) == (0, _truth(forger))


@pytest.mark.slow
def test_where_there_is_another_thread_nobody_forks(forger: Forger) -> None:
    before = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    assert _make_index(forger, before=before) == (0, _truth(forger))


def test_no_process_outlives_who_started_it(forger: Forger, tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    there = f"import fcntl; fcntl.flock(os.open({str(held)!r}, 0), fcntl.LOCK_SH); os.kill(ours, signal.SIGKILL)"
    done = _run(INDEX.format(there=there, before="pass"), str(forger.layout.root), timeout=60)
    assert done.returncode == -signal.SIGKILL
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # held until the last of them has ended


def test_a_process_holds_nothing_but_its_own_socket() -> None:
    found = _read("return [[*list_fds()]]", before="pipes = [os.pipe() for _ in range(9)]")
    assert len(found) == 3
    for fds in found:
        assert isinstance(fds, list)
        assert fds[:3] == [[fd, stat.S_IFCHR] for fd in range(3)]
        assert [kind for _, kind in fds[3:]] == [stat.S_IFSOCK]


def test_the_standard_streams_may_be_closed() -> None:
    assert _read("return [*chunk]", before="os.close(0); os.close(2)") == ["a", "b", "c"]


def test_signals_do_in_a_process_what_they_do_by_default() -> None:
    before = "[signal.signal(number, lambda *_: sys.exit(3)) for number in (1, 2, 3, 15)]"
    numbers = _read("return [int(signal.getsignal(number)) for number in (1, 2, 3, 15)]", before)
    assert numbers == [0, 1, 0, 0] * 3
    assert _read("return [*map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))]", before) == []
