"""One command is one entry, however many versions or tasks it names: it is done and undone as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

from registry_cli.cli.options import RefsArg, TasksArg
from registry_cli.cli.table import COMMANDS, GROUPS
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.registry.making import add
from tests.tasks.making import draft

VERSIONS = ("a/m:1", "a/m:2", "b/n:1")
TASKS = ("one", "two", "three")
MANY: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "model edit": (("--set", "metadata.owner=risk"), ()),
    "model tag": (("--add", "t"), ()),
    "model publish": ((), ()),
    "model archive": ((), ()),
    "model restore": ((), ("model", "remove", *VERSIONS)),
    "model remove": ((), ()),
    "task tag": (("--add", "t"), ()),
    "task cancel": ((), ()),
    "task archive": ((), ()),
    "task restore": ((), ("task", "remove", *TASKS)),
    "task remove": ((), ()),
}
"""Options of each command that changes many, and what is done before."""
READ = {"model path", "model compare", "model verify", "task compare"}
"""Those that take many and change nothing."""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A folder with a registry that holds `VERSIONS` and `TASKS`."""
    with Registry.init(tmp_path) as registry:
        for name in ("a/m", "a/m", "b/n"):
            add(registry, name)
        for name in TASKS:
            draft(registry, name)
    return tmp_path


def count_entries(folder: Path) -> int:
    return Registry.open(folder).log.last()


@pytest.mark.parametrize("command", MANY)
def test_many_at_once(command: str, reg: Reg, registry: Path) -> None:
    options, before = MANY[command]
    if before:
        reg(*before)
    was = count_entries(registry)
    refs = VERSIONS if command.startswith("model") else TASKS
    assert len(reg(*command.split(), *refs, *options).lines) == 3
    assert count_entries(registry) == was + 1


def test_pruning(reg: Reg, registry: Path) -> None:
    was = count_entries(registry)
    assert len(reg("model", "prune", "name = a/m or name = b/n", "--keep", "last 1", "--yes").lines) == 1
    assert count_entries(registry) == was + 1
    assert len(reg("undo").lines) == 1
    assert len(reg("model", "query", "-q").lines) == 3


def test_no_command_is_forgotten() -> None:
    """Each command that takes many versions or tasks is in one of the two lists."""
    many = set()
    for words in set(COMMANDS) - GROUPS:
        given = get_type_hints(import_module(COMMANDS[words].module).command, include_extras=True)
        if any(hint in (RefsArg, TasksArg) for hint in given.values()):
            many.add(words)
    assert many == set(MANY) | READ
