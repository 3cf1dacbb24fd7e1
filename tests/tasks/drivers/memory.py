"""`InMemoryDriver`: a double that runs nothing and only remembers, so that the contract itself can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry_cli.errors import NotFoundError
from registry_cli.ids import TaskId
from registry_cli.tasks.drivers.port import UNFINISHED, Job, JobId, JobState


@dataclass
class Remembered:
    """A job that is said to have printed and to have got this far."""

    prints: bytes
    state: JobState


class InMemoryDriver:
    """A job's words are what it prints and what it ends with, or `wait`."""

    def __init__(self, jobs: dict[JobId, Remembered] | None = None) -> None:
        self.jobs = {} if jobs is None else jobs

    def submit(self, job: Job) -> JobId:
        number = 1
        while (name := self._name(job.task, job.attempt, number)) in self.jobs:
            if self.jobs[name].state.phase in {*UNFINISHED, "succeeded"}:
                return name
            number += 1
        prints, end = job.argv
        code = None if end == "wait" else int(end)
        state = JobState("running") if code is None else JobState("failed" if code else "succeeded", code)
        self.jobs[name] = Remembered(prints.encode("latin-1"), state)
        return name

    def find(self, task: TaskId, attempt: int) -> JobId | None:
        return next((job for job in reversed(self.jobs) if job.startswith(f"{task}-{attempt}-")), None)

    def status(self, job: JobId) -> JobState:
        return self._get(job).state

    def logs(self, job: JobId, *, follow: bool = False) -> Iterator[bytes]:
        yield self._get(job).prints

    def cancel(self, job: JobId) -> None:
        held = self._get(job)
        if held.state.phase in UNFINISHED:
            held.state = JobState("cancelled")

    def _get(self, job: JobId) -> Remembered:
        if job not in self.jobs:
            raise NotFoundError(f"no job {job}")
        return self.jobs[job]

    @staticmethod
    def _name(task: TaskId, attempt: int, number: int) -> JobId:
        return JobId(f"{task}-{attempt}-{number}")
