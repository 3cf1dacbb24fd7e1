"""Tasks that are hidden, given up and brought back."""

from __future__ import annotations

import pytest

from registry_cli.errors import CorruptError, NotFoundError, RefusedError
from registry_cli.ids import TaskId, new_ulid
from registry_cli.registry.api import Registry
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.task_lifecycle import archive_tasks, remove_tasks, restore_tasks
from tests.registry.making_tasks import draft, run, start


def test_archive_and_restore(registry: Registry) -> None:
    one, other = run(registry), draft(registry, "other")
    assert [row.archived for row in archive_tasks(registry, [one.id, other.id, one.id])] == [True, True]
    head = registry.index.head
    archive_tasks(registry, [one.id])
    assert registry.index.head == head
    assert [row.archived for row in restore_tasks(registry, [one.id])] == [False]


def test_a_removed_one_comes_back_with_its_bytes(registry: Registry) -> None:
    task = run(registry)
    assert [row.removed for row in remove_tasks(registry, [task.id], message="no use")] == [True]
    run_collection(registry)
    assert [row.removed for row in restore_tasks(registry, [task.id])] == [False]


def test_a_removed_one_whose_bytes_are_gone_stays_removed(registry: Registry) -> None:
    task = run(registry)
    remove_tasks(registry, [task.id])
    run_collection(registry, instant=True)
    with pytest.raises(RefusedError, match=r"console\.log of task baseline are gone"):
        restore_tasks(registry, [task.id])


def test_one_that_runs_stays(registry: Registry) -> None:
    task = start(registry)
    with pytest.raises(RefusedError, match="runs"):
        remove_tasks(registry, [task.id])


def test_one_that_nobody_knows(registry: Registry) -> None:
    for change in (archive_tasks, restore_tasks, remove_tasks):
        with pytest.raises(NotFoundError):
            change(registry, [TaskId(new_ulid())])


@pytest.mark.slow
def test_one_whose_record_is_lost_can_be_given_up(registry: Registry) -> None:
    task = run(registry)
    (record,) = registry.index.db.execute("SELECT record FROM tasks").fetchone()
    registry.layout.record(record).unlink()
    registry.layout.index.unlink()
    registry.close()
    repair_registry(registry.path)
    with pytest.raises(CorruptError, match="uses are unknown") as told:
        run_collection(registry)
    assert f"`reg task remove task:{task.id}`" in told.value.message
    remove_tasks(registry, [task.id])
    run_collection(registry, instant=True)
    with pytest.raises(CorruptError):
        restore_tasks(registry, [task.id])
