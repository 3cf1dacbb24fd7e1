"""`reg gc` and `reg trash`: what is freed, when, and how it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Reg

STEPS = ["now", "after_grace", "after_trash", "young"]


@pytest.fixture
def removed(iris: Reg) -> Reg:
    iris("model", "remove", "iris/softmax:1", "--force", "-m", "why")
    return iris


@pytest.fixture
def size() -> int:
    return Path("in/1.safetensors").stat().st_size


def test_a_dry_run_says_what_a_run_does(removed: Reg, size: int) -> None:
    told = removed("gc", "--forced", "--dry-run", "--json").json
    assert [told[step] for step in STEPS] == [0, size, 0, 0]
    assert [blob["fate"] for blob in told["blobs"]] == ["condemn"]
    assert removed("gc", "--forced").lines == ["now\t0", f"after_grace\t{size}", "after_trash\t0", "young\t0"]
    assert removed("gc", "--forced", "--now", "--dry-run").lines[0] == f"now\t{size}"
    assert removed("gc", "--forced", "--now", "--json").json["now"] == size


def test_a_person_reads_it(removed: Reg) -> None:
    shown = removed("gc", "--forced", terminal=True).shown
    assert [line[11:] for line in shown] == [
        "freed now",
        "announced, to the trash after the grace",
        "in the trash, deleted after its time",
        "unused, too young to be judged",
    ]


def test_a_parent_stays_and_is_explained(removed: Reg) -> None:
    told = removed("gc", "--explain", "iris/softmax:1")
    assert told.lines[0].startswith("iris/softmax:1 stays: it was removed, and its bytes stay all the same")
    assert "hint: reg gc --forced lets it go" in told.err
    table = removed("gc", "--explain", "iris/tuned:1", "--json").json
    assert table["stays"]
    assert table["files"][0]["fate"] == "stays"
    assert "--explain only explains" in removed("gc", "--explain", "iris/tuned:1", "--now", code=2).err


def test_the_trash(removed: Reg, size: int) -> None:
    removed("config", "set", "gc.grace", "0s")
    for _ in range(2):
        removed("gc", "--forced")
    (row,) = removed("trash", "list", "--json").json
    assert (row["size"], row["reason"], row["versions"]) == (size, "swept", ["iris/softmax:1"])
    assert removed("trash", "list", "-q").lines == [row["id"]]
    restored = removed("trash", "restore", row["id"][:8])
    assert restored.lines[0].endswith(row["id"])
    assert "hint: reg model restore 'iris/softmax:1' uses them again" in restored.err
    removed("model", "restore", "iris/softmax:1")
    removed("model", "verify", "iris/softmax:1", "--strong")
    assert "no blob `abcdef` in the trash" in removed("trash", "restore", "abcdef", code=11).err


def test_the_trash_is_emptied_when_somebody_says_so(removed: Reg, size: int) -> None:
    removed("config", "set", "gc.grace", "0s")
    for _ in range(2):
        removed("gc", "--forced")
    assert removed("trash", "empty", "--dry-run", "--json").json == {"freed": size, "files": 1}
    assert "say so with --yes" in removed("trash", "empty", code=2).err
    assert removed("trash", "empty", "--yes", "-m", "disk full").lines == [f"freed\t{size}", "files\t1"]
    assert removed("trash", "list").lines == []
    assert removed("trash", "empty").lines == ["freed\t0", "files\t0"]
    assert removed("events", "--limit", "1", "--columns", "what").lines == ["deleted 1 unused blob"]
