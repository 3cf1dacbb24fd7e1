"""What every driver must do, whatever it runs jobs on. A driver's test inherits `DriverContract` and says how to make
jobs that behave.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import islice

import pytest

from registry_cli.errors import NotFoundError
from registry_cli.ids import TaskId, new_ulid
from registry_cli.tasks.drivers.port import Driver, Job, JobId, JobState


class Engine(ABC):
    """A driver under test, and the jobs that it can be given."""

    driver: Driver

    @abstractmethod
    def reopen(self) -> Driver:
        """Return another driver on the same engine, as another process would have."""

    @abstractmethod
    def ending(self, task: TaskId, *, prints: bytes = b"", code: int = 0, attempt: int = 1) -> Job:
        """Return a job that prints and ends."""

    @abstractmethod
    def waiting(self, task: TaskId, *, prints: bytes = b"") -> Job:
        """Return a job that prints and then waits until it is cancelled."""

    @abstractmethod
    def lose(self, job: JobId) -> None:
        """Let the engine forget how a running job ended."""

    def finish(self, job: JobId) -> JobState:
        """Return how a job ended, once it has."""
        for _ in self.driver.logs(job, follow=True):
            pass
        return self.driver.status(job)


class DriverContract:
    """The tests; a fixture `engine` gives the engine."""

    @pytest.fixture
    def task(self) -> TaskId:
        return TaskId(new_ulid())

    def test_a_job_prints_and_succeeds(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task, prints=b"one\ntwo\n"))
        assert b"".join(engine.driver.logs(job, follow=True)) == b"one\ntwo\n"
        assert engine.driver.status(job) == JobState("succeeded", 0)
        assert b"".join(engine.driver.logs(job)) == b"one\ntwo\n"

    def test_output_is_bytes(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task, prints=b"\xff\x00\r\n"))
        assert b"".join(engine.driver.logs(job, follow=True)) == b"\xff\x00\r\n"

    def test_the_exit_code_is_kept(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task, code=3))
        assert engine.finish(job) == JobState("failed", 3)

    def test_one_that_runs_is_not_begun_again(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.waiting(task))
        assert engine.driver.submit(engine.waiting(task)) == job
        assert engine.reopen().submit(engine.waiting(task)) == job
        engine.driver.cancel(job)
        engine.finish(job)

    def test_one_that_succeeded_is_not_begun_again(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task, prints=b"once"))
        engine.finish(job)
        assert engine.driver.submit(engine.ending(task, prints=b"once")) == job
        assert b"".join(engine.driver.logs(job)) == b"once"

    def test_one_that_failed_is_begun_anew(self, engine: Engine, task: TaskId) -> None:
        first = engine.driver.submit(engine.ending(task, code=1))
        engine.finish(first)
        second = engine.driver.submit(engine.ending(task))
        assert second != first
        assert engine.finish(second) == JobState("succeeded", 0)
        assert engine.driver.status(first) == JobState("failed", 1)

    def test_another_attempt_is_another_job(self, engine: Engine, task: TaskId) -> None:
        first, second = (engine.driver.submit(engine.ending(task, attempt=number)) for number in (1, 2))
        assert first != second
        assert {engine.finish(job) for job in (first, second)} == {JobState("succeeded", 0)}

    def test_what_is_printed_can_be_read_while_it_runs(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.waiting(task, prints=b"begun\n"))
        assert list(islice(engine.driver.logs(job, follow=True), 1)) == [b"begun\n"]
        assert engine.driver.status(job) == JobState("running")
        assert b"".join(engine.driver.logs(job)) == b"begun\n"
        engine.driver.cancel(job)
        engine.finish(job)

    def test_a_cancelled_job_ends(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.waiting(task, prints=b"begun\n"))
        list(islice(engine.driver.logs(job, follow=True), 1))
        engine.driver.cancel(job)
        assert engine.finish(job).phase == "cancelled"
        engine.driver.cancel(job)
        assert engine.driver.status(job).phase == "cancelled"

    def test_cancelling_one_that_ended_changes_nothing(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task))
        engine.finish(job)
        engine.driver.cancel(job)
        assert engine.driver.status(job) == JobState("succeeded", 0)

    def test_another_process_sees_the_same(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.ending(task, prints=b"x", code=4))
        engine.finish(job)
        assert engine.reopen().status(job) == JobState("failed", 4)
        assert b"".join(engine.reopen().logs(job)) == b"x"

    def test_a_lost_job_is_told_and_begun_anew(self, engine: Engine, task: TaskId) -> None:
        job = engine.driver.submit(engine.waiting(task, prints=b"begun\n"))
        list(islice(engine.driver.logs(job, follow=True), 1))
        engine.lose(job)
        assert engine.finish(job) == JobState("lost")
        again = engine.driver.submit(engine.ending(task))
        assert again != job
        assert engine.finish(again) == JobState("succeeded", 0)

    def test_the_newest_job_of_an_attempt_is_found(self, engine: Engine, task: TaskId) -> None:
        assert engine.driver.find(task, 1) is None
        for _ in range(2):
            job = engine.driver.submit(engine.ending(task, code=1))
            engine.finish(job)
            assert engine.reopen().find(task, 1) == job
        assert engine.driver.find(task, 11) is None

    def test_an_unknown_job(self, engine: Engine) -> None:
        unknown = JobId("no-such-job")
        with pytest.raises(NotFoundError, match="no-such-job"):
            engine.driver.status(unknown)
        with pytest.raises(NotFoundError, match="no-such-job"):
            list(engine.driver.logs(unknown))
        with pytest.raises(NotFoundError, match="no-such-job"):
            engine.driver.cancel(unknown)
