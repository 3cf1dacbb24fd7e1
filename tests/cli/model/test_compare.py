"""`reg model compare`: a comparison as a table, lines, Markdown, JSON and an exit code."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from registry_cli.registry.api import Registry
from registry_cli.registry.compare import compare_versions
from tests.cli.conftest import Reg
from tests.registry.making import add


@pytest.fixture(autouse=True)
def models(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        add(registry, "a/b", b"one", metrics={"acc": 0.5, "loss": 0.4, "n": 7}, design='{"units": 16}', message="first")
        add(registry, "a/b", b"two!", metrics={"acc": 0.75, "loss": 0.3, "n": 7}, design='{"units": 32}',
            metadata={"note": "a|b\x1b[31m"}, aliases=("prod",))  # fmt: skip
        add(registry, "c/d", b"one", metrics={"acc": 0.5, "loss": 0.4, "n": 7}, design='{"units": 16}')


def plain(drawn: str) -> list[str]:
    return [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", drawn).splitlines()]


def test_a_pipe_gets_a_line_a_field_that_differs(reg: Reg) -> None:
    lines = [line.split("\t") for line in reg("model", "compare", "a/b:1", "a/b:2").lines]
    assert lines[:3] == [["size", "3", "4"], ["metrics.acc", "0.5", "0.75"], ["metrics.loss", "0.4", "0.3"]]
    assert ["metadata.note", "", "a|b\\x1b[31m"] in lines
    assert {len(line) for line in lines} == {3}
    assert all(len(cell) == 64 for line in lines if line[0] in {"files.model.bin", "design"} for cell in line[1:])


def test_all_shows_equal_fields(reg: Reg) -> None:
    assert "metrics.n\t7\t7" not in reg("model", "compare", "a/b:1", "a/b:2").lines
    assert "metrics.n\t7\t7" in reg("model", "compare", "a/b:1", "a/b:2", "--all").lines


def test_a_terminal_gets_a_table_with_the_best_marked(reg: Reg) -> None:
    lines = plain(reg("model", "compare", "a/b:1", "a/b:2", terminal=True).out)
    assert lines[0].split() == ["a/b", ":1", ":2"]
    assert ["acc", "0.5", "0.75", "+0.25", "★"] in [line.split() for line in lines]
    assert ["loss", "0.4", "0.3", "-0.1", "★"] in [line.split() for line in lines]
    assert [line for line in lines if line.startswith(("-", "+"))] == [
        "--- a/b:1",
        "+++ a/b:2",
        '-  "units": 16',
        '+  "units": 32',
    ]
    assert max(map(len, lines)) <= 80


def test_many_versions_are_shown_beside_the_first_in_several_tables(reg: Reg) -> None:
    lines = plain(reg("model", "compare", "a/b:1", *["c/d", "a/b:2"] * 4, terminal=True).out)
    heads = [line.split() for line in lines if line.startswith(" ") and ":1" in line]
    assert len(heads) > 1
    assert all(head[0] == "a/b:1" for head in heads)
    assert sum(len(head) - 1 for head in heads) == 8
    assert max(map(len, lines)) <= 80


def test_markdown(reg: Reg) -> None:
    lines = reg("model", "compare", "a/b:1", "a/b:2", "--md").lines
    assert lines[:3] == ["|  | a/b:1 | a/b:2 |", "| --- | --- | --- |", "| size | 3 B | 4 B (+1 B) |"]
    assert "| metrics.acc | 0.5 | **0.75** (+0.25) |" in lines
    assert "| metadata.note | – | a\\|b\\\\x1b\\[31m |" in lines
    assert lines[lines.index("```diff") + 1] == "--- a/b:1"
    assert lines[-1] == "```"


def test_csv_has_a_row_a_field_and_a_column_a_version(reg: Reg) -> None:
    lines = list(csv.reader(reg("model", "compare", "a/b:1", "a/b:2", "--csv").lines))
    assert lines[:3] == [["field", "a/b:1", "a/b:2"], ["size", "3", "4"], ["metrics.acc", "0.5", "0.75"]]
    assert reg("model", "compare", "a/b:1", "a/b:1", "--csv").lines == ["field,a/b:1,a/b:1"]
    assert "--csv and --md exclude" in reg("model", "compare", "a/b:1", "a/b:2", "--csv", "--md", code=2).err


def test_json(reg: Reg) -> None:
    found = reg("model", "compare", "a/b:1", "a/b:2", "--only", "metrics,design", "--json").json
    assert [version["number"] for version in found["versions"]] == [1, 2]
    assert found["differs"] is True
    assert found["fields"][0] == {
        "field": "metrics.acc",
        "group": "metrics",
        "same": False,
        "values": [0.5, 0.75],
        "deltas": [0, 0.25],
        "best": [1],
    }
    assert found["designs"][0] == ""
    assert found["designs"][1].startswith("--- a/b:1\n")


def test_the_exit_code_reports_differences(reg: Reg) -> None:
    reg("model", "compare", "a/b:1", "a/b:2")
    reg("model", "compare", "a/b:1", "a/b:2", "--exit-code", code=1)
    reg("model", "compare", "a/b:1", "c/d", "--exit-code")
    reg("model", "compare", "a/b:1", "a/b:2", "--exit-code", "--only", "labels,params")
    same = reg("model", "compare", "a/b@prod", "a/b", "--exit-code")
    assert (same.out, same.err) == ("", "no differences\n")


def test_designs_alone_are_a_diff(reg: Reg) -> None:
    assert reg("model", "compare", "a/b:1", "a/b:2", "--only", "design").lines[:2] == ["--- a/b:1", "+++ a/b:2"]


def test_references_come_from_standard_input_too(reg: Reg) -> None:
    piped = reg("model", "compare", "-", stdin="a/b:1\tx\na/b:2\n")
    assert piped.out == reg("model", "compare", "a/b:1", "a/b:2").out


def test_mistakes(reg: Reg) -> None:
    assert "two versions" in reg("model", "compare", "a/b:1", code=2).err
    assert "no group `weights`" in reg("model", "compare", "a/b:1", "a/b:2", "--only", "weights", code=2).err
    assert "exclude" in reg("model", "compare", "a/b:1", "a/b:2", "--md", "--json", code=2).err
    reg("model", "compare", "a/b:1", "a/b:9", code=11)


def test_a_long_name_is_one_line_of_the_heading(reg: Reg, tmp_path: Path) -> None:
    long = "team-vision/resnet152-with-a-very-long-name-for-a-model-of-some-kind-v2-x"
    with Registry.open(tmp_path) as registry:
        add(registry, long, b"three", metrics={"acc": 0.6})
        add(registry, long, b"four!!", metrics={"acc": 0.7})
    both = plain(reg("model", "compare", f"{long}:1", f"{long}:2", terminal=True).out)
    assert [re.sub("….*-", "…", word) for word in both[0].split()] == ["team-vision/resn…x", ":1", ":2"]
    assert both[1].startswith("created")
    others = plain(reg("model", "compare", f"{long}:1", "a/b", f"{long}:2", terminal=True).out)
    assert re.fullmatch(r" +team-vision/\S+…\S+v2-x:1 +a/b:2 .*", others[0] + " "), others[0]
    assert others[1].startswith("created")
    assert max(map(len, both + others)) <= 80


def test_a_metric_that_was_edited_after_publishing_shows_the_sealed_value(reg: Reg) -> None:
    words = ("model", "compare", "a/b:1", "a/b:2", "--only", "metrics")
    reg("model", "publish", "a/b:2")
    assert "sealed" not in reg(*words).out + reg(*words, "--md").out + reg(*words, terminal=True).out
    reg("model", "edit", "a/b:2", "--set", "metrics.acc=0.99", "--set", "metrics.auc=0.5", "--unset", "metrics.loss")
    lines = [line.split() for line in plain(reg(*words, terminal=True).out)]
    assert ["acc", "0.5", "0.99", "+0.49", "★", "sealed:", "0.75"] in lines
    assert ["auc", "–", "0.5", "sealed:", "none"] in lines
    assert ["loss", "0.4", "–", "sealed:", "0.3"] in lines
    assert "| metrics.acc | 0.5 | **0.99** (+0.49) sealed: 0.75 |" in reg(*words, "--md").lines
    lines = reg(*words).lines
    assert lines[lines.index("metrics.acc\t0.5\t0.99") + 1] == "sealed.metrics.acc\t\t0.75"
    assert "sealed.metrics.loss,,0.3" in reg(*words, "--csv").lines
    versions = reg(*words, "--json").json["versions"]
    assert [version["sealed"] for version in versions] == [None, {"metrics": {"acc": 0.75, "loss": 0.3, "auc": None}}]
    with Registry.open(Path.cwd()) as registry:
        assert "sealed.metrics.acc" in compare_versions(registry, ["a/b:1", "a/b:2"])._repr_html_()
