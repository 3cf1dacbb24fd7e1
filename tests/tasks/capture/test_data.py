from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from registry_cli.errors import UsageError
from registry_cli.tasks.capture.data import digest_data, list_data, stamp_data


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def listed(root: Path, *patterns: str) -> tuple[list[str], list[str]]:
    files, missed = list_data(patterns, root)
    return names(files, root), missed


def names(files: Iterable[Path], root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() for file in files]


def test_globs(tmp_path: Path) -> None:
    make(tmp_path, "data/b.csv", "data/a.csv", "data/sub/c.csv", "data/sub/d.txt", "data/.hidden.csv", "top.csv")
    assert listed(tmp_path, "data/*.csv") == (["data/a.csv", "data/b.csv"], [])
    assert listed(tmp_path, "**/*.csv")[0] == ["data/a.csv", "data/b.csv", "data/sub/c.csv", "top.csv"]
    assert listed(tmp_path, "data/*.csv", "./data/a.csv", "top.csv")[0] == ["data/a.csv", "data/b.csv", "top.csv"]
    assert listed(tmp_path, "data/sub")[0] == listed(tmp_path, "data/s*")[0] == ["data/sub/c.csv", "data/sub/d.txt"]
    assert len(listed(tmp_path, "data/**")[0]) == len(listed(tmp_path, "data/")[0]) == 5
    assert listed(tmp_path, str(tmp_path / "data" / "*.csv"))[0] == ["data/a.csv", "data/b.csv"]


def test_what_is_missed(tmp_path: Path) -> None:
    make(tmp_path, "a.csv")
    (tmp_path / "empty").mkdir()
    assert listed(tmp_path, "a.csv", "*.txt", "gone", "empty") == (["a.csv"], ["*.txt", "gone", "empty"])


def test_never_the_registry(tmp_path: Path) -> None:
    make(tmp_path, ".registry/blobs/x", "sub/.registry/y", "sub/.git/z", "sub/a")
    assert listed(tmp_path, ".")[0] == ["sub/a"]
    assert listed(tmp_path, ".registry/**", "sub/**", ".*")[0] == ["sub/a"]


def test_a_name_with_brackets(tmp_path: Path) -> None:
    make(tmp_path, "data[1].csv", "data1.csv")
    assert listed(tmp_path, "data[1].csv")[0] == ["data[1].csv"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    make(tmp_path, "store/a", "data/b")
    (tmp_path / "data" / "store").symlink_to("../store")
    (tmp_path / "data" / "circle").symlink_to(".")
    (tmp_path / "data" / "broken").symlink_to("nowhere")
    (tmp_path / "data" / "file").symlink_to("../store/a")
    os.mkfifo(tmp_path / "data" / "pipe")
    assert listed(tmp_path, "data")[0] == ["data/b", "data/file", "data/store/a"]


@pytest.mark.parametrize("pattern", ["s3://bucket/x", "https://host/a", "hf://d", "", " "])
def test_what_is_no_file(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError):
        list_data([pattern], tmp_path)


def test_digests(tmp_path: Path) -> None:
    make(tmp_path, "base/b", "base/a", "outside")
    paths = [tmp_path / "base" / "b", tmp_path / "outside", tmp_path / "base" / "a"]
    found = digest_data(paths, tmp_path / "base", tmp_path / "cache")
    assert [(one.path, one.size) for one in found] == [(str(tmp_path / "outside"), 7), ("a", 6), ("b", 6)]
    assert found[1].sha256 == hashlib.sha256(b"base/a").hexdigest()


def test_a_file_that_cannot_be_recorded_holds_no_other_up(tmp_path: Path) -> None:
    make(tmp_path, "data/a", "data/b")
    (tmp_path / "data" / os.fsdecode(b"bad\xff")).touch()
    paths, _ = list_data(["data"], tmp_path)
    problems: list[str] = []
    found = digest_data([*paths, tmp_path / "gone"], tmp_path, tmp_path / "cache", problems)
    assert [one.path for one in found] == ["data/a", "data/b"]
    assert problems == [
        "data 'data/bad\\xff' is not recorded: its name is not UTF-8",
        "data gone is not recorded: no such file or directory",
    ]
    with pytest.raises(UsageError, match="UTF-8"):
        digest_data([*paths, tmp_path / "gone"], tmp_path, tmp_path / "cache")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_holds_no_other_up(tmp_path: Path) -> None:
    make(tmp_path, "data/a", "data/b", "data/shut/c")
    (tmp_path / "data" / "b").chmod(0)
    (tmp_path / "data" / "shut").chmod(0)
    paths, missed = list_data(["data", "data/shut/c", "data/shut"], tmp_path)
    problems: list[str] = []
    found = digest_data(paths, tmp_path, tmp_path / "cache", problems)
    (tmp_path / "data" / "shut").chmod(0o700)
    assert [one.path for one in found] == ["data/a"]
    assert problems == ["data data/b is not recorded: permission denied"]
    assert missed == ["data/shut/c", "data/shut"]


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    assert list_data(["x" * 300, "a*" * 300], tmp_path)[0] == []


def test_stamps_tell_what_changed(tmp_path: Path) -> None:
    make(tmp_path, "a", "b", "c")
    paths = [tmp_path / name for name in ("a", "b", "c", "gone")]
    before = stamp_data(paths)
    assert list(before) == paths[:3]
    (tmp_path / "a").write_text("other")
    replacement = tmp_path / "new"
    replacement.write_text("b")
    os.utime(replacement, ns=(1, before[paths[1]][1]))
    replacement.rename(tmp_path / "b")
    after = stamp_data(paths)
    assert [path.name for path in before if before[path] != after.get(path)] == ["a", "b"]
