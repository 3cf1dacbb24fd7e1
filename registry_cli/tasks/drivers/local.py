"""Runs jobs as processes of this machine: each in a session of its own, with a folder in the user's cache."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.errors import NotFoundError, RegError
from registry_cli.store import files
from registry_cli.store.writer_name import is_alive
from registry_cli.tasks.drivers.folder import CANCEL, JobFolder
from registry_cli.tasks.drivers.port import UNFINISHED, Job, JobId, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.ids import TaskId
    from registry_cli.registry.api import Registry

_HOME: Final = Path(__file__).parents[3]
"""The folder that holds this package."""
_PAUSE: Final = 0.05
_CHUNK: Final = 1 << 16
_KEPT: Final = 7 * 86400.0
"""Seconds after which the folder of an ended job is removed."""
_BOOT: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)


def own_argv(module: str, *words: str) -> tuple[str, ...]:
    """Return a command that runs a module of this very package with this Python, from any folder."""
    return (sys.executable, "-P", "-c", _BOOT, str(_HOME), module, *words)


def open_driver(registry: Registry) -> LocalDriver:
    """Return the driver that holds this user's jobs of a registry."""
    return LocalDriver(env.cache_home() / "jobs" / registry.id)


class LocalDriver:
    """Runs jobs on this machine.

    Args:
        folder: The folder that holds those of the jobs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def submit(self, job: Job) -> JobId:
        """Begin a job as a process that outlives this one; raises as `Driver.submit`."""
        files.make_dirs(self._folder)
        self._tidy()
        number = 1
        while True:
            name = JobId(f"{job.task}-{job.attempt}-{number}")
            if files.make_dir(self._folder / name):
                self._start(job, JobFolder(self._folder / name))
                return name
            if self.status(name).phase in {*UNFINISHED, "succeeded"}:
                return name
            number += 1

    def find(self, task: TaskId, attempt: int) -> JobId | None:
        """Return the newest job of a task's attempt, or None where there is none."""
        numbers = [int(path.name.rpartition("-")[2]) for path in self._folder.glob(f"{task}-{attempt}-*")]
        return JobId(f"{task}-{attempt}-{max(numbers)}") if numbers else None

    def status(self, job: JobId) -> JobState:
        """Return a job's state; raises as `Driver.status`."""
        return self._get(job).read_state()

    def logs(self, job: JobId, *, follow: bool = False) -> Iterator[bytes]:
        """Yield what a job has printed; raises as `Driver.logs`."""
        folder = self._get(job)
        while not folder.output.exists():
            if not follow or folder.read_state().phase not in UNFINISHED:
                return
            time.sleep(_PAUSE)
        with folder.output.open("rb", buffering=0) as reader:
            while True:
                ended = not follow or folder.read_state().phase not in UNFINISHED
                while chunk := reader.read(_CHUNK):
                    yield chunk
                if ended:
                    return
                time.sleep(_PAUSE)

    def cancel(self, job: JobId) -> None:
        """Ask a job to end by SIGTERM; raises as `Driver.cancel`."""
        folder = self._get(job)
        if folder.read_state().phase not in UNFINISHED:
            return
        folder.put(CANCEL, b"")
        runner = folder.find_runner()
        if runner is not None and is_alive(runner, folder.path):
            try:
                os.kill(runner.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass

    def _get(self, job: JobId) -> JobFolder:
        folder = JobFolder(self._folder / job)
        if not folder.path.is_dir():
            raise NotFoundError(f"no job {job} on this machine", hint="reg task list")
        return folder

    def _start(self, job: Job, folder: JobFolder) -> None:
        import subprocess

        argv = own_argv("registry_cli.tasks.drivers.supervise", str(folder.path), *job.argv)
        try:
            begun = subprocess.run(
                argv, cwd=job.cwd, env=dict(job.environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except OSError:
            files.remove_tree(folder.path)
            raise
        if begun.returncode or folder.find_runner() is None:
            files.remove_tree(folder.path)
            reason = begun.stdout.decode(errors="replace").strip().rpartition("\n")[2]
            raise RegError(f"the job could not be started: {reason or 'it printed nothing'}")

    def _tidy(self) -> None:
        """Remove the folders of jobs that ended long ago."""
        for path in self._folder.iterdir():
            folder = JobFolder(path)
            old = time.time() - path.stat().st_mtime > _KEPT
            if old and folder.read_state().phase not in UNFINISHED:
                files.remove_tree(path)
