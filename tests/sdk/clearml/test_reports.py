"""ClearML's `report_*`: a task keeps a plot as a file, a model among its metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import UsageError
from registry_cli.sdk.clearml import metadata
from registry_cli.tasks.attempt.plots import load_plot
from registry_cli.tasks.record import read_task_file

pytestmark = pytest.mark.usefixtures("registry")


class Series:
    """As ClearML's SeriesInfo looks."""

    name, data = "late", [[0, 3]]


def report(to: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    to.report_histogram("bars", "s", [1, 2], 1, xlabels=["x", "y"], xaxis="kind", mode="stack")
    to.report_vector("vector", "s", [1, 2], 1, yaxis="n")
    to.report_table("table", "s", 1, table_plot=[["a"], [1]])
    to.report_table("csv", "s", 1, csv=tmp_path / "t.csv")
    to.report_line_plot("lines", [{"name": "early", "data": [[0, 1], [1, 2]]}, Series], "x", "y", iteration=1)
    to.report_scatter2d("flat", "s", [[0, 1]], 1, labels=["p"], comment="c")
    to.report_scatter3d("deep", "s", [[0, 1, 2]], 1, zaxis="z")
    to.report_confusion_matrix("confusion", "s", [[5, 1], [0, 6]], 1, xlabels=["a", "b"], ylabels=["a", "b"])
    to.report_matrix("matrix", "s", [[1, 2]], 1, yaxis_reversed=True)
    to.report_surface("surface", "s", [[1, 2]], 1, camera=[1, 1, 1], extra_layout={"width": 3})


KINDS = {"bars": "histogram", "vector": "vector", "table": "table", "csv": "table", "lines": "line", "flat": "scatter",
         "deep": "scatter", "confusion": "confusion_matrix", "matrix": "matrix", "surface": "surface"}  # fmt: skip


@pytest.mark.slow
def test_plots_of_a_task(tmp_path: Path, registry: reg.Registry) -> None:
    with reg.task("job") as task:
        report(task.get_logger(), tmp_path)
    files = [file for file in task.record.files if file.path.startswith("plots/")]
    plots = {plot.title: plot for plot in (load_plot(read_task_file(registry, file)) for file in files)}
    assert {title: plot.kind for title, plot in plots.items()} == KINDS
    assert (plots["bars"].axes, plots["bars"].layout, plots["bars"].step) == ({"x": "kind"}, {"mode": "stack"}, 1)
    assert plots["surface"].layout == {"camera": [1, 1, 1], "width": 3}
    assert [line["name"] for line in plots["lines"].data["lines"]] == ["early", "late"]  # type: ignore[index,attr-defined]


@pytest.mark.parametrize("prepare", [lambda model: None, lambda model: model.publish()], ids=["draft", "published"])
def test_plots_of_a_model(tmp_path: Path, weights: Path, prepare: Callable[[reg.Model], None]) -> None:
    model = reg.Model(reg.commit(weights, "a/m").id)
    prepare(model)
    report(model, tmp_path)
    assert {plot.title: plot.kind for plot in model.get_plots().values()} == KINDS
    model.report_scalar("loss", "train", 0.5, 1)
    model.report_scalar("acc", "acc", 0.9)
    model.report_single_value("score", 3)
    assert model.row.metrics == {"loss/train": 0.5, "acc": 0.9, "score": 3}


@pytest.mark.slow
def test_plots_that_come_before_the_model(weights: Path) -> None:
    with reg.task("job"):
        model = reg.OutputModel(name="out")
        model.report_vector("v", "", [1])
        model.update_weights(weights)
    assert len(model.get_plots()) == 1


def test_a_plot_that_is_too_large_for_the_log(weights: Path) -> None:
    model = reg.Model(reg.commit(weights, "a/m").id)
    with pytest.raises(UsageError, match="of a model's 32,768 are kept"):
        model.report_vector("v", "", list(range(metadata.LARGEST_PLOT)))


@pytest.mark.sweep(3)
@pytest.mark.parametrize("wrong", [{}, {"url": "t.csv", "csv": "t.csv"}, {"csv": "t.csv", "table_plot": [["a"]]}])
def test_a_table_has_one_source(wrong: dict[str, Any]) -> None:
    with reg.task("job") as task, pytest.raises(UsageError, match="give one of"):
        task.get_logger().report_table("t", "s", **wrong)


@pytest.mark.slow
def test_scalars_of_a_task() -> None:
    with reg.task("job") as task:
        task.get_logger().report_scalar("loss", "train", 0.5, 1)
        task.get_logger().report_scalar("acc", "acc", 0.9, 1)
        task.get_logger().report_single_value("score", 3)
        reg.log_metrics({"loss/val": 0.7, "lr": 0.1}, step=1)
    assert task.record.metrics == {"loss/train": 0.5, "acc": 0.9, "score": 3.0, "loss/val": 0.7, "lr": 0.1}
