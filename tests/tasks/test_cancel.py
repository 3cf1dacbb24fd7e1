"""Cancelling: drafts end at once, runners are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_cli.dataclass import replace
from registry_cli.errors import RefusedError
from registry_cli.ids import TaskId
from registry_cli.registry.api import Registry
from registry_cli.store.writer_name import find_owner, is_alive
from registry_cli.tasks import cancel
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.attempt.folder import WRAPPER
from registry_cli.tasks.cancel import cancel_tasks
from registry_cli.tasks.drivers.port import Job, JobId
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_task, write_stage
from tests.owners import open_process
from tests.tasks.drivers.memory import InMemoryDriver
from tests.tasks.making import crash, draft, hand_over, lose_live, run, start


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def test_a_draft_ends(registry: Registry) -> None:
    draft(registry, "a")
    [row] = cancel_tasks(registry, ["a"], message="no need")
    assert (row.status, row.attempt, row.ended is not None) == ("cancelled", 0, True)


def test_of_many_drafts_one_that_begins_meanwhile_goes_on(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ends are one entry; what is no draft any more is left out of it."""
    other = draft(registry, "b")
    for name in "ac":
        draft(registry, name)
    see = cancel.see_tasks

    def begin(*given: Any) -> Any:
        rows = see(*given)
        monkeypatch.setattr(cancel, "see_tasks", see)
        with Registry.open(tmp_path) as theirs:
            write_stage(theirs, "start", replace(other, status="running", attempt=1))
        return rows

    monkeypatch.setattr(cancel, "see_tasks", begin)
    before = registry.log.last()
    rows = cancel_tasks(registry, ["a", "b", "c"], patience=0)
    assert [row.status for row in rows] == ["cancelled", "running", "cancelled"]
    assert registry.log.last() == before + 2


def test_a_runner_of_this_machine_is_ended_and_its_task_buried(registry: Registry) -> None:
    attempt = start(registry, "a")
    with open_process() as name:
        hand_over(attempt, name)
        [row] = cancel_tasks(registry, ["a"])
    assert row.status == "cancelled"
    assert not attempt.live.folder.exists()


def test_a_runner_that_does_not_end_was_asked(registry: Registry) -> None:
    attempt = start(registry, "a")  # this process runs it, and is not killed
    [row] = cancel_tasks(registry, ["a"], patience=0)
    assert (row.status, attempt.cancelled) == ("running", True)
    attempt.end(Ending("cancelled"))
    assert see_tasks(registry, ["a"])[0].status == "cancelled"


def test_what_has_ended_is_refused_and_nothing_is_done(registry: Registry) -> None:
    draft(registry, "draft")
    run(registry, "done")
    with pytest.raises(RefusedError, match="task done is completed"):
        cancel_tasks(registry, ["draft", "done"])
    assert see_tasks(registry, ["draft"])[0].status == "draft"


def test_a_crashed_one_is_buried_and_refused(registry: Registry) -> None:
    crash(start(registry, "a"))
    with pytest.raises(RefusedError, match="task a is crashed"):
        cancel_tasks(registry, ["a"])
    assert registry.index.db.execute("SELECT status FROM tasks").fetchall() == [("crashed",)]


def test_a_wrapper_is_left_word_alone(registry: Registry) -> None:
    attempt = start(registry, "a")
    attempt.live.facts(WRAPPER).write_bytes(b"")
    with open_process() as name:
        hand_over(attempt, name)
        [row] = cancel_tasks(registry, ["a"], patience=0)
        owner = find_owner(name)
        assert owner
        assert (row.status, attempt.cancelled, is_alive(owner, attempt.live.folder)) == ("running", True, True)


def test_one_that_has_just_begun_elsewhere(registry: Registry) -> None:
    lose_live(start(registry, "a"))
    with pytest.raises(RefusedError, match="does not run on this copy") as caught:
        cancel_tasks(registry, ["a"])
    assert str(caught.value.hint).startswith("reg task cancel --force 0")
    [row] = cancel_tasks(registry, ["a"], force=True)
    assert (row.status, get_task(registry, row).problem) == (
        "cancelled",
        "its runner could not be asked, and may not know",
    )


def test_one_that_has_long_run_elsewhere_ends(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_live(start(registry, "a"))
    monkeypatch.setattr(cancel, "SILENCE", 0.0)
    assert cancel_tasks(registry, ["a"])[0].status == "cancelled"


def test_a_job_that_waits_is_cancelled_with_its_draft(registry: Registry) -> None:
    task, driver = draft(registry, "a"), InMemoryDriver()
    job = driver.submit(Job(task.id, 1, ("", "wait"), Path.cwd(), {}))
    assert cancel_tasks(registry, ["a"], driver=driver)[0].status == "cancelled"
    assert driver.status(job).phase == "cancelled"


def test_a_job_that_waits_is_cancelled_and_what_ended_before_it_stays(registry: Registry) -> None:
    task, driver = run(registry, "a"), InMemoryDriver()
    job = driver.submit(Job(task.id, 2, ("", "wait"), Path.cwd(), {}))
    [row] = cancel_tasks(registry, ["a"], driver=driver)
    assert (row.status, row.attempt, driver.status(job).phase) == ("completed", 1, "cancelled")
    with pytest.raises(RefusedError, match="nothing to cancel"):
        cancel_tasks(registry, ["a"], driver=driver)


class BeginsMeanwhile(InMemoryDriver):
    """An engine whose job begins its task in the moment in which it is looked for."""

    def __init__(self, begin: Callable[[], object]) -> None:
        super().__init__()
        self.begin = begin

    def find(self, task: TaskId, attempt: int) -> JobId | None:
        self.begin()
        return super().find(task, attempt)


def test_a_draft_that_begins_in_this_moment_is_asked(registry: Registry) -> None:
    task, begun = draft(registry, "a"), []
    driver = BeginsMeanwhile(lambda: begun.append(Attempt.start(registry, task)))
    [row] = cancel_tasks(registry, ["a"], driver=driver, patience=0)
    assert (row.status, begun[0].cancelled) == ("running", True)
