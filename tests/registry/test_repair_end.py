"""Repair of the end of a log: whatever lies there, and however far the index has come, the registry opens after it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.opening import Registry
from registry_cli.registry.repair.repair import repair_registry
from tests.builders import add
from tests.faults.harness import take_share

ENTRIES = 4
"""Of the registry: four versions."""


def cut(slot: Path) -> None:
    """Leave half of an entry."""
    data = slot.read_bytes() if slot.exists() else slot.with_name(f"{ENTRIES:06d}.toml").read_bytes()
    put(slot, data[: len(data) // 2])


def put(slot: Path, data: bytes) -> None:
    slot.unlink(missing_ok=True)
    slot.write_bytes(data)


def make(slot: Path, how: Callable[[Path], object]) -> None:
    slot.unlink(missing_ok=True)
    how(slot)


LEFT: dict[str, Callable[[Path], object]] = {
    "nothing": lambda slot: slot.unlink(missing_ok=True),
    "empty": lambda slot: put(slot, b""),
    "junk": lambda slot: put(slot, b"\0junk\xff" * 20),
    "cut": cut,
    "older": lambda slot: put(slot, slot.with_name("000002.toml").read_bytes()),
    "pipe": lambda slot: make(slot, os.mkfifo),
    "folder": lambda slot: make(slot, os.mkdir),
    "full folder": lambda slot: make(slot, lambda path: (path / "inner").mkdir(parents=True)),
    "link": lambda slot: make(slot, lambda path: path.symlink_to(path.with_name("000001.toml"))),
    "dangling": lambda slot: make(slot, lambda path: path.symlink_to("nowhere")),
}
"""What may lie in a slot."""
LATER = ["nothing", "junk", "pipe", "folder", "older"]
BEHIND = {"head": 0, "one behind": 1, "two behind": 2, "missing": None}
"""Entries that the index has not folded."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry and, beside it, its index after each entry; nobody writes here."""
    folder = tmp_path_factory.mktemp("whole")
    Registry.init(folder).close()
    for seq in range(1, ENTRIES + 1):
        with Registry.open(folder) as registry:
            add(registry, f"p/m{seq}", b"weights %d" % seq)
        shutil.copy(folder / ".registry/cache/index.sqlite", folder / f"index-{seq}")
    return folder


def set_index(folder: Path, behind: int | None) -> None:
    cache = folder / ".registry" / "cache"
    shutil.rmtree(cache)
    cache.mkdir()
    if behind is not None:
        shutil.copy(folder / f"index-{ENTRIES - behind}", cache / "index.sqlite")


def check_repaired(folder: Path, what: str) -> None:
    repair_registry(folder / ".registry")
    with Registry.open(folder) as registry:
        kept = {row.ref for row in registry.query()}
        assert {f"p/m{seq}:1" for seq in range(1, ENTRIES)} <= kept, what
        assert add(registry, "p/after", b"after").ref == "p/after:1", what
    again = repair_registry(folder / ".registry")
    assert again.outcomes == (), what
    assert again.report, what
    assert again.report.damages == (), what


def check_case(whole: Path, folder: Path, newest: str, behind: str, following: str, later: str) -> None:
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("sources", "reserve"))
    set_index(folder, BEHIND[behind])
    slots = folder / ".registry" / "log" / "000000"
    for seq, left in ((ENTRIES + 1, following), (ENTRIES, newest), (ENTRIES + 2, later)):
        LEFT.get(left, bool)(slots / f"{seq:06d}.toml")
    check_repaired(folder, f"{newest}, index {behind}, {following}, {later}")
    shutil.rmtree(folder)


@pytest.mark.sweep(22)
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("newest", ["whole", *LEFT])
def test_registry_opens_after_repair_whatever_lies_at_the_end_of_its_log(
    newest: str, behind: str, whole: Path, tmp_path: Path
) -> None:
    shift = 3 * list(BEHIND).index(behind) + ["whole", *LEFT].index(newest)
    following, later = list(LEFT)[shift % len(LEFT)], LATER[shift % len(LATER)]
    check_case(whole, tmp_path / "copy", newest, behind, following, later)


@pytest.mark.faults
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("newest", ["whole", *LEFT])
def test_registry_opens_after_repair_of_every_end(newest: str, behind: str, whole: Path, tmp_path: Path) -> None:
    """Each pair of neighbouring slots with each index; what lies after them takes turns."""
    turn = ["whole", *LEFT].index(newest) + list(BEHIND).index(behind)
    for place, following in take_share(list(enumerate(LEFT))):
        check_case(whole, tmp_path / "copy", newest, behind, following, LATER[(turn + place) % len(LATER)])
