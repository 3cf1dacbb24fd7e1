"""The interface of an engine that runs tasks: a local process, a batch system, a cluster. Knows none, and no registry.

Every driver must pass `tests/tasks/drivers/contract.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NewType, Protocol

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from registry_cli.ids import TaskId

JobId = NewType("JobId", str)
"""An engine's name for a job; it means nothing to any other engine."""
Phase = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]
"""`lost`: the job is gone, and how it ended is not known."""
UNFINISHED: frozenset[Phase] = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a task, to be run somewhere.

    Attributes:
        argv: The command that runs the attempt.
        cwd: Folder to run in; an engine that cannot use it takes another folder.
        environ: The complete environment of the command.
    """

    task: TaskId
    attempt: int
    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a job; `code` is its exit code, None if it has not ended or the code is not known."""

    phase: Phase
    code: int | None = None


class Driver(Protocol):
    """An engine. Its jobs outlive the process that submitted them."""

    def submit(self, job: Job) -> JobId:
        """Submit a job and return its id.

        If a job of the same attempt waits, runs or has succeeded, no other is begun: its id is returned. After one that
        failed, was cancelled or is lost, a new job is begun, because the attempt has no result.

        Raises:
            RegError: The engine refuses the job.
        """

    def find(self, task: TaskId, attempt: int) -> JobId | None:
        """Return the newest job of a task's attempt, or None where there is none."""

    def status(self, job: JobId) -> JobState:
        """Return a job's state.

        Raises:
            NotFoundError: The engine knows no such job.
        """

    def logs(self, job: JobId, *, follow: bool = False) -> Iterator[bytes]:
        """Yield what a job has printed, both streams as one; with `follow`, until it ends.

        Raises:
            NotFoundError: The engine knows no such job.
        """

    def cancel(self, job: JobId) -> None:
        """Ask a job to end; one that has ended stays as it is.

        Raises:
            NotFoundError: The engine knows no such job.
        """
