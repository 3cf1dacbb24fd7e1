"""What cares for versions cares for tasks too: fsck, repair, gc, du."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry_cli.catalog.read.uses import list_needed_blobs, list_users
from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash, TaskId, new_ulid
from registry_cli.records.task import CONSOLE
from registry_cli.registry.api import Registry
from registry_cli.registry.du import Share, list_shares, measure_areas
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.fsck.report import Report
from registry_cli.registry.gc.collect import preview_collection, run_collection
from registry_cli.registry.gc.explain import explain_version
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.registry.prune import plan_prune
from registry_cli.registry.repair.outcome import Repair
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.retention import parse_keep
from registry_cli.registry.status import read_status
from registry_cli.registry.task_lifecycle import remove_tasks
from registry_cli.store import trash
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.known_losses import NOTHING, read_partial
from registry_cli.tasks.record import get_task
from tests.builders import add
from tests.owners import new_dead_name
from tests.registry.making_tasks import draft, end, row_of, run, start

SAME = b"epoch 1\n"
"""What `run` leaves as a console log."""


def told(report: Report) -> list[tuple[str, str, list[str]]]:
    return [(each.kind, each.problem, [report.names[user] for user in each.users]) for each in report.damages]


def blob_path(registry: Registry, data: bytes = SAME) -> Path:
    return registry.layout.blob(digest_bytes(data).sha256)


def spoil(path: Path, data: bytes = b"rot") -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def repair(registry: Registry, source: Path | None = None) -> Repair:
    registry.close()
    return repair_registry(registry.path, source=source)


def copy(registry: Registry) -> Path:
    registry.close()
    return Path(shutil.copytree(registry.path, registry.path.parent / "copy" / ".registry")).parent


@pytest.mark.slow
def test_a_task_is_told_with_its_damaged_record_and_bytes(registry: Registry) -> None:
    task = end(registry, start(registry), "failed")
    first = row_of(registry, task)
    again = end(registry, start(registry, task), files={CONSOLE: b"another"})
    assert not check_registry(registry).damages
    assert check_registry(registry).counts.records == 4
    newest = row_of(registry, again).record
    registry.close()
    registry.layout.record(first.record).unlink()
    assert told(check_registry(registry)) == [("record", "is missing", ["task:baseline"])]
    spoil(registry.layout.record(newest))
    report = check_registry(registry)
    assert sorted(told(report)) == [
        ("record", "is missing", ["task:baseline"]),
        ("record", "was changed after it was written", ["task:baseline"]),
    ]
    assert "1 blob that nothing names, 7 bytes" in report.notes  # only the damaged record knows of it


@pytest.mark.slow
def test_a_damaged_blob_of_a_task(registry: Registry) -> None:
    task = run(registry, "fit")
    add(registry, "p/m", b"epoch 1\n")
    spoil(blob_path(registry), b"epoch 7\n")
    report = check_registry(registry)
    assert told(report) == [("blob", "does not hold the bytes it was given", ["p/m:1", "task:fit"])]
    remove_tasks(registry, [task.id])
    assert told(check_registry(registry))[0][2] == ["p/m:1"]


@pytest.mark.slow
def test_a_record_of_a_task_that_no_entry_names(registry: Registry) -> None:
    run(registry)
    seq = registry.index.head.seq
    registry.close()
    registry.layout.slot(seq).unlink()
    registry.layout.index.unlink()
    report = check_registry(registry)
    assert (report.damages, report.notes) == (
        (), ("1 record that no entry names", "1 blob that nothing names, 8 bytes: reg gc",
             "there is no index in the registry: it is made when it is needed"))  # fmt: skip
    registry.layout.slot(seq - 1).write_bytes(b"rotten")
    (damage,) = check_registry(registry).damages
    assert [check_registry(registry).names[user] for user in damage.users] == ["task:baseline"]


def test_an_entry_of_a_task_is_told_by_the_index(registry: Registry) -> None:
    run(registry)
    registry.close()
    registry.layout.slot(1).unlink()
    report = check_registry(registry)
    assert told(report)[0][2] == ["task:baseline"]


@pytest.mark.slow
def test_folders_of_attempts_that_are_over_are_noted(registry: Registry) -> None:
    running, ended = start(registry), run(registry, "over")
    for task, number in ((running.id, 1), (ended.id, 1), (new_ulid(), 1)):
        folder = registry.layout.attempt(TaskId(task), number)
        folder.mkdir(parents=True)
        (folder / "state.toml").write_text(f'owner = "{new_dead_name()}"\n')
    report = check_registry(registry)
    assert (report.damages, report.notes) == ((), ("2 folders in tasks/ of attempts that are over: reg gc",))
    done = run_collection(registry)
    assert (done.leftovers, [path.name for path in registry.layout.tasks.iterdir()]) == (2, [running.id])
    assert check_registry(registry).notes == ()


@pytest.mark.slow
def test_bytes_of_a_task_are_mended_from_a_copy(registry: Registry) -> None:
    task = end(registry, start(registry), "failed")
    first = row_of(registry, task).record
    end(registry, start(registry, task), files={CONSOLE: SAME, "plots/a.json": b"{}"})
    backup = copy(registry)
    rotten = [registry.layout.record(row_of(registry, task).record), registry.layout.record(first),
              blob_path(registry, b"{}")]  # fmt: skip
    registry.close()
    registry.layout.index.unlink()
    for path in rotten:
        spoil(path)
    assert len(check_registry(registry).damages) == 2
    done = repair(registry, backup)
    assert (len(done.outcomes), done.lost) == (3, ())
    assert check_registry(registry).damages == ()
    assert get_task(registry, row_of(registry, task)).files[1].path == "plots/a.json"
    assert read_partial(registry.layout) == NOTHING


@pytest.mark.slow
def test_a_task_that_is_lost_for_good_holds_nobody_up(registry: Registry) -> None:
    task = run(registry)
    record = row_of(registry, task).record
    blob_path(registry).unlink()
    done = repair(registry)
    assert [(outcome.kind, outcome.users) for outcome in done.lost] == [("blob", (task.id,))]
    assert read_partial(registry.layout).blobs == {file.sha256 for file in task.files if file.path == CONSOLE}
    registry.layout.record(record).unlink()
    registry.layout.index.unlink()
    with pytest.raises(CorruptError, match=f"while task:{task.id} is damaged"):
        draft(Registry.open(registry.path), "other")
    done = repair(registry)
    assert done.names[task.id] == "task:baseline"
    assert read_partial(registry.layout).records == {record}
    broken = row_of(registry, task)
    assert (broken.status, broken.attempt, broken.broken is not None) == ("completed", 1, True) or broken.broken
    draft(registry, "other")


@pytest.mark.slow
def test_bytes_of_a_task_come_back_from_the_trash(registry: Registry) -> None:
    run(registry)
    blob = blob_path(registry)
    assert trash.sweep(registry.layout, blob)
    assert check_registry(registry).notes == ("1 blob in the trash that something needs: reg repair",)
    assert [outcome.how for outcome in repair(registry).outcomes] == ["brought back from the trash"]
    assert blob.exists()


@pytest.mark.slow
def test_a_copy_brings_the_last_entries_of_tasks_back(registry: Registry) -> None:
    run(registry)
    backup = copy(registry)
    for seq in (1, 2):
        registry.layout.slot(seq).unlink()
    registry.layout.index.unlink()
    assert [outcome.how for outcome in repair(registry, backup).outcomes] == ["copied from the other registry"] * 2
    assert registry.index.db.execute("SELECT status FROM tasks").fetchall() == [("completed",)]


@pytest.mark.slow
def test_what_a_task_uses_stays_until_it_is_removed(registry: Registry) -> None:
    task = run(registry)
    row = add(registry, "p/m", SAME)
    remove_versions(registry, [row.ref])
    (user,) = [
        user
        for user in registry.read(lambda db: list_users(db, task.files[0].sha256 or BlobHash("")))
        if not user.removed
    ]
    assert (user.id, user.ref) == (task.id, "task:baseline")
    (file,) = explain_version(registry, row.ref).files
    assert file.state == "stays: task:baseline holds the same bytes"
    assert run_collection(registry, instant=True).blobs == 0
    remove_tasks(registry, [task.id])
    assert [unused.decision for unused in preview_collection(registry).unused] == ["condemn"]
    assert run_collection(registry, instant=True).blobs == 1
    assert not blob_path(registry).exists()


def test_what_only_a_lost_entry_names_stays(registry: Registry) -> None:
    run(registry)
    seq = registry.index.head.seq
    registry.close()
    registry.layout.slot(seq).unlink()
    registry.layout.index.unlink()
    assert run_collection(registry, instant=True).blobs == 0
    assert run_collection(registry, instant=True, forced=True).blobs == 1


def test_disk_use_counts_tasks(registry: Registry) -> None:
    task = run(registry, files={CONSOLE: SAME, "code.diff": b"+" * 92})
    run(registry, "other", files={})
    add(registry, "iris/m", b"w" * 50, task=task.id)
    add(registry, "top", SAME)
    folder = registry.layout.attempt(task.id, 2)
    folder.mkdir(parents=True)
    (folder / CONSOLE).write_bytes(b"123")
    areas = {area.name: (area.files, area.bytes) for area in measure_areas(registry)}
    assert (areas["blobs"], areas["unused"], areas["tasks"]) == ((3, 150), (0, 0), (1, 3))
    assert list_shares(registry, "task")[:2] == [Share(task.id, 1, 150, 142), Share(None, 1, 8, 0)]
    assert list_shares(registry, "project") == [Share("iris", 1, 150, 142), Share(None, 1, 8, 0)]
    assert list_shares(registry, "model") == [Share("iris/m", 1, 50, 50), Share("top", 1, 8, 0)]
    assert read_status(registry).size == 150
    remove_tasks(registry, [task.id])
    assert list_shares(registry, "model") == [Share("iris/m", 1, 50, 50), Share("top", 1, 8, 8)]


def test_a_prune_frees_nothing_that_a_task_holds(registry: Registry) -> None:
    run(registry)
    add(registry, "p/m", SAME)
    add(registry, "p/m", b"new")
    pruning = plan_prune(registry, "", parse_keep("last 1"))
    assert (len(pruning.removed), pruning.freed) == (1, 0)


@pytest.mark.sweep(2)
@pytest.mark.parametrize("status", ["completed", "failed"])
def test_bytes_of_an_earlier_attempt_are_needed_and_mended_from_a_copy(registry: Registry, status: str) -> None:
    task = run(registry)
    end(registry, start(registry, task), status, files={CONSOLE: b"another"})
    assert set(registry.read(list_needed_blobs)) == {digest_bytes(data).sha256 for data in (SAME, b"another")}
    backup = copy(registry)
    blob_path(registry).unlink()
    assert told(check_registry(registry)) == [("blob", "is missing", ["task:baseline"])]
    repair(registry, backup)
    assert blob_path(registry).read_bytes() == SAME
    assert not check_registry(registry).damages
