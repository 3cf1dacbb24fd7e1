"""Text of others reaches a terminal as text and colours, and a spreadsheet as text; `--raw` turns that off."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pexpect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_cli.cli.output import Output
from registry_cli.cli.terminal import RESET, tame, tame_text
from registry_cli.registry.api import Registry
from registry_cli.views.text import guard_formula
from tests.cli.conftest import HERE, Reg, Stream, standard_streams
from tests.registry.making import add
from tests.tasks.making import run

KEPT = re.compile(r"\x1b\[[0-9;:]{0,60}[mK]")
OBEYED = re.compile("[\0-\7\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HARMFUL = {
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x1b\\",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "device control": '\x1bP$q"p\x1b\\',
    "answer": "\x1b[6n\x1b[c\x1b[>c\x1b]10;?\x07\x05",
    "cursor": "\x1b[2J\x1b[H\x1b[5A\x1bM",
    "other screen": "\x1b[?1049h",
    "keyboard": "\x1b[>4;2m\x1b[?2004l\x1b=",
    "reset": "\x1bc",
    "character set": "\x1b(0\x0e",
    "C1": "\x9b31m\x90x\x9c\x85",
    "8-bit": b"\x9b31m".decode(errors="surrogateescape"),
    "bell": "\x07",
    "order": "\u202egpj.exe\u2066",
    "unended": "\x1b[" + "1;" * 100,
    "lone": "\x1b",
}
KEPT_TEXTS = {
    "colours": "\x1b[1;31mred\x1b[0m and \x1b[38;5;208morange\x1b[m \x1b[38:2::1:2:3mrgb\x1b[0m",
    "bar": "10%|#   |\r50%|##  |\x1b[K\r\x1b[2K100%\b\n",
    "words": "模型\tÜ\r\n",
}


@pytest.mark.parametrize("name", HARMFUL)
def test_a_terminal_gets_no_commands(name: str) -> None:
    text = HARMFUL[name]
    shown = tame_text(f"before{text}after")
    assert shown.startswith("before")
    assert "after" in shown
    assert not OBEYED.search(shown)
    assert shown != f"before{text}after"


@pytest.mark.parametrize("name", KEPT_TEXTS)
def test_text_colours_and_bars_stay(name: str) -> None:
    shown = tame_text(KEPT_TEXTS[name])
    assert shown.removesuffix(RESET) == KEPT_TEXTS[name]
    assert shown.endswith(RESET) == ("\x1b" in KEPT_TEXTS[name]), "a colour that was left on ends with the output"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=30) | st.sampled_from(["".join(HARMFUL.values()), "".join(KEPT_TEXTS.values())]), st.data())
def test_where_pieces_end_does_not_matter(text: str, data: st.DataObject) -> None:
    whole = text.encode(errors="surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    shown = "".join(tame(pieces))
    assert shown == "".join(tame([whole]))
    assert not OBEYED.search(KEPT.sub("", shown))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\r=1",
        "\n=1",
        "＝1",
        "－1",
        "＋1",
        "＠x",
        "+49 30 1",
        "-",
    ],
)
def test_a_formula_is_text(text: str) -> None:
    assert guard_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+1", "-1e-05", "-.5", "1-2", "-inf", "a=b", "'=1", "", " =1"])
def test_a_number_stays_one(text: str) -> None:
    assert guard_formula(text) == text


ROWS = [{"name": "a/b", "comment": "=HYPERLINK(1)\n\x1b[31m", "acc": -0.5, "tags": ["-x", "y"], "table": {"=a": 1}}]
COLUMNS = ("name", "comment", "acc", "tags", "table.=a")


def printed(output: Output, *, terminal: bool = False) -> str:
    out = Stream(terminal=terminal)
    with standard_streams(Stream(), out, Stream()):
        output.rows(ROWS, COLUMNS)
    return out.written.decode()


def test_cells_of_csv_are_no_formulas() -> None:
    read = list(csv.reader(io.StringIO(printed(Output("csv")))))
    assert read == [list(COLUMNS), ["a/b", r"'=HYPERLINK(1)\n\x1b[31m", "-0.5", "'-x,y", "1"]]
    raw = list(csv.reader(io.StringIO(printed(Output("csv", raw=True)))))
    assert raw[1] == ["a/b", "=HYPERLINK(1)\n\x1b[31m", "-0.5", "-x,y", "1"]


def test_programs_read_unchanged_text() -> None:
    """Tabs divide it, so a cell keeps its line; nothing stands before a formula."""
    line = "a/b\t=HYPERLINK(1)\\n\\x1b[31m\t-0.5\t-x,y\t1\n"
    assert printed(Output("text")) == line
    assert printed(Output("tsv")) == "\t".join(COLUMNS) + "\n" + line
    assert printed(Output("text", raw=True)) == line.replace(r"\x1b", "\x1b")


@pytest.fixture
def loud(tmp_path: Path) -> Path:
    with Registry.init(tmp_path) as registry:
        run(
            registry,
            "loud",
            console="".join([*HARMFUL.values(), *KEPT_TEXTS.values()]).encode(errors="surrogateescape"),
        )
        add(registry, "a/m", design="{}")
        add(registry, "a/m", design='{"x": "\x1b]0;owned\x07"}', metadata={"note": "=1\x1b[2J\u202e"})
    return tmp_path


def on_terminal(*words: str) -> str:
    """Return the output of `reg` on a real terminal."""
    command = pexpect.spawn(sys.executable, ["-m", "registry_cli", *words], env=_environment(), timeout=120)
    shown: bytes = command.read()
    command.close()
    assert command.exitstatus == 0, shown
    return shown.decode(errors="surrogateescape")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(HERE), "LANG": "C.UTF-8", "CI": "1"}


@pytest.mark.slow
def test_logs_on_a_terminal(loud: Path) -> None:
    shown = on_terminal("task", "logs", "loud")
    assert not OBEYED.search(KEPT.sub("", shown))
    assert not re.search("[\udc80-\udcff]", shown)
    assert r"\x1b]0;owned\x07" in shown
    assert "\x1b[1;31mred\x1b[0m" in shown
    assert shown.rstrip("\r\n").endswith(RESET)
    assert "\x1b]0;owned\x07" in on_terminal("task", "logs", "loud", "--raw")


def test_logs_in_a_pipe_are_what_was_printed(reg: Reg, loud: Path) -> None:
    whole = "".join([*HARMFUL.values(), *KEPT_TEXTS.values()]).encode(errors="surrogateescape")
    assert reg("task", "logs", "loud").stdout == whole
    assert reg("task", "logs", "loud", "--follow").stdout == whole


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    "words",
    ["model show a/m", "model show a/m --design", "model query --columns ref,metadata.note", "model show a/m --json",
     "model query --csv --columns metadata.note", "model history a/m", "model compare a/m:1 a/m:2 --md"],
)  # fmt: skip
def test_everything_else_on_a_terminal(words: str, loud: Path) -> None:
    assert not OBEYED.search(KEPT.sub("", on_terminal(*words.split())))


def test_raw_is_understood_anywhere(reg: Reg, loud: Path) -> None:
    for words in (
        ["--raw", "model", "query", "--csv", "--columns", "metadata.note"],
        ["model", "query", "--csv", "--columns", "metadata.note", "--raw"],
    ):
        assert reg(*words).lines[1] == "=1\x1b[2J\u202e"
    assert reg("model", "query", "--csv", "--columns", "metadata.note").lines[1] == r"'=1\x1b[2J\u202e"
    assert json.loads(reg("model", "query", "--json", "--raw").out)[0]["metadata"]["note"] == "=1\x1b[2J\u202e"
    drawn = reg("model", "query", "--raw", "--columns", "ref,metadata.note", terminal=True)
    assert drawn.lines[0] == "a/m:2\t=1\x1b[2J\u202e"


def test_a_name_that_is_no_text_does_not_reach_a_terminal_as_bytes(tmp_path: Path) -> None:
    """A pipe gets the name by which a program finds the file; an 8-bit terminal would obey it."""
    words = ["-m", "registry_cli", "model", "show", b"\x9b31m".decode(errors="surrogateescape")]
    command = pexpect.spawn(sys.executable, words, env=_environment(), timeout=120)
    shown: bytes = command.read()
    command.close()
    assert b"\x9b" not in shown
