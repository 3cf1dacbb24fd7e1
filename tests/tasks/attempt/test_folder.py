"""The folder of a running attempt: one runner has it, and what is told in it is made durable."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry_cli.ids import TaskId, new_ulid
from registry_cli.registry.api import Registry
from registry_cli.store.files import open_observer
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.attempt.folder import (
    State,
    close_live,
    is_running,
    iter_live,
    open_live,
    read_state,
    secure_live,
)


class Calls:
    """Notes each call of the seam."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []

    def before(self, op: str, path: str, detail: object) -> None:
        pass

    def after(self, op: str, path: str, detail: object) -> None:
        self.made.append((op, Path(path).name))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.init(tmp_path)


def test_one_runner_has_an_attempt(registry: Registry) -> None:
    task, state = TaskId(new_ulid()), State(new_name(), datetime.now(UTC), named=True)
    live = open_live(registry.layout, task, 1, state)
    assert read_state(live) == state
    with pytest.raises(FileExistsError):
        open_live(registry.layout, task, 1, State(new_name(), datetime.now(UTC)))
    assert read_state(live) == state
    assert list(registry.layout.tmp.iterdir()) == []
    assert is_running(registry.layout, live)
    open_live(registry.layout, task, 2, state)
    assert [one.attempt for one in iter_live(registry.layout)] == [1, 2]
    close_live(registry.layout, live)
    assert not is_running(registry.layout, live)


def test_what_is_told_is_made_durable(registry: Registry) -> None:
    live = open_live(registry.layout, TaskId(new_ulid()), 1, State(new_name(), datetime.now(UTC)))
    for path in (live.console, live.facts("7"), live.scalars("7")):
        path.write_text("told\n")
    calls = Calls()
    with open_observer(calls):
        secure_live(live)
    assert calls.made == [("fsync", "console.log"), ("fsync", "facts-7.jsonl"), ("fsync", "scalars-7.tsv"),
                          ("fsync-dir", "1")]  # fmt: skip
