"""Runners that are dead and those that only seem to be: what is shown, what is ended, what a sleeper still tells."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import ConflictError, RefusedError
from registry_cli.ids import ModelName
from registry_cli.records.task import CONSOLE, Recipe, Task
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.task_lifecycle import remove_tasks
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.crashed import end_crashed, list_crashed
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.attempt.folder import GIVEN_UP, SILENCE, WRAPPER, restore_console
from registry_cli.tasks.cancel import cancel_tasks
from registry_cli.tasks.details import read_whole
from registry_cli.tasks.find import see_tasks
from registry_cli.tasks.record import get_row, get_task, read_task_file
from registry_cli.tasks.rerun.again import forget_results, get_runnable
from tests.owners import new_foreign_name
from tests.tasks.making import crash, hand_over, start, tell


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def sleep(attempt: Attempt, seconds: float) -> None:
    """Let the runner of an attempt be on a machine that nobody here can look at, and silent for so long."""
    if attempt.live.state.exists():
        hand_over(attempt, new_foreign_name())
        os.utime(attempt.live.state, (time.time() - seconds,) * 2)


def now(registry: Registry, task: Task) -> tuple[str, int, int | None]:
    """Return status, attempt and exit code as the log has them."""
    registry.index.sync()
    found = get_task(registry, get_row(registry, task.id))
    return found.status, found.attempt, found.exit_code


def console(registry: Registry, task: Task) -> bytes:
    file = task.find_file(CONSOLE)
    assert file is not None
    return read_task_file(registry, file)


def add(registry: Registry, attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"weights")
    add_files(registry, Draft(ModelName("iris/w"), task=attempt.task.id), [tmp_path / "w.bin"])


def test_a_runner_that_is_silent_is_shown_as_crashed_and_not_ended(registry: Registry, tmp_path: Path) -> None:
    attempt = start(registry, "a", recipe=Recipe(("x",), keep_failed=False))
    tell(attempt, b"begun\n")
    add(registry, attempt, tmp_path)
    sleep(attempt, SILENCE + 60)
    assert list_crashed(registry) == {attempt.task.id}
    assert end_crashed(registry) == []
    assert now(registry, attempt.task) == ("running", 1, None)
    attempt.beat()
    assert list_crashed(registry) == set()
    assert attempt.end(Ending("completed", 0)).attempt == 1
    assert registry.get_row("iris/w").task == attempt.task.id


def test_a_runner_that_wakes_after_its_end_was_written_tells_one_more_attempt(
    registry: Registry, tmp_path: Path
) -> None:
    attempt = start(registry, "a", recipe=Recipe(("x",), keep_failed=False))
    tell(attempt, b"begun\n", {"loss": [2.0]})
    add(registry, attempt, tmp_path)
    sleep(attempt, GIVEN_UP + 60)
    [row] = end_crashed(registry)
    assert end_crashed(registry) == []
    first = get_task(registry, get_row(registry, row.id))
    assert (first.status, first.attempt, first.problem) == (
        "crashed", 1, "its runner is silent, and may still run")  # fmt: skip
    assert registry.get_row("iris/w").task == attempt.task.id

    tell(attempt, b"woken\n", {"loss": [1.0]})
    ended = attempt.end(Ending("completed", 0))
    assert now(registry, attempt.task) == ("completed", 2, 0)
    assert (ended.started, ended.metrics) == (attempt.task.started, {"loss": 1.0})
    assert ended.problem == "attempt 1 was ended as crashed by another process while it ran"
    assert attempt.describe_end(ended)
    assert (console(registry, first), console(registry, ended)) == (b"begun\n", b"begun\nwoken\n")
    [shown] = read_whole(registry, get_row(registry, row.id)).ends
    assert (shown.status, shown.attempt) == ("crashed", 1)
    assert not attempt.live.folder.exists()


@pytest.mark.parametrize("wrapped", [True, False])
def test_whoever_still_writes_to_a_console_writes_to_no_blob(registry: Registry, wrapped: bool) -> None:
    attempt = start(registry, "a")
    if wrapped:
        attempt.live.facts(WRAPPER).write_bytes(b"")
    with attempt.live.console.open("ab", buffering=0) as writer:
        writer.write(b"begun\n")
        crash(attempt)
        assert end_crashed(registry)
        writer.write(b"more\n")
    assert console(registry, get_task(registry, get_row(registry, "a"))) == b"begun\n"


def test_a_folder_that_is_gone_costs_no_console_and_no_exit_code(registry: Registry) -> None:
    attempt = start(registry, "a")
    with attempt.live.console.open("ab", buffering=0) as writer:
        writer.write(b"begun\n")
        crash(attempt)
        assert end_crashed(registry)
        assert not attempt.live.folder.exists()
        writer.write(b"more\n")
        restore_console(registry.layout, attempt.live, writer.fileno())
    ended = attempt.end(Ending("failed", 3))
    assert (ended.attempt, ended.exit_code, console(registry, ended)) == (2, 3, b"begun\nmore\n")
    assert not attempt.live.folder.exists()


def test_an_end_that_is_written_twice_is_one(registry: Registry) -> None:
    attempt, ending = start(registry, "a"), Ending("completed", 0, ended=start(registry, "b").task.started)
    assert [attempt.end(ending).attempt for _ in range(2)] == [1, 1]


def test_a_sleeper_that_is_cancelled_is_ended_and_left_word(registry: Registry) -> None:
    attempt = start(registry, "a")
    tell(attempt, b"begun\n")
    sleep(attempt, SILENCE + 60)
    [row] = cancel_tasks(registry, ["a"], message="enough")
    assert (row.status, row.attempt, attempt.cancelled) == ("cancelled", 1, True)
    assert console(registry, get_task(registry, row)) == b"begun\n"
    with pytest.raises(RefusedError, match="there is nothing to cancel"):
        cancel_tasks(registry, ["a"])
    attempt.end(Ending("cancelled", signal="SIGTERM"))
    assert now(registry, attempt.task) == ("cancelled", 2, None)


def test_to_run_it_again_is_to_call_it_dead(registry: Registry) -> None:
    attempt = start(registry, "a")
    with pytest.raises(ConflictError, match="is running"):
        get_runnable(registry, "a")
    sleep(attempt, SILENCE + 60)
    row = get_runnable(registry, "a")
    assert (row.status, row.attempt) == ("crashed", 1)
    again = Attempt.start(registry, forget_results(get_task(registry, row)))
    with pytest.raises(RefusedError, match="attempt 2 at it runs: the end of attempt 1 is not on record"):
        attempt.end(Ending("completed", 0))
    assert again.end(Ending("failed", 1)).attempt == 2
    assert attempt.end(Ending("completed", 0)).attempt == 3


def test_a_removed_task_gets_no_end(registry: Registry) -> None:
    attempt = start(registry, "a")
    cancel_tasks(registry, ["a"], patience=0)
    sleep(attempt, GIVEN_UP + 60)
    end_crashed(registry)
    remove_tasks(registry, [see_tasks(registry, ["a"])[0].id])
    with pytest.raises(RefusedError, match="was removed while it ran"):
        attempt.end(Ending("completed", 0))
