"""Long output goes through a pager: on a terminal, where one is named; and help is as wide as the terminal."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import HERE, Reg, run_process
from tests.forks import LONGEST

MARK = "sed s/^/~/"
"""A pager that marks each line."""


def on_terminal(*words: str, width: int = 80, lines: int = 24, **variables: str) -> list[str]:
    """Run `reg` on a terminal, and return the lines that it shows, without colours."""
    known = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    environ = {**known, "PYTHONPATH": str(HERE), **variables}
    process = pexpect.spawn(
        sys.executable, ["-m", "registry_cli", *words], env=environ, dimensions=(lines, width), encoding="utf-8",
        timeout=LONGEST,
    )  # fmt: skip
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0, process.before
    return re.sub("\x1b\\[[0-9;]*m", "", process.before or "").splitlines()


@pytest.mark.sweep(5)
@pytest.mark.parametrize(
    "words", [["--help"], [], ["model", "add", "--help"], ["help", "safety"], ["help", "model", "add"]]
)
def test_long_help_goes_through_the_pager(words: list[str]) -> None:
    paged = on_terminal(*words, PAGER=MARK)
    assert len(paged) > 24
    assert all(line.startswith("~") for line in paged)
    assert [line[1:].rstrip() for line in paged] == [line.rstrip() for line in on_terminal(*words)]


@pytest.mark.slow
def test_it_is_one_of_ours_first_and_may_be_none() -> None:
    assert on_terminal("help", "safety", PAGER="false", REG_PAGER=MARK)[0].startswith("~")
    for none in ({"PAGER": MARK, "REG_PAGER": "cat"}, {"PAGER": MARK, "TERM": "dumb"}, {"PAGER": "no-such-pager"}):
        assert not any(line.startswith("~") for line in on_terminal("help", "safety", **none))
    assert run_process("help", "safety").stdout.startswith(b"# ")


@pytest.mark.slow
def test_what_fits_is_printed_as_it_is() -> None:
    assert on_terminal("help", "safety", lines=1000, PAGER="false") == on_terminal("help", "safety", lines=1000)


@pytest.mark.slow
def test_listings_are_paged_and_work_is_not(iris: Reg, tmp_path: Path) -> None:
    for words in (["model", "list"], ["list"], ["events"], ["model", "show", "iris/softmax"]):
        assert on_terminal(*words, lines=2, PAGER=MARK)[0].startswith("~")
    for words in (["log", "--", "seq", "9"], ["status"], ["model", "query", "--raw"], ["init", "x"]):
        assert not on_terminal(*words, lines=2, PAGER=MARK)[-1].startswith("~")


@pytest.mark.slow
def test_what_is_not_shown_is_said_after_the_pager(iris: Reg) -> None:
    lines = on_terminal("model", "query", width=40, lines=2, PAGER="sed 's/^/~/; $s/$/ end/'")
    assert [line[0] for line in lines] == ["~"] * 4 + ["n"]
    assert lines[-2].endswith(" end")
    assert lines[-1].startswith("not shown at this width: ")


@pytest.mark.slow
def test_a_pager_that_is_left_early_ends_the_command(iris: Reg) -> None:
    assert on_terminal("help", "safety", PAGER="head -n 1") == on_terminal("help", "safety")[:1]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("width", [60, 100, 140])
def test_help_is_as_wide_as_the_terminal(width: int) -> None:
    for words in (["model", "add", "--help"], ["--help"]):
        lines = [line for line in on_terminal(*words, width=width) if not line.startswith("  reg ")]
        widest = max(len(line) for line in lines if not line.lstrip().startswith("`reg"))
        assert widest <= width
        assert width < 100 or widest > 80


def test_help_in_a_pipe_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    assert max(map(len, run_process("model", "query", "--help").stdout.decode().splitlines())) <= 80
