from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import CorruptError, NotFoundError, UsageError
from registry_cli.records.paths import check_paths
from registry_cli.records.task import PLOTS
from registry_cli.sdk import plot_builder as build
from registry_cli.tasks.attempt.plots import KINDS, Plot, dump_plot, load_plot, plot_path


class Array:
    """As NumPy's and torch's: it knows `tolist`."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def tolist(self) -> Any:
        return self._values


class Frame:
    """As pandas'."""

    def __init__(self, columns: list[Any], index: list[Any], data: list[list[Any]]) -> None:
        self.columns, self.index, self._data = Array(columns), Array(index), data

    def to_dict(self, orient: str) -> dict[str, Any]:
        assert orient == "split"
        return {"columns": self.columns.tolist(), "index": self.index.tolist(), "data": self._data}


class Polars:
    columns = ("a", "b")

    def rows(self) -> list[tuple[int, str]]:
        return [(1, "x"), (2, "y")]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(TEXTS, TEXTS, st.none() | st.integers(), st.lists(st.floats()))
def test_a_plot_comes_back(title: str, series: str, step: int | None, values: list[float]) -> None:
    plot = build.make_vector(values, title=title, series=series, step=step, axes={"x": "n"}, layout={"bars": math.nan})
    assert load_plot(dump_plot(plot)) == plot
    assert dump_plot(load_plot(dump_plot(plot))) == dump_plot(plot)


def test_the_document_is_frozen() -> None:
    plot = build.make_confusion_matrix(
        [[5, 1], [0, 7]], title="Errors", series="val", step=3, xlabels=["a", "b"], ylabels=["a", "b"]
    )
    assert dump_plot(plot) == (
        b'{"axes":{},"data":{"rows":[[5,1],[0,7]],"xlabels":["a","b"],"ylabels":["a","b"]},"kind":"confusion_matrix",'
        b'"layout":{},"schema":1,"series":"val","step":3,"title":"Errors"}\n'
    )


@pytest.mark.parametrize(
    ("plot", "data"),
    [
        (build.make_table([["a", "b"], [1, math.inf], [None, math.nan]]),
         {"columns": ["a", "b"], "rows": [[1, "inf"], [None, None]]}),
        (build.make_table([{"a": 1}, {"b": datetime(2026, 1, 1, tzinfo=UTC)}]),
         {"columns": ["a", "b"], "rows": [[1, None], [None, "2026-01-01T00:00:00+00:00"]]}),
        (build.make_table(Array([["a"], [1]])), {"columns": ["a"], "rows": [[1]]}),
        (build.make_table(Frame(["a", 1], [0, 1], [[1, 2], [3, 4]])),
         {"columns": ["a", "1"], "rows": [[1, 2], [3, 4]]}),
        (build.make_table(Frame(["a"], ["x", "y"], [[1], [2]])), {"columns": ["", "a"], "rows": [["x", 1], ["y", 2]]}),
        (build.make_table(Polars()), {"columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}),
        (build.make_histogram(Array([0, 1, 1, 2, math.nan]), bins=2), {"edges": [0.0, 1.0, 2.0], "counts": [[1, 3]]}),
        (build.make_histogram([3, 3], bins=1), {"edges": [3.0, 4.0], "counts": [[2]]}),
        (build.make_histogram([], bins=1), {"edges": [0.0, 1.0], "counts": [[0]]}),
        (build.make_histogram(counts=[4, 5], names=["a", "b"]), {"labels": ["a", "b"], "counts": [[4, 5]]}),
        (build.make_histogram(counts=[[4, 5], [6, 7]]), {"labels": [], "counts": [[4, 5], [6, 7]]}),
        (build.make_line([3, 4]), {"lines": [{"name": "", "x": [0, 1], "y": [3, 4]}]}),
        (build.make_line({"train": Array([[1, 2.5], [2, math.inf]]), "val": (x for x in [1])}),
         {"lines": [{"name": "train", "x": [1, 2], "y": [2.5, None]}, {"name": "val", "x": [0], "y": [1]}]}),
        (build.make_scatter([(1, 2)], names=["p"]), {"groups": [{"name": "", "points": [[1, 2]], "labels": ["p"]}]}),
        (build.make_scatter({"a": [[1, 2, 3]]}), {"groups": [{"name": "a", "points": [[1, 2, 3]], "labels": []}]}),
        (build.make_matrix([[1, True]]), {"rows": [[1, 1]], "xlabels": [], "ylabels": []}),
        (build.make_surface(Array([[1.0]]), ylabels=[7]), {"rows": [[1.0]], "xlabels": [], "ylabels": ["7"]}),
        (build.make_vector(range(2), names=["a", "b"]), {"values": [0, 1], "labels": ["a", "b"]}),
    ],
)  # fmt: skip
def test_what_scripts_have_at_hand(plot: Plot, data: object) -> None:
    assert plot.data == data
    assert plot.kind in KINDS
    assert load_plot(dump_plot(plot)) == plot


def test_a_csv_file_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('\ufeffname,auc\n"a, b",0.5\n\nc,007\n')
    assert build.make_table(tmp_path / "t.csv").data == {
        "columns": ["name", "auc"],
        "rows": [["a, b", 0.5], ["c", "007"]],
    }
    with pytest.raises(NotFoundError, match=r"missing\.csv"):
        build.make_table("missing.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="no CSV file"):
        build.make_table(str(tmp_path / "t.csv"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: build.make_table([]),
        lambda: build.make_table([["a"], [1, 2]]),
        lambda: build.make_table([1, 2]),
        lambda: build.make_table(3),
        lambda: build.make_histogram(),
        lambda: build.make_histogram([1], counts=[1]),
        lambda: build.make_histogram([1], bins=0),
        lambda: build.make_histogram(["a"]),
        lambda: build.make_histogram(counts=[1], names=["a", "b"]),
        lambda: build.make_line([[1, 2, 3]]),
        lambda: build.make_line(3),
        lambda: build.make_scatter([[1]]),
        lambda: build.make_scatter({"a": [[1, 2]], "b": [[1, 2]]}, names=["a"]),
        lambda: build.make_matrix([[1], [1, 2]]),
        lambda: build.make_matrix([1]),
        lambda: build.make_matrix([]),
        lambda: build.make_surface([[1]], xlabels=["a", "b"]),
        lambda: build.make_vector(3),
        lambda: dump_plot(Plot("vector", "\ud800", {})),
        lambda: dump_plot(Plot("vector", "a", {"values": [math.nan]})),
        lambda: dump_plot(Plot("vector", "a", {"values": object()})),
    ],
)
def test_what_is_no_plot(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


def test_nesting_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(UsageError, match="nested"):
        build.make_vector([1], layout={"a": deep})


GOOD = dump_plot(Plot("vector", "a", {}))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"[" * 9999, b"\xff", b"3", GOOD.replace(b"vector", b"cake"), GOOD.replace(b'"a"', b"3")],
)
def test_documents_that_are_none(data: bytes) -> None:
    with pytest.raises(CorruptError):
        load_plot(data)


@given(st.lists(st.tuples(st.text(max_size=5) | st.text(min_size=70), TEXTS, st.none() | st.integers()), unique=True))
def test_each_plot_has_a_path_of_its_own(names: list[tuple[str, str, int | None]]) -> None:
    paths = [plot_path(*name) for name in names]
    check_paths(paths)
    assert all(path.startswith(PLOTS) and len(path) < 250 for path in paths)


def test_paths_read_well() -> None:
    assert plot_path("confusion", "val", 3) == "plots/confusion/val/3.json"
    assert plot_path("loss") == "plots/loss/_/plot.json"
    assert plot_path("ROC curve").startswith("plots/roc-curve-")
    assert plot_path("roc-curve") == "plots/roc-curve/_/plot.json"
