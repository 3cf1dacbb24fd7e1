"""Tables and trees on a terminal: names are shortened in the middle, so that the other columns stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from registry_cli.cli.drawing import shorten_middle
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.registry.making import add

LONG = "a-project-of-many-words/" + "and-a-model-that-has-a-very-long-name/" * 2 + "fine-tuned"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("a/b:1", 5, "a/b:1"),
        ("abcdefghij:12", 8, "abc…j:12"),
        ("abcdefghij:12", 9, "abcd…j:12"),
        ("模型模型模型:12", 9, "模型…:12"),
        ("abc", 1, "…"),
    ],
)
def test_the_middle_is_left_out(text: str, width: int, shown: str) -> None:
    found = shorten_middle(text, width)
    assert found.replace(" ", "") == shown
    assert cell_len(found) <= width


@pytest.fixture
def long(tmp_path: Path, reg: Reg) -> Reg:
    with Registry.init(tmp_path) as registry:
        for number in (1, 2):
            metrics = {"accuracy": number / 10, "loss": 0.25, "f1": 0.5}
            parents = (("continue", f"{LONG}:1"),) if number == 2 else ()
            add(registry, LONG, str(number).encode(), metrics=metrics, parents=parents)
    return reg


def test_number_and_metrics_stay_beside_a_long_name(long: Reg) -> None:
    heading, newest, oldest = long("model", "query", terminal=True).shown
    assert heading.split()[:4] == ["ref", "accuracy", "f1", "loss"]
    for line, number in ((newest, 2), (oldest, 1)):
        ref, *metrics = line.split()[:4]
        assert ref.startswith("a-project-")
        assert ref.endswith(f"fine-tuned:{number}")
        assert metrics == [f"0.{number}", "0.5", "0.25"]
        assert len(line) <= 80


def test_chosen_columns_and_models_too(long: Reg) -> None:
    chosen = long("model", "query", "--columns", "ref,metrics.loss,id,metrics.accuracy", terminal=True).shown
    assert all(line.split()[0].endswith((":1", ":2")) for line in chosen[1:])
    heading, line = long("model", "list", terminal=True).shown
    assert heading.split()[:3] == ["name", "versions", "latest"]
    assert (line.split()[0].partition("…")[2][-10:], line.split()[1:3]) == ("fine-tuned", ["2", "2"])


def test_a_tree_keeps_the_number_and_the_marks(long: Reg) -> None:
    long("model", "alias", f"{LONG}:2", "prod")
    long("model", "publish", f"{LONG}:2")
    lines = long("model", "lineage", f"{LONG}:2", terminal=True).shown
    assert all(len(line) <= 80 for line in lines)
    assert any(":2 " in line and line.endswith("@prod published") for line in lines)
    assert any("fine-tuned:1" in line for line in lines)


WORDY = "team-vision/resnet152-with-a-very-long-name-for-a-model-of-some-kind-v2-x"


@pytest.fixture
def wordy(reg: Reg, tmp_path: Path) -> Reg:
    (tmp_path / "w.bin").write_bytes(b"one")
    (tmp_path / "v.bin").write_bytes(b"two")
    reg("init")
    reg("model", "add", WORDY, "w.bin", "--alias", "prod")
    reg("model", "add", WORDY, "v.bin", "--tag", "tested")
    return reg


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (["model", "verify", f"{WORDY}:1"], ["ref", "result", "size"]),
        (["model", "prune", WORDY, "--keep", "last 1", "--dry-run"], ["ref", "fate", "why", "size"]),
        (["undo"], ["ref", "what", "author"]),
        (["model", "find", "w.bin"], ["ref", "paths", "created", "aliases"]),
        (["model", "list"], ["name", "versions", "latest", "aliases"]),
        (["events"], ["time", "ref", "what"]),
    ],
)
def test_a_long_name_hides_no_answer(wordy: Reg, words: list[str], columns: list[str]) -> None:
    heading, *lines = wordy(*words, terminal=True).shown
    assert heading.split()[: len(columns)] == columns
    name = re.compile(r"team-visio\S*…\S*v2-x")
    assert all(len(line) <= 80 and name.search(line) for line in lines), lines
