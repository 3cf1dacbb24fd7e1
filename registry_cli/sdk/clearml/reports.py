"""Reports of scalars, tables and plots under ClearML's names; subclasses define the destination."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_cli.errors import UsageError
from registry_cli.sdk import plot_builder as build
from registry_cli.sdk.clearml.urls import find_path

if TYPE_CHECKING:
    from os import PathLike

    from registry_cli.tasks.attempt.plots import Plot

Layout = Mapping[str, Any]


def scalar_name(title: str, series: str) -> str:
    """Return the name of a scalar with a title and a series."""
    return title if not series or series == title else f"{title}/{series}"


class Reports(ABC):
    """ClearML's `report_*` methods. Every plot takes `iteration`, its step, and `extra_layout`, stored unchanged."""

    @abstractmethod
    def _report_point(self, name: str, value: float, step: int | None) -> None: ...

    @abstractmethod
    def _report_plot(self, plot: Plot) -> None: ...

    def report_scalar(self, title: str, series: str, value: float, iteration: int | None = None) -> None:
        """Log a point of the scalar `title/series`, or `title` where both are the same."""
        self._report_point(scalar_name(title, series), value, iteration)

    def report_single_value(self, name: str, value: float) -> None:
        """Log one number that belongs to no step."""
        self._report_point(name, value, None)

    def report_histogram(
        self, title: str, series: str, values: Any, iteration: int | None = None, labels: Sequence[str] | None = None,
        xlabels: Sequence[str] | None = None, xaxis: str | None = None, yaxis: str | None = None,
        mode: str | None = None, data_args: Layout | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report bars with given counts; `values` is a row of counts, or one row for each of `labels`."""
        layout = _layout(extra_layout, mode=mode, data_args=data_args, labels=labels)
        self._report_plot(build.make_histogram(counts=values, names=xlabels, title=title, series=series, step=iteration,
                                               axes=_axes(xaxis, yaxis), layout=layout))  # fmt: skip

    def report_vector(
        self, title: str, series: str, values: Any, iteration: int | None = None, labels: Sequence[str] | None = None,
        xlabels: Sequence[str] | None = None, xaxis: str | None = None, yaxis: str | None = None,
        mode: str | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report numbers side by side."""
        layout = _layout(extra_layout, mode=mode, labels=labels)
        self._report_plot(build.make_vector(values, names=xlabels, title=title, series=series, step=iteration,
                                            axes=_axes(xaxis, yaxis), layout=layout))  # fmt: skip

    def report_table(
        self, title: str, series: str, iteration: int | None = None, table_plot: Any = None,
        csv: str | PathLike[str] | None = None, url: str | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report a table: a data frame or rows, or a CSV file.

        Args:
            title: With `series` and `iteration` it names the table.
            series: The second part of its name.
            iteration: Training step.
            table_plot: A data frame, or rows.
            csv: The path of a CSV file.
            url: The URL of a CSV file; one that is not on this machine is not fetched, and its address is the table.
            extra_layout: Stored unchanged.

        Raises:
            UsageError: Not exactly one of `table_plot`, `csv` and `url` is given.
        """
        if sum(one is not None for one in (table_plot, csv, url)) != 1:
            raise UsageError("give one of table_plot, csv and url")
        source = _table_of(url) if url is not None else Path(csv) if csv is not None else table_plot
        self._report_plot(build.make_table(source, title=title, series=series, step=iteration,
                                           layout=_layout(extra_layout)))  # fmt: skip

    def report_line_plot(
        self, title: str, series: Any, xaxis: str, yaxis: str, mode: str = "lines", iteration: int | None = None,
        reverse_xaxis: bool = False, comment: str | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report lines: `series` is a list of `{"name": ..., "data": [[x, y], ...]}`, or of objects with these."""
        lines = {str(_part(one, "name")): _part(one, "data") for one in series}
        layout = _layout(extra_layout, mode=mode, reverse_xaxis=reverse_xaxis or None, comment=comment)
        self._report_plot(build.make_line(lines, title=title, step=iteration, axes=_axes(xaxis, yaxis), layout=layout))

    def report_scatter2d(
        self, title: str, series: str, scatter: Any, iteration: int | None = None, xaxis: str | None = None,
        yaxis: str | None = None, labels: Sequence[str] | None = None, mode: str = "lines", comment: str | None = None,
        extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report points of two numbers."""
        layout = _layout(extra_layout, mode=mode, comment=comment)
        self._report_plot(build.make_scatter(scatter, names=labels, title=title, series=series, step=iteration,
                                             axes=_axes(xaxis, yaxis), layout=layout))  # fmt: skip

    def report_scatter3d(
        self, title: str, series: str, scatter: Any, iteration: int | None = None, xaxis: str | None = None,
        yaxis: str | None = None, zaxis: str | None = None, labels: Sequence[str] | None = None, mode: str = "markers",
        fill: bool = False, comment: str | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report points of three numbers."""
        layout = _layout(extra_layout, mode=mode, fill=fill or None, comment=comment)
        self._report_plot(build.make_scatter(scatter, names=labels, title=title, series=series, step=iteration,
                                             axes=_axes(xaxis, yaxis, zaxis), layout=layout))  # fmt: skip

    def report_confusion_matrix(
        self, title: str, series: str, matrix: Any, iteration: int | None = None, xaxis: str | None = None,
        yaxis: str | None = None, xlabels: Sequence[str] | None = None, ylabels: Sequence[str] | None = None,
        yaxis_reversed: bool = False, comment: str | None = None, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report a confusion matrix, a row for each true class."""
        layout = _layout(extra_layout, yaxis_reversed=yaxis_reversed or None, comment=comment)
        self._report_plot(build.make_confusion_matrix(
            matrix, xlabels=xlabels, ylabels=ylabels, title=title, series=series, step=iteration,
            axes=_axes(xaxis, yaxis), layout=layout))  # fmt: skip

    def report_matrix(
        self, title: str, series: str, matrix: Any, iteration: int | None = None, xaxis: str | None = None,
        yaxis: str | None = None, xlabels: Sequence[str] | None = None, ylabels: Sequence[str] | None = None,
        yaxis_reversed: bool = False, extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report a matrix, drawn as a heat map."""
        layout = _layout(extra_layout, yaxis_reversed=yaxis_reversed or None)
        self._report_plot(build.make_matrix(
            matrix, xlabels=xlabels, ylabels=ylabels, title=title, series=series, step=iteration,
            axes=_axes(xaxis, yaxis), layout=layout))  # fmt: skip

    def report_surface(
        self, title: str, series: str, matrix: Any, iteration: int | None = None, xaxis: str | None = None,
        yaxis: str | None = None, zaxis: str | None = None, xlabels: Sequence[str] | None = None,
        ylabels: Sequence[str] | None = None, camera: Sequence[float] | None = None, comment: str | None = None,
        extra_layout: Layout | None = None,
    ) -> None:  # fmt: skip
        """Report a surface, its heights as a matrix."""
        layout = _layout(extra_layout, camera=camera, comment=comment)
        self._report_plot(build.make_surface(
            matrix, xlabels=xlabels, ylabels=ylabels, title=title, series=series, step=iteration,
            axes=_axes(xaxis, yaxis, zaxis), layout=layout))  # fmt: skip


def _table_of(url: str) -> Path | list[list[str]]:
    """Return the local path of a CSV file's URL, else a table that holds the URL."""
    path = find_path(url)
    return [["url"], [url]] if path is None else path


def _axes(*names: str | None) -> dict[str, str]:
    return {axis: name for axis, name in zip("xyz", names, strict=False) if name}


def _layout(extra: Layout | None, **wishes: object) -> dict[str, object]:
    return {**{key: value for key, value in wishes.items() if value is not None}, **(extra or {})}


def _part(series: Any, name: str) -> Any:
    return series[name] if isinstance(series, Mapping) else getattr(series, name)
