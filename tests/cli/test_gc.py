"""`reg gc` and `reg trash`: bytes are freed in steps, and can be restored."""

from __future__ import annotations

import shutil
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
    printed = removed("gc", "--forced", "--dry-run", "--json").json
    assert [printed[step] for step in STEPS] == [0, size, 0, 0]
    assert [blob["fate"] for blob in printed["blobs"]] == ["condemn"]
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
    printed = removed("gc", "--explain", "iris/softmax:1")
    assert printed.lines[0].startswith("iris/softmax:1 stays: it was removed, and its bytes stay all the same")
    assert "hint: reg gc --forced\n" in printed.err
    table = removed("gc", "--explain", "iris/tuned:1", "--json").json
    assert table["stays"]
    assert table["files"][0]["fate"] == "stays"
    assert "hint: reg gc --explain iris/tuned:1\n" in removed("gc", "--explain", "iris/tuned:1", "--now", code=2).err


@pytest.mark.slow
def test_the_trash(removed: Reg, size: int) -> None:
    removed("config", "set", "gc.grace", "0s")
    for _ in range(2):
        removed("gc", "--forced")
    (row,) = removed("trash", "list", "--json").json
    assert (row["size"], row["reason"], row["versions"]) == (size, "swept", ["iris/softmax:1"])
    assert removed("trash", "list", "-q").lines == [row["id"]]
    restored = removed("trash", "restore", row["id"][:8])
    assert restored.lines[0].endswith(row["id"])
    assert "hint: reg model restore iris/softmax:1\n" in restored.err
    removed("model", "restore", "iris/softmax:1")
    removed("model", "verify", "iris/softmax:1", "--strong")
    assert "no blob `abcdef` in the trash" in removed("trash", "restore", "abcdef", code=11).err
    assert removed("trash", "list", "--json").json == []  # what is there has its place again
    assert removed("trash", "empty", "--yes").lines == ["freed\t0", "files\t0"]


def test_a_prefix_names_enough(removed: Reg) -> None:
    printed = removed("trash", "restore", "abc", code=2).err
    assert "`abc` is too short: 4 characters or more\nhint: reg trash list" in printed


def test_wrong_bytes_are_not_brought_back(removed: Reg) -> None:
    removed("config", "set", "gc.grace", "0s")
    for _ in range(2):
        removed("gc", "--forced")
    (row,) = removed("trash", "list", "--json").json
    path = Path(row["path"])
    path.chmod(0o600)
    path.write_bytes(b"rot")
    printed = removed("trash", "restore", row["id"], code=14).err
    assert f"blob {row['id'][:12]} in the trash does not hold the bytes" in printed
    assert "hint: reg repair\n" in printed


@pytest.mark.slow
def test_damaged_files_wait_for_whole_ones(iris: Reg) -> None:
    shutil.copytree(".registry", "backup/.registry")
    sha256 = iris("model", "show", "iris/tuned:1", "--json").json["files"][0]["sha256"]
    record = iris("model", "show", "iris/softmax:2", "--json").json["id"]
    for path in (
        Path(".registry/blobs", sha256[:2], sha256[2:]),
        Path(".registry/records", record[:2], f"{record[2:]}.toml"),
        Path(".registry/log/000000/000003.toml"),
    ):
        path.chmod(0o600)
        path.write_bytes(b"rot")
    iris("repair", "--from", "backup")
    rows = {row["id"]: row for row in iris("trash", "list", "--json").json}
    assert rows.keys() == {sha256, record, "000003"}
    assert {row["until"] for row in rows.values()} == {None}
    Path(".registry/blobs", sha256[:2], sha256[2:]).unlink()
    emptied = iris("trash", "empty", "--yes")
    assert emptied.lines == ["freed\t6", "files\t2"]
    kept = "1 damaged file is kept until intact bytes are in its place: reg repair --from PATH\n"
    assert emptied.err == kept
    assert iris("trash", "empty", "--yes").err == "nothing was deleted\n" + kept


def test_a_removed_version_whose_bytes_are_gone(removed: Reg) -> None:
    assert removed("model", "verify", "iris/softmax:1").lines[0].split("\t")[1] == "ok"
    removed("gc", "--forced", "--now")
    assert removed("model", "verify", "iris/softmax:1").lines[0].split("\t")[:2] == ["iris/softmax:1", "removed"]
    for words in (("path", "iris/softmax:1"), ("get", "iris/softmax:1", "out"), ("get", "iris/softmax:1", "-")):
        printed = removed("model", *words, code=17).err
        assert "iris/softmax:1 was removed and its bytes were collected: the same files can be added again\n" in printed
    printed = removed("model", "restore", "iris/softmax:1", code=17).err
    assert "are gone: add the same file again first\n" in printed


@pytest.mark.slow
def test_the_trash_is_emptied_when_somebody_says_so(removed: Reg, size: int) -> None:
    removed("config", "set", "gc.grace", "0s")
    for _ in range(2):
        removed("gc", "--forced")
    assert removed("trash", "empty", "--dry-run", "--json").json == {"freed": size, "files": 1}
    assert "--yes answers it" in removed("trash", "empty", code=2).err
    assert removed("trash", "empty", "--yes", "-m", "disk full").lines == [f"freed\t{size}", "files\t1"]
    assert removed("trash", "list").lines == []
    assert removed("trash", "empty", terminal=True).shown == ["0 B freed"]
    assert removed("trash", "empty").lines == ["freed\t0", "files\t0"]
    assert removed("events", "--limit", "1", "--columns", "what").lines == ["deleted 1 unused blob"]
