"""One flipped bit anywhere in the index: the right answer or a clear error, never another one nor a raw exception."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from registry_cli import process
from registry_cli.catalog.read.models import list_lines
from registry_cli.errors import RegError
from registry_cli.ids import AliasName
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.get import write_stream
from registry_cli.registry.lifecycle import archive_versions, publish_versions
from registry_cli.registry.verify import list_faults
from tests.builders import add

FLIPS = int(os.environ.get("REG_TEST_FLIPS", "150"))
REFS = (
    "p/a",
    "p/a:1",
    "p/a:2",
    "p/a@prod",
    "p/a@old",
    "p/a~1",
    "P/A:3",
    "p/b",
    "q/c:1",
    "p/a@none",
    "p/a:9",
    "no/no",
)


@pytest.fixture
def made(tmp_path: Path) -> Registry:
    """A closed registry of a few versions, whose index lies whole in its file."""
    with Registry.init(tmp_path / "there") as registry:
        for name, count in (("p/a", 5), ("p/b", 2), ("q/c", 1)):
            for number in range(count):
                add(registry, name, f"{name} {number}".encode(), metrics={"acc": number / 10})
        for ref in ("p/a:3", "p/a:2"):
            set_alias(registry, ref, AliasName("prod"))
        set_alias(registry, "p/a:1", AliasName("old"))
        publish_versions(registry, ["p/a:1"])
        archive_versions(registry, ["p/a:5"])
    with closing(sqlite3.connect(registry.layout.index)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return registry


def read_bytes(registry: Registry, ref: str) -> bytes:
    reading, writing = os.pipe()
    try:
        write_stream(registry, registry.get_row(ref), writing)
        os.close(writing)
        writing = -1
        return os.read(reading, 1 << 16)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def told(ask: Callable[[], Any]) -> Any:
    """Return an answer, or the class and words of an error."""
    try:
        return ask()
    except RegError as error:
        return type(error).__name__, error.message


def ask_all(registry: Registry, ids: list[str]) -> list[Any]:
    refs = (*REFS, *ids)
    asked: list[Callable[[], Any]] = [
        *(lambda ref=ref: registry.get_row(ref) for ref in refs),  # type: ignore[misc]
        *(lambda ref=ref: read_bytes(registry, ref) for ref in refs),  # type: ignore[misc]
        *(lambda ref=ref: list_faults(registry, registry.get_row(ref), strong=True) for ref in ids),  # type: ignore[misc]
        lambda: {line.name: line.aliases for line in registry.read(list_lines)},
    ]
    return [told(ask) for ask in asked]


@pytest.mark.sweep(2)
@pytest.mark.parametrize("flips", [15, pytest.param(FLIPS, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.parametrize("is_command", [True, False])
def test_a_flipped_bit_gives_no_other_answer(
    made: Registry, is_command: bool, flips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "is_command", is_command)  # a command maps its index, a script does not
    with Registry.open(made.path) as registry:
        ids = [row.id for row in registry.list_rows([f"p/a:{number}" for number in (1, 2, 3)])]
        right = ask_all(registry, ids)
    good = made.layout.index.read_bytes()
    dice = random.Random(11)
    for _ in range(flips):
        bit = dice.randrange(len(good) * 8)
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        for path in made.layout.cache.iterdir():
            path.unlink()
        made.layout.index.write_bytes(bad)
        with Registry.open(made.path) as registry:
            given = ask_all(registry, ids)
        wrong = [pair for pair in zip(given, right, strict=True) if pair[0] != pair[1] and not is_clean(pair[0])]
        assert not wrong, (bit, wrong[:3])


def is_clean(answer: Any) -> bool:
    """Return whether an answer is an error that says that something is broken."""
    return isinstance(answer, tuple) and answer[:1] == ("CorruptError",)
