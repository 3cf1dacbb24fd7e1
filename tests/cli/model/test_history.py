"""`reg model history`: every change with author and reason, and the course of a metric."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.cli.printing.history import format_sparkline
from registry_cli.ids import AliasName
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.registry.making import add


@pytest.fixture(autouse=True)
def models(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        add(registry, "a/b", b"1", metrics={"acc": 0.5, "loss": 0.1}, tags=("raw",), message="first\x1b[31m try")
        add(registry, "a/b", b"2", metrics={"acc": 0.9})
        add(registry, "a/b", b"3", metrics={"acc": 0.75, "loss": 0.2})
        set_alias(registry, "a/b:2", AliasName("prod"), message="the best")


def plain(drawn: str) -> list[str]:
    return [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", drawn).splitlines()]


def test_a_pipe_gets_a_line_a_change_newest_first(reg: Reg) -> None:
    lines = [line.split("\t")[1:] for line in reg("model", "history", "a/b").lines]
    assert lines == [
        ["tester", "a/b:2", "alias prod → :2", "the best"],
        ["tester", "a/b:3", "added model.bin, 1 byte", ""],
        ["tester", "a/b:2", "added model.bin, 1 byte", ""],
        ["tester", "a/b:1", "added model.bin, 1 byte", "first\\x1b[31m try"],
        ["tester", "a/b:1", "tags +raw", "first\\x1b[31m try"],
    ]


def test_the_order_is_the_same_everywhere_and_a_limit_takes_whole_entries(reg: Reg, tmp_path: Path) -> None:
    with Registry.open(tmp_path) as registry:
        add(registry, "a/b", b"4", tags=("x", "y"), aliases=("dev", "prod"), message="many changes")
        add(registry, "a/b", b"5")
    for limit, count in (("1", 1), ("2", 5), ("3", 6), ("0", 0)):
        words = ("model", "history", "a/b", "--limit", limit)
        piped = [what for _, what in (line.split("\t")[2:4] for line in reg(*words).lines)]
        assert piped == [change["what"] for change in reg(*words, "--json").json]
        drawn = plain(reg(*words, terminal=True).out)
        shown = [line[35:] for line in drawn[drawn.index("") + 1 :] if line[35:] in piped]
        assert (shown, len(piped)) == (piped, count)


def test_changes_since_a_time(reg: Reg) -> None:
    changes = reg("model", "history", "a/b", "--json").json
    for change in changes:
        since = change["time"]
        expected = [one["event"] for one in changes if one["time"] >= since]
        assert [one["event"] for one in reg("model", "history", "a/b", "--since", since, "--json").json] == expected
    assert len(reg("model", "history", "a/b", "--since", "2000-01-01").lines) == len(changes)
    for terminal in (False, True):
        later = reg("model", "history", "a/b", "--metric", "acc", "--since", "2999-01-01", terminal=terminal)
        assert (later.err, "when" in later.out) == ("no changes\n", False)
    assert reg("model", "history", "a/b", "--since", "2999-01-01").lines == []
    assert len(reg("model", "history", "a/b", "--since", changes[0]["time"], "-n", "3", "--json").json) == 1
    refused = reg("model", "history", "a/b", "--since", "tuesday", code=2).err
    assert "--since 'tuesday' is no time: a time is written" in refused
    assert "or 2d for now-2d" in refused


def test_a_terminal_gets_a_sparkline_and_one_row_an_entry(reg: Reg) -> None:
    lines = plain(reg("model", "history", "a/b", terminal=True).out)
    assert lines[0] == "a/b  metrics.acc  ▁█▅  0.5 → 0.75, best 0.9 at :2"
    assert lines[2].split() == ["when", "who", "version", "what"]
    text = "\n".join(line[18:] for line in lines[3:])
    assert text == (
        "tester  :2       alias prod → :2\n"
        "                 the best\n"
        "tester  :3       added model.bin, 1 byte\n"
        "tester  :2       added model.bin, 1 byte\n"
        "tester  :1       added model.bin, 1 byte\n"
        "                 tags +raw\n"
        "                 first\\x1b[31m try"
    )


def test_another_metric(reg: Reg) -> None:
    lines = plain(reg("model", "history", "a/b", "--metric", "loss", terminal=True).out)
    assert lines[0] == "a/b  metrics.loss  ▁·█  0.1 → 0.2, best 0.1 at :1"


def test_json_and_columns(reg: Reg) -> None:
    (newest,) = reg("model", "history", "a/b", "--limit", "1", "--json").json
    assert (newest["op"], newest["what"], newest["before"]) == ("alias", "alias prod → :2", {"old": None})
    assert newest["event"].endswith("/0")
    assert reg("model", "history", "a/b", "--columns", "ref,op", "--limit", "2").lines == [
        "a/b:2\talias",
        "a/b:3\tadd-version",
    ]


def test_mistakes(reg: Reg) -> None:
    reg("model", "history", "a/c", code=11)
    refused = reg("model", "history", "a/b", "--metric", "f1", code=11).err
    assert ": there is metrics.acc, metrics.loss\nhint: reg model history a/b --metric metrics.acc\n" in refused


def test_bars_of_some_series() -> None:
    assert format_sparkline([1, None, 2], 9) == "▁·█"
    assert format_sparkline([3, 3], 9) == "▅▅"
    assert format_sparkline([None], 9) == "·"
    assert format_sparkline([], 9) == ""
    assert format_sparkline(range(8), 8) == "▁▂▃▄▅▆▇█"
    assert format_sparkline([0, 0, 1, 1, 5, 5], 3) == "▁▂█"


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), max_size=200), st.integers(1, 50))
def test_bars_are_one_a_value_and_never_too_many(values: list[float | None], width: int) -> None:
    assert len(format_sparkline(values, width)) == min(len(values), width)
