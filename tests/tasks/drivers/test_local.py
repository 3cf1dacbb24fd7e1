"""Jobs as processes of this machine: the contract, and what is their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.ids import TaskId, new_ulid
from registry_cli.tasks.drivers.folder import OWNER, JobFolder
from registry_cli.tasks.drivers.local import LocalDriver, own_argv
from registry_cli.tasks.drivers.port import Driver, Job, JobId, JobState
from tests.owners import new_dead_name
from tests.tasks.drivers.contract import DriverContract, Engine

ENDING = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1])); sys.exit(int(sys.argv[2]))"
WAITING = """
import signal, sys
sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))
sys.stdout.flush()
signal.pause()
"""


class Local(Engine):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.driver = self.reopen()

    def reopen(self) -> Driver:
        return LocalDriver(self.folder)

    def ending(self, task: TaskId, *, prints: bytes = b"", code: int = 0, attempt: int = 1) -> Job:
        return self.job(task, "-c", ENDING, prints.hex(), str(code), attempt=attempt)

    def waiting(self, task: TaskId, *, prints: bytes = b"") -> Job:
        return self.job(task, "-c", WAITING, prints.hex())

    def lose(self, job: JobId) -> None:
        runner = JobFolder(self.folder / job).find_runner()
        assert runner is not None
        os.killpg(runner.pid, signal.SIGKILL)

    def job(self, task: TaskId, *words: str, attempt: int = 1) -> Job:
        return Job(task, attempt, (sys.executable, *words), Path.cwd(), dict(os.environ))


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path / "jobs")


@pytest.fixture
def task() -> TaskId:
    return TaskId(new_ulid())


class TestLocalDriver(DriverContract):
    @pytest.fixture
    def engine(self, local: Local) -> Engine:
        return local


def test_both_streams_are_one_and_nothing_can_be_typed(local: Local, task: TaskId) -> None:
    script = "import sys, os; os.write(2, b'e'); os.write(1, sys.stdin.buffer.read() + b'o')"
    job = local.driver.submit(local.job(task, "-c", script))
    assert b"".join(local.driver.logs(job, follow=True)) == b"eo"


def test_a_job_is_in_a_session_of_its_own(local: Local, task: TaskId) -> None:
    job = local.driver.submit(local.job(task, "-c", "import os; print(os.getsid(0))"))
    assert int(b"".join(local.driver.logs(job, follow=True))) != os.getsid(0)


def test_its_variables_and_folder_are_the_jobs(local: Local, task: TaskId, tmp_path: Path) -> None:
    argv = (sys.executable, "-c", "import os; print(os.getcwd(), os.environ['SEED'])")
    job = local.driver.submit(Job(task, 1, argv, tmp_path, {"SEED": "7"}))
    assert b"".join(local.driver.logs(job, follow=True)).decode() == f"{tmp_path} 7\n"


def test_a_signal_ends_it_as_in_a_shell(local: Local, task: TaskId) -> None:
    job = local.driver.submit(local.job(task, "-c", "import os; os.kill(os.getpid(), 9)"))
    assert local.finish(job) == JobState("failed", 137)


def test_cancel_reaches_the_command_itself(local: Local, task: TaskId) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye', flush=True), sys.exit(5)))\n"
        "print('begun', flush=True)\n"
        "import time\n"
        "while True: time.sleep(0.05)"
    )
    job = local.driver.submit(local.job(task, "-c", script))
    list(islice(local.driver.logs(job, follow=True), 1))
    local.driver.cancel(job)
    assert local.finish(job) == JobState("cancelled", 5)
    assert b"".join(local.driver.logs(job)) == b"begun\ngoodbye\n"


def test_one_that_is_cancelled_before_it_has_begun_never_does(local: Local, task: TaskId, tmp_path: Path) -> None:
    job, told = JobId(f"{task}-1-1"), tmp_path / "told"
    (local.folder / job).mkdir(parents=True)
    local.driver.cancel(job)
    begin = own_argv("registry_cli.tasks.drivers.supervise", str(local.folder / job), "touch", str(told))
    subprocess.run(begin, check=True, stdout=subprocess.PIPE)
    assert local.finish(job) == JobState("cancelled", 143)
    assert not told.exists()


def test_a_command_that_is_not_there(local: Local, task: TaskId) -> None:
    job = local.driver.submit(Job(task, 1, ("/no/such/program",), Path.cwd(), dict(os.environ)))
    assert local.finish(job) == JobState("failed", 127)
    assert b"/no/such/program: no such file or directory" in b"".join(local.driver.logs(job))


def test_a_job_whose_submitter_died_is_lost(local: Local, task: TaskId) -> None:
    folder = local.folder / f"{task}-1-1"
    folder.mkdir(parents=True)
    assert local.driver.status(JobId(folder.name)) == JobState("queued")
    os.utime(folder, (0, 0))
    assert local.driver.status(JobId(folder.name)) == JobState("lost")


@pytest.mark.slow
def test_old_folders_go(local: Local, task: TaskId) -> None:
    old = local.driver.submit(local.ending(task))
    local.finish(old)
    os.utime(local.folder / old, (0, 0))
    dead = local.folder / "01J0000000000000000000DEAD-1-1"
    dead.mkdir()
    (dead / OWNER).write_text(new_dead_name())
    new = local.driver.submit(local.ending(TaskId(new_ulid())))
    local.finish(new)
    assert {path.name for path in local.folder.iterdir()} == {new, dead.name}


def test_a_folder_that_is_gone(local: Local, task: TaskId, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        local.driver.submit(Job(task, 1, ("true",), tmp_path / "gone", dict(os.environ)))
    assert list(local.folder.iterdir()) == []


def test_our_own_command_needs_no_path(tmp_path: Path, local: Local, task: TaskId) -> None:
    (tmp_path / "registry_cli.py").write_text("raise SystemExit('the wrong one')")
    job = local.driver.submit(Job(task, 1, own_argv("registry_cli", "--version"), tmp_path, {}))
    assert b"".join(local.driver.logs(job, follow=True)).startswith(b"reg ")


def test_one_that_cannot_be_started_says_why(local: Local, task: TaskId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RegError, match="could not be started"):
        local.driver.submit(local.job(task, "-c", "pass"))
    assert list(local.folder.iterdir()) == []
