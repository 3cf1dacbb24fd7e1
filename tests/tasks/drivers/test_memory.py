"""The in-memory double keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.ids import TaskId
from registry_cli.tasks.drivers.port import Driver, Job, JobId, JobState
from tests.tasks.drivers.contract import DriverContract, Engine
from tests.tasks.drivers.memory import InMemoryDriver


class Memory(Engine):
    def __init__(self) -> None:
        self.memory = InMemoryDriver()
        self.driver = self.memory

    def reopen(self) -> Driver:
        return InMemoryDriver(self.memory.jobs)

    def ending(self, task: TaskId, *, prints: bytes = b"", code: int = 0, attempt: int = 1) -> Job:
        return Job(task, attempt, (prints.decode("latin-1"), str(code)), Path(), {})

    def waiting(self, task: TaskId, *, prints: bytes = b"") -> Job:
        return Job(task, 1, (prints.decode("latin-1"), "wait"), Path(), {})

    def lose(self, job: JobId) -> None:
        self.memory.jobs[job].state = JobState("lost")


class TestInMemoryDriver(DriverContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return Memory()
