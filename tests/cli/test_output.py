"""One record in six forms: complete and exact for programs, fitted to the terminal for people."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.cli.options import Forms
from registry_cli.cli.output import Mode, Output, open_output
from registry_cli.cli.progress import TerminalProgress, open_progress
from registry_cli.errors import UsageError
from registry_cli.store.progress import SILENT
from registry_cli.views.text import dump_json, escape, format_exact, format_short, format_size, format_time, lookup
from tests.cli.conftest import Stream, standard_streams

ID = "3f9c2a1b" * 8
ROWS = [
    {
        "name": "iris/softmax",
        "number": 1,
        "id": ID,
        "size": 1_234_567,
        "tags": ["a", "b"],
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "metrics": {"acc": 0.9333333333333333, "loss": math.nan, "loss.min": 0.25},
        "published": True,
        "comment": None,
    },
    {
        "name": "Ünïcode/模型",
        "number": 12,
        "id": ID[::-1],
        "size": 0,
        "tags": [],
        "created": datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1))),
        "metrics": {"acc": math.inf},
        "published": False,
        "comment": "two\nlines\tand \x1b[31mred",
    },
]
COLUMNS = ("name", "number", "metrics.acc", "tags", "size", "created", "published", "comment", "id")


def printed(mode: Mode, act: Callable[[Output], None], *, columns: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return the text that `act` writes to standard output and standard error."""
    out, err = Stream(terminal=mode == "table"), Stream()
    with standard_streams(Stream(), out, err):
        act(Output(mode, columns))
    return out.written.decode(), err.written.decode()


def rows_in(mode: Mode, *, columns: tuple[str, ...] = ()) -> str:
    return printed(mode, lambda output: output.rows(ROWS, COLUMNS), columns=columns)[0]


def plain(drawn: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", drawn)


def test_a_pipe_gets_tabs_no_header_and_nothing_cut() -> None:
    first, second = rows_in("text").splitlines()
    when = "2026-01-01T00:00:00Z"
    assert first.split("\t") == ["iris/softmax", "1", "0.9333333333333333", "a,b", "1234567", when, "true", "", ID]
    assert second.split("\t")[5] == "2026-01-01T00:30:00Z"
    assert second.split("\t")[7] == r"two\nlines\tand \x1b[31mred"


def test_tsv_is_the_same_with_a_header() -> None:
    header, rest = rows_in("tsv").split("\n", 1)
    assert header.split("\t") == list(COLUMNS)
    assert rest == rows_in("text")


def test_csv_reads_back() -> None:
    read = list(csv.DictReader(io.StringIO(rows_in("csv"))))
    assert [row["name"] for row in read] == [row["name"] for row in ROWS]
    assert read[0]["id"] == ID


def test_json_is_an_array_that_any_parser_reads() -> None:
    read = json.loads(rows_in("json"), parse_constant=pytest.fail)
    assert read[0]["metrics"] == {"acc": 0.9333333333333333, "loss": None, "loss.min": 0.25}
    assert read[0]["created"] == "2026-01-01T00:00:00Z"
    assert read[1]["comment"] == ROWS[1]["comment"]
    assert "模型" in rows_in("json")


def test_an_empty_list_is_empty_in_every_form() -> None:
    def act(output: Output) -> None:
        output.rows([], ("name",), empty="no models")

    assert json.loads(printed("json", act)[0]) == []
    assert [printed(mode, act)[0] for mode in ("text", "ids", "csv", "tsv", "table")] == [
        "",
        "",
        "name\n",
        "name\n",
        "",
    ]
    assert printed("table", act)[1] == "no models\n"


def test_quiet_prints_ids() -> None:
    assert rows_in("ids") == f"{ID}\n{ID[::-1]}\n"
    assert printed("ids", lambda output: output.rows(ROWS, COLUMNS, id_key="name"))[0].startswith("iris/softmax\n")


def test_chosen_columns_are_paths_in_every_form() -> None:
    chosen = ("number", "metrics.loss.min", "metrics.none")
    assert rows_in("text", columns=chosen) == "1\t0.25\t\n12\t\t\n"
    assert json.loads(rows_in("json", columns=chosen))[0] == dict(zip(chosen, (1, 0.25, None), strict=True))
    assert plain(rows_in("table", columns=chosen)).split()[:3] == ["number", "loss.min", "none"]


def test_an_unknown_column_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no column `nmae`"):
        rows_in("text", columns=("nmae",))


@pytest.mark.parametrize("width", [80, 200])
def test_a_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    out, err = printed("table", lambda output: output.rows(ROWS, COLUMNS))
    lines = plain(out).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= width
    assert "Ünïcode/模型" in lines[2]
    assert "1.23 MB" in lines[1]
    assert lines[1].rstrip().endswith("3f9c2a1b3f9c") == (width == 200)
    assert err == ("" if width == 200 else "not shown at this width: comment, id\n")
    assert "\x1b[31m" not in out


def test_a_stream_is_one_json_object_a_line() -> None:
    lines = printed("json", lambda output: output.stream(ROWS, COLUMNS))[0].splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 12]


def test_a_record_is_shown_field_by_field() -> None:
    text = printed("text", lambda output: output.record(ROWS[0]))[0]
    assert "metrics.acc\t0.9333333333333333\n" in text
    assert "comment" not in text
    assert json.loads(printed("json", lambda output: output.record(ROWS[0]))[0])["number"] == 1
    assert printed("ids", lambda output: output.record(ROWS[0]))[0] == ID + "\n"


def test_results_of_a_verb_are_a_reference_and_an_id() -> None:
    def act(output: Output) -> None:
        output.results(ROWS)

    assert printed("text", act)[0] == f"iris/softmax:1\t{ID}\nÜnïcode/模型:12\t{ID[::-1]}\n"
    assert printed("ids", act)[0] == f"{ID}\n{ID[::-1]}\n"
    assert printed("table", act)[0].splitlines()[0] == "iris/softmax:1  3f9c2a1b3f9c"
    assert [row["number"] for row in json.loads(printed("json", act)[0])] == [1, 12]


def test_all_but_results_goes_to_stderr() -> None:
    def act(output: Output) -> None:
        output.note("done")
        output.warn("careful")
        output.hint("reg help")

    assert printed("text", act) == ("", "done\nwarning: careful\nhint: reg help\n")
    assert printed("ids", act) == ("", "warning: careful\n")


def test_two_forms_at_once_are_a_mistake() -> None:
    with pytest.raises(UsageError):
        open_output(Forms(as_json=True, as_csv=True))


def test_a_terminal_gets_tables() -> None:
    modes = []
    for terminal in (True, False):
        with standard_streams(Stream(), Stream(terminal=terminal), Stream()):
            made = open_output(Forms(columns="a, b.c,"))
            modes.append(made.mode)
    assert modes == ["table", "text"]
    assert made.columns == ("a", "b.c")


@given(st.text())
def test_escaped_text_is_one_line_that_no_terminal_obeys(text: str) -> None:
    shown = escape(text)
    assert not any(character < " " or "\x7f" <= character < "\xa0" for character in shown)
    assert escape(shown) == shown


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_999, "1 MB"), (5 * 10**18, "5e+03 PB")]
)
def test_sizes(size: int, text: str) -> None:
    assert format_size(size) == text


def test_cells() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
    assert format_time(moment) == "2026-01-01T12:00:00.000005Z"
    assert format_exact([{"a": math.nan}]) == '[{"a": null}]'
    assert format_exact(math.inf) == "inf"
    assert format_short(0.1 + 0.2) == "0.3"
    assert format_short(True) == "yes"
    assert format_short(None) == format_short(False) == ""
    assert lookup({"parents": [{"id": "a"}, {"id": "b"}]}, "parents.id") == ["a", "b"]
    assert dump_json({"s": {"b", "a"}, "t": moment}) == '{"s": ["a", "b"], "t": "2026-01-01T12:00:00.000005Z"}'


def test_a_bar_is_drawn_on_a_terminal_and_removed() -> None:
    err = Stream(terminal=True)
    with standard_streams(Stream(), Stream(), err):
        bar = TerminalProgress(delay=0)
        bar.start("model.pt", 2_000_000, "bytes")
        bar.advance(1_000_000)
        bar.stop()
    assert "model.pt" in err.written.decode()
    assert "1.0/2.0 MB" in err.written.decode()


def test_quick_work_draws_nothing() -> None:
    err = Stream(terminal=True)
    with standard_streams(Stream(), Stream(), err):
        bar = TerminalProgress(delay=3600)
        bar.start("model.pt", None, "bytes")
        bar.advance(10)
        bar.stop()
    assert err.written == b""


def test_a_pipe_and_ci_get_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    with standard_streams(Stream(), Stream(), Stream()):
        assert open_progress() is SILENT
    monkeypatch.setenv("CI", "true")
    with standard_streams(Stream(), Stream(), Stream(terminal=True)):
        assert open_progress() is SILENT


def test_the_last_column_is_cut_before_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [{"what": "blob ad02a91d3935", "models": "fraud/xgb:1, fraud/xgb:2"}]
    for width, shown, left_out in (
        (43, "fraud/xgb:1, fraud/xgb:2", ""),
        (40, "fraud/xgb:1, fraud/x…", ""),
        (30, "", "models"),
    ):
        monkeypatch.setenv("COLUMNS", str(width))
        out, err = printed("table", lambda output: output.rows(rows, ("what", "models")))
        assert plain(out).splitlines()[1].rstrip() == f"blob ad02a91d3935  {shown}".rstrip()
        assert err == (f"not shown at this width: {left_out}\n" if left_out else "")
