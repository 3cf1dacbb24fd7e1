from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.errors import UsageError
from registry_cli.tasks.globs import find_stamp, iter_matches, matches, parse_glob
from tests.builders import write

TREE = [
    "a.pt",
    "b.txt",
    ".hidden.pt",
    "c.pt.tmp",
    "d.pt~",
    "out/a.pt",
    "out/x/y/a.pt",
    "out/x/b.pt",
    ".git/a.pt",
    "out/.c/a.pt",
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        write(tmp_path / "w" / name, name.encode())
    return tmp_path / "w"


def names(tree: Path, pattern: str, *ignore: str) -> list[str]:
    glob = parse_glob(pattern, tree)
    return sorted({path.relative_to(tree).as_posix() for path in iter_matches(glob, [tree / name for name in ignore])})


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.pt", ["a.pt"]),
        ("./out//a.pt", ["out/a.pt"]),
        ("*.pt", ["a.pt"]),
        ("?.[tp]*", ["a.pt", "b.txt"]),
        ("**/*.pt", ["a.pt", "out/a.pt", "out/x/b.pt", "out/x/y/a.pt"]),
        ("out/**/a.pt", ["out/a.pt", "out/x/y/a.pt"]),
        ("out/**", ["out/a.pt", "out/x/b.pt", "out/x/y/a.pt"]),
        ("**/**/b.*", ["b.txt", "out/x/b.pt"]),
        ("out/*", ["out/a.pt", "out/x"]),
        ("*/", ["out"]),
        ("out/**/", ["out/x", "out/x/y"]),
        ("out", ["out"]),
        ("a.pt/", []),
        (".*.pt", [".hidden.pt"]),
        (".hidden.pt", [".hidden.pt"]),
        ("*.tmp", ["c.pt.tmp"]),
        ("*~", ["d.pt~"]),
        ("out/.c/*", ["out/.c/a.pt"]),
        ("missing/*", []),
        ("a.pt/*", []),
    ],
)
def test_what_a_pattern_names(tree: Path, pattern: str, found: list[str]) -> None:
    assert names(tree, pattern) == found


def test_an_absolute_pattern(tree: Path) -> None:
    assert names(tree, f"{tree}/out/*.pt") == ["out/a.pt"]


def test_ignored_folders_are_not_entered(tree: Path) -> None:
    assert names(tree, "**/*.pt", "out/x", "a.pt") == ["out/a.pt"]
    assert names(tree, "out/x/b.pt", "out") == []
    assert names(tree, "out", "out") == []


def test_links_are_followed_inside_only(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret" / "s.pt", b"s")
    (tree / "out" / "leak").symlink_to(tmp_path / "secret")
    (tree / "out" / "leak.pt").symlink_to(tmp_path / "secret" / "s.pt")
    (tree / "out" / "last.pt").symlink_to("a.pt")
    (tree / "out" / "x" / "up").symlink_to("..")
    (tree / "scratch").symlink_to(tmp_path / "secret")
    assert names(tree, "out/*.pt") == ["out/a.pt", "out/last.pt"]
    assert names(tree, "out/*/*.pt") == ["out/x/b.pt"]
    assert names(tree, "out/**/*.pt") == ["out/a.pt", "out/last.pt", "out/x/b.pt", "out/x/y/a.pt"]
    assert names(tree, "scratch/*.pt") == ["scratch/s.pt"]


@pytest.mark.parametrize("pattern", ["", "/", "//"])
def test_no_pattern(pattern: str) -> None:
    with pytest.raises(UsageError, match="not a pattern"):
        parse_glob(pattern, Path("/"))


def test_a_stamp_changes_with_the_file_and_a_folder_with_what_it_holds(tree: Path) -> None:
    before = find_stamp(tree / "a.pt"), find_stamp(tree / "out"), find_stamp(tree / "out", [tree / "out" / "x"])
    assert before == (
        find_stamp(tree / "a.pt"),
        find_stamp(tree / "out"),
        find_stamp(tree / "out", [tree / "out" / "x"]),
    )
    write(tree / "out" / "x" / "new.pt", b"1")
    os.utime(tree / "a.pt", (1, 1))
    after = find_stamp(tree / "a.pt"), find_stamp(tree / "out"), find_stamp(tree / "out", [tree / "out" / "x"])
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert after[2] == before[2]


def test_what_has_no_stamp(tree: Path) -> None:
    (tree / "empty").mkdir()
    os.mkfifo(tree / "pipe")
    (tree / "broken").symlink_to("nothing")
    assert [find_stamp(tree / name) for name in ("empty", "pipe", "broken", "missing")] == [None] * 4


def test_a_folder_that_may_not_be_listed_is_passed_over(tree: Path) -> None:
    (tree / "out" / "x").chmod(0)
    try:
        if os.access(tree / "out" / "x", os.R_OK):
            pytest.skip("root may list everything")
        assert names(tree, "out/**/*.pt") == ["out/a.pt"]
    finally:
        (tree / "out" / "x").chmod(0o755)


@pytest.mark.parametrize("text", ["*.pt", "**/*.pt", "out/**/a.pt", "out/*/b.pt", "out/**", "a.pt", "**", "*/*", ".*"])
def test_spelling_alone_says_the_same(tree: Path, text: str) -> None:
    glob = parse_glob(text, tree)
    files = {tree / name for name in TREE}
    assert files & set(iter_matches(glob)) == {path for path in files if matches(glob, path)}
