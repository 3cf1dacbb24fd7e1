"""Cancelling: drafts end at once, runners are asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import RefusedError
from registry_cli.registry.api import Registry
from registry_cli.tasks.cancel import cancel_tasks
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.finish import Ending
from tests.owners import open_process
from tests.tasks.making import crash, draft, hand_over, lose_live, run, start


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def test_a_draft_ends(registry: Registry) -> None:
    draft(registry, "a")
    [row] = cancel_tasks(registry, ["a"], message="no need")
    assert (row.status, row.attempt, row.ended is not None) == ("cancelled", 0, True)


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
    assert registry.db.execute("SELECT status FROM tasks").fetchall() == [("crashed",)]


def test_one_that_runs_elsewhere(registry: Registry) -> None:
    lose_live(start(registry, "a"))
    with pytest.raises(RefusedError, match="does not run here"):
        cancel_tasks(registry, ["a"])
