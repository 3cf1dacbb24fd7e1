"""What happened to tasks, in words and with their addresses."""

from __future__ import annotations

import pytest

from registry_cli.catalog.read.journal import iter_changes
from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError, RefusedError
from registry_cli.ids import RecordId
from registry_cli.registry.api import Registry
from registry_cli.registry.events import iter_events
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.history import read_history
from registry_cli.registry.task_lifecycle import archive_tasks, remove_tasks, restore_tasks
from registry_cli.registry.undo import undo_entry
from registry_cli.tasks.record import write_stage
from tests.registry.making import add
from tests.registry.making_tasks import draft, end, row_of, run, start


def told(registry: Registry) -> list[str]:
    return [event.what for event in iter_events(registry)]


def test_each_stage_has_its_words(registry: Registry) -> None:
    task = draft(registry)
    write_stage(registry, "edit", replace(task, comment="x"), old=row_of(registry, task).record)
    failed = end(registry, start(registry, task), "failed", exit_code=3)
    crashed = end(registry, start(registry, failed), "crashed", exit_code=None)
    end(registry, start(registry, crashed))
    archive_tasks(registry, [task.id])
    remove_tasks(registry, [task.id])
    restore_tasks(registry, [task.id])
    assert told(registry) == [
        f"task baseline {words}" for words in (
            "drafted", "edited", "started (attempt 1)", "failed, exit 3", "started (attempt 2)", "crashed",
            "started (attempt 3)", "completed, exit 0", "archived", "removed", "restored")
    ]  # fmt: skip
    assert {event.row.ref for event in iter_events(registry)} == {"task:baseline"}


def test_a_lost_record_leaves_fewer_words(registry: Registry) -> None:
    task = end(registry, start(registry), "failed")
    first = row_of(registry, task).record
    end(registry, start(registry, task))
    registry.layout.record(first).unlink()
    assert told(registry)[1] == "task baseline ended"


def test_a_model_s_history_tells_of_none(registry: Registry) -> None:
    task = run(registry)
    add(registry, "a/m", task=task.id)
    assert [event.what for event in read_history(registry, "a/m").changes] == ["added model.bin, 9 bytes"]


def test_undo_takes_back_what_was_said_and_not_what_has_run(registry: Registry) -> None:
    task = draft(registry)
    before = row_of(registry, task).record
    write_stage(registry, "edit", replace(task, comment="wrong"), old=before)
    undo_entry(registry)
    assert row_of(registry, task).record == before
    undo_entry(registry)
    assert row_of(registry, task).removed
    ended = run(registry, "other")
    with pytest.raises(NotFoundError, match="nothing to undo: 2 entries cannot be undone"):
        undo_entry(registry)
    for row in list(iter_changes(registry.index.db))[-2:]:
        with pytest.raises(RefusedError, match="has run cannot be undone"):
            undo_entry(registry, row.entry)
    for change, undone in ((archive_tasks, (False, False)), (remove_tasks, (False, False))):
        change(registry, [ended.id])
        undo_entry(registry)
        assert (row_of(registry, ended).archived, row_of(registry, ended).removed) == undone
    remove_tasks(registry, [ended.id])
    restore_tasks(registry, [ended.id])
    undo_entry(registry)
    assert row_of(registry, ended).removed


def test_undo_needs_the_bytes(registry: Registry) -> None:
    task = run(registry)
    remove_tasks(registry, [task.id])
    entry = registry.index.db.execute("SELECT id FROM entries ORDER BY seq DESC LIMIT 1").fetchone()[0]
    run_collection(registry, instant=True)
    with pytest.raises(RefusedError, match="are gone"):
        undo_entry(registry, entry)


def test_undo_of_an_edit_counts_on_the_files_of_before(registry: Registry) -> None:
    task = run(registry)
    before = row_of(registry, task).record
    write_stage(registry, "edit", replace(task, files=()), old=before)
    run_collection(registry, instant=True)
    with pytest.raises(RefusedError, match="are gone"):
        undo_entry(registry)
    assert row_of(registry, task).record != RecordId(before)
