"""Saves the versions that a script requests, in the order of its requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.dataclass import replace
from registry_cli.errors import ConflictError, RegError
from registry_cli.registry.add import add_files
from registry_cli.tasks.attempt.folder import WRAPPER
from registry_cli.tasks.attempt.jobs import Answer, begin, end, list_asked
from registry_cli.tasks.attempt.points import LIVE
from registry_cli.tasks.attempt.scalar_reader import last_at, read_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.ids import VersionId
    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft
    from registry_cli.tasks.attempt.fact_writer import FactWriter
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.jobs import Job


class JobTaker:
    """Does the jobs of one attempt. Not for two threads at once.

    Attributes:
        problems: Messages about failed saves whose answer no script waits for.

    Args:
        live: The attempt's folder.
        facts: Records outputs.
        catch_up: Called for a job that requests versions of all earlier saves.
        read_metrics: Reads the files of metrics that the runner follows to their ends.
    """

    def __init__(
        self, live: Live, facts: FactWriter, catch_up: Callable[[Registry], None], read_metrics: Callable[[], None]
    ) -> None:
        self.problems: list[str] = []
        self._live, self._facts = live, facts
        self._catch_up, self._read_metrics = catch_up, read_metrics

    def take(self, registry: Registry) -> None:
        """Do all jobs requested by now.

        Args:
            registry: Opened by the calling thread.
        """
        for name in list_asked(self._live):
            job = begin(self._live, name)
            if job is not None:
                answer = self._do(registry, job)
                if answer.error is not None and job.draft is not None and not job.waited_for:
                    self.problems.append(f"{job.draft.name} was not saved: {_explain(answer.error)}")
                end(self._live, name, answer)

    def _do(self, registry: Registry, job: Job) -> Answer:
        try:
            if job.draft is None:
                self._catch_up(registry)
                return Answer()
            if job.metrics_until:
                self._read_metrics()
            version = save_job(registry, self._live, job)
            self._facts.add_output(job.entry, version)
            return Answer(version)
        except Exception as error:  # a failure of one job must not stop the others
            return Answer(error=error)


def save_job(registry: Registry, live: Live, job: Job) -> VersionId:
    """Save the version of a job and return its id.

    Raises:
        RegError: The registry refuses it, or its files have changed since.
        OSError: A file cannot be read, or there is no room.
    """
    _check_linked(job)
    paths = [Path(path) for path in job.paths]
    added = add_files(registry, _with_followed(live, job), paths, mode=job.mode, message=job.message,
                      allow_same=job.allow_same, cached=False, held=job.held)  # fmt: skip
    return added.version.id


def _with_followed(live: Live, job: Job) -> Draft:
    """Return a job's draft with the metrics that the runner has read from files written before the request."""
    assert job.draft is not None
    path, moment = live.scalars(WRAPPER), round(job.metrics_until, LIVE)
    if not moment or not path.exists():
        return job.draft
    points = (point for point in read_points([path]) if point.time <= moment)
    return replace(job.draft, metrics={**last_at(points, job.draft.step), **job.draft.metrics})


def _check_linked(job: Job) -> None:
    for path, size, mtime in job.linked:
        status = Path(path).stat()
        if (status.st_size, status.st_mtime_ns) != (size, mtime):
            raise ConflictError(
                f"{Path(path).name} was rewritten before it was saved: write each checkpoint to a file of its own, "
                "replace it by a rename, or commit with wait=True"
            )


def _explain(error: Exception) -> str:
    return error.message if isinstance(error, RegError) else f"{type(error).__name__}: {error}"
