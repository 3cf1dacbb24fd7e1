"""What an engine must do to run tasks: a local process, a batch system, a cluster. Knows none of them, and no registry.

`tests/tasks/drivers/contract.py` is what every driver must pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from registry_cli.ids import TaskId

JobId = NewType("JobId", str)
"""What an engine calls a job; means nothing to any other engine."""
Phase = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]
"""`lost`: it is gone, and nobody knows how it ended."""
UNFINISHED: frozenset[Phase] = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a task, to be run somewhere.

    Attributes:
        argv: The command that runs it there.
        cwd: Where; an engine that cannot go there uses another folder.
        environ: All of its variables.
    """

    task: TaskId
    attempt: int
    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job is; `code` is what it ended with, None where it has not, or nobody knows."""

    phase: Phase
    code: int | None = None


class Driver(Protocol):
    """An engine. Its jobs outlive the process that submitted them."""

    def submit(self, job: Job) -> JobId:
        """Have a job run and return its id.

        A task's attempt that waits, runs or has succeeded is not begun again: its id is returned. One that failed,
        was cancelled or is lost is a new job, because nothing was learnt from it.

        Raises:
            RegError: The engine does not take it.
        """

    def find(self, task: TaskId, attempt: int) -> JobId | None:
        """Return the newest job of a task's attempt, or None where there is none."""

    def status(self, job: JobId) -> JobState:
        """Return how a job is.

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
