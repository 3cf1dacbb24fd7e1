"""Each test has a registry of its own, and leaves no task behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.opening import Registry
from registry_cli.sdk import join
from registry_cli.sdk.exit_status import Outcome


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def no_task_left(isolated: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py"])
    yield
    running = join.peek_current()
    if running is not None:
        join.leave(running, Outcome())
        running.close()
        join.set_current(None)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "model.pt"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    return path
