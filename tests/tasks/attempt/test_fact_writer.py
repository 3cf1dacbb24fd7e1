from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.catalog.documents import dump_doc
from registry_cli.errors import UsageError
from registry_cli.ids import BlobHash, RecordId, VersionId
from registry_cli.records.task import Data, Input
from registry_cli.tasks.attempt.fact_reader import Facts, read_facts
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.attempt.plots import Plot, dump_plot, plot_path
from tests.records.strategies import tables

VERSION = VersionId(RecordId("ab" * 32))
DIGEST = BlobHash("cd" * 32)


def ticking() -> Callable[[], float]:
    ticks = count()
    return lambda: float(next(ticks))


@pytest.fixture
def writer(tmp_path: Path) -> FactWriter:
    return FactWriter(tmp_path / "facts.jsonl", clock=ticking())


def told(tmp_path: Path) -> Facts:
    return read_facts([tmp_path / "facts.jsonl"])


def test_all_that_can_be_told(writer: FactWriter, tmp_path: Path) -> None:
    plot = dump_plot(Plot("vector", "v", {"values": [1], "labels": []}))
    writer.add_params({"lr": 0.1, "layers": [64, 32], "since": datetime(2026, 1, 1, tzinfo=UTC), "best": math.inf})
    writer.add_input(Input("base", VERSION, "fraud/xgb@prod"))
    writer.add_data(Data("data/a.csv", 12, DIGEST))
    writer.add_plot(plot_path("v"), plot)
    writer.add_output("model", VERSION)
    writer.set_name("night run ü")
    writer.set_project("My Project")
    writer.change_tags(add=["a", "b"])
    writer.change_tags(add=["c"], remove=["a"])
    writer.set_python({"version": "3.11.2", "implementation": None}, lock="rich==13.7\n")
    writer.add_host({"cpus": 2, "gpu": {"driver": None, "names": ["T4"]}})
    writer.set_problem("out of memory")
    assert told(tmp_path) == Facts(
        params={"lr": 0.1, "layers": [64, 32], "since": datetime(2026, 1, 1, tzinfo=UTC), "best": math.inf},
        inputs=(Input("base", VERSION, "fraud/xgb@prod"),),
        data=(Data("data/a.csv", 12, DIGEST),),
        plots={"plots/v/_/plot.json": plot},
        outputs={"model": VERSION},
        name="night run ü",
        project="My Project",
        tags=("b", "c"),  # type: ignore[arg-type]
        untags=("a",),  # type: ignore[arg-type]
        python={"version": "3.11.2"},
        lock="rich==13.7\n",
        host={"cpus": 2, "gpu": {"names": ["T4"]}},
        problem="out of memory",
    )
    assert writer.problem is None
    writer.close()


def test_nothing_told(tmp_path: Path) -> None:
    assert told(tmp_path) == Facts()


def test_the_later_wins_whichever_file_it_is_in(tmp_path: Path) -> None:
    one = FactWriter(tmp_path / "1", clock=lambda: 20.0)
    two = FactWriter(tmp_path / "2", clock=lambda: 10.0)
    two.add_params({"lr": 0.2, "seed": 1})
    one.add_params({"lr": 0.1})
    two.set_problem("old")
    one.set_problem("new")
    facts = read_facts([tmp_path / "1", tmp_path / "2"])
    assert (facts.params, facts.problem) == ({"lr": 0.1, "seed": 1}, "new")


def test_none_takes_a_parameter_back_and_is_left_out_of_tables(writer: FactWriter, tmp_path: Path) -> None:
    writer.add_params({"lr": 0.1, "resume": "a.pt", "opt": {"name": "sgd", "decay": None}})
    writer.add_params({"resume": None})
    assert told(tmp_path).params == {"lr": 0.1, "opt": {"name": "sgd"}}


@given(tables)
def test_values_come_back(tmp_path_factory: pytest.TempPathFactory, table: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("f") / "facts"
    writer = FactWriter(path)
    writer.add_params(table)
    writer.close()
    assert dump_doc(read_facts([path]).params) == dump_doc(table)


@given(st.integers(0, 400))
def test_a_torn_file_tells_its_whole_lines(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("f") / "facts"
    writer = FactWriter(path, clock=ticking())
    for at in range(8):
        writer.add_params({f"p{at}": at})
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert read_facts([path]).params == {f"p{at}": at for at in range(whole[:cut].count(b"\n"))}


@pytest.mark.parametrize(
    "fact",
    [
        {"t": 1, "kind": "weather", "text": "fine"},
        {"t": 1},
        {"t": "x", "kind": "comment", "text": "a"},
        {"t": 1, "kind": "comment", "text": 3},
        {"t": 1, "kind": "params", "values": [1]},
        {"t": 1, "kind": "params", "values": {"a": None}},
        {"t": 1, "kind": "params", "values": {"a": 1 << 64}},
        {"t": 1, "kind": "input", "name": "a", "version": "../..", "ref": "x"},
        {"t": 1, "kind": "data", "path": "a", "size": -1, "sha256": DIGEST},
        {"t": 1, "kind": "output", "name": "a", "version": 3},
        {"t": 1, "kind": "plot", "path": "plots/../../a", "document": "{}"},
        {"t": 1, "kind": "plot", "path": "elsewhere", "document": "{}"},
        {"t": 1, "kind": "plot", "path": "plots/a", "document": None},
        {"t": 1, "kind": "tags", "add": ["a b"], "remove": []},
        {"t": 1, "kind": "tags", "add": 3, "remove": []},
        {"t": 1, "kind": "name", "text": ""},
        {"t": 1, "kind": ["params"]},
        [1],
        "text",
        None,
    ],
)
def test_what_no_record_could_hold_is_passed_over(tmp_path: Path, fact: object) -> None:
    line = json.dumps(fact)
    (tmp_path / "facts.jsonl").write_text(f'{line}\n\xff\n{"[" * 5000}\n{{"t":2,"kind":"problem","text":"p"}}\n')
    assert told(tmp_path) == Facts(problem="p")


@pytest.mark.parametrize(
    "tell",
    [
        lambda w: w.add_params({"a": object()}),
        lambda w: w.add_params({"a": 1 << 64}),
        lambda w: w.add_params({"a": "\ud800"}),
        lambda w: w.add_params({"": 1}),
        lambda w: w.add_plot("model.pt", b"{}"),
        lambda w: w.add_plot("plots/../a", b"{}"),
        lambda w: w.add_output("", VERSION),
        lambda w: w.set_name(" "),
        lambda w: w.set_project("a\nb"),
        lambda w: w.change_tags(add=["a b"]),
    ],
)
def test_what_no_record_could_hold_is_refused(
    writer: FactWriter, tmp_path: Path, tell: Callable[[FactWriter], None]
) -> None:
    with pytest.raises(UsageError):
        tell(writer)
    assert told(tmp_path) == Facts()
