"""Builds plots from a script's data: lists, arrays, data frames, CSV files. Imports none of the libraries."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.records.values import parse_scalar
from registry_cli.sdk.plain_values import Plain, cell, labels, matrix, numbers, plain
from registry_cli.tasks.attempt.plots import Plot

if TYPE_CHECKING:
    from typing import Unpack

    from registry_cli.tasks.attempt.plots import PlotKind


class About(TypedDict, total=False):
    """The arguments of every builder besides its data; see `Plot`."""

    title: str
    series: str
    step: int | None
    axes: Mapping[str, str]
    layout: Mapping[str, object]


def make_table(source: object, **about: Unpack[About]) -> Plot:
    """Return a table.

    Args:
        source: A pandas or polars data frame; the path of a CSV file; rows as mappings; or lists, the first of which
            names the columns.
        **about: Title, series, step, axes and layout.

    Raises:
        NotFoundError: The CSV file is missing.
        UsageError: It is no table.
    """
    if isinstance(source, str | Path):
        columns, rows = _read_csv(Path(source))
    elif hasattr(source, "columns"):
        columns, rows = _from_frame(source)
    else:
        columns, rows = _from_rows(source)
    if any(len(row) != len(columns) for row in rows):
        raise UsageError(f"the table's rows do not all have {len(columns)} cells")
    data = {"columns": [str(name) for name in columns], "rows": [[cell(item) for item in row] for row in rows]}
    return _plot("table", data, about)


def make_histogram(
    values: object = None, *, counts: object = None, names: object = None, bins: object = 10, **about: Unpack[About]
) -> Plot:
    """Return a histogram.

    Args:
        values: Numbers to count here, into `bins` bins of equal width.
        counts: Instead of `values`, the counts themselves: one list, or one for each series.
        names: Names of the bins in `counts`.
        bins: Number of bins, at least 1.
        **about: Title, series, step, axes and layout.

    Raises:
        UsageError: Both `values` and `counts` are given or neither, or they have the wrong shape.
    """
    if (values is None) == (counts is None):
        raise UsageError("a histogram is made of either values or counts")
    if counts is None:
        if not isinstance(bins, int) or bins < 1:
            raise UsageError(f"{bins!r:.40} is no number of bins")
        edges, counted = _count(numbers(values, "values"), bins)
        return _plot("histogram", {"edges": edges, "counts": [counted]}, about)
    given = plain(counts)
    nested = isinstance(given, list) and given and isinstance(given[0], list)
    rows = matrix(given if nested else [given], "counts")
    return _plot("histogram", {"labels": labels(names, "names of the bins", len(rows[0])), "counts": rows}, about)


def make_line(lines: object, **about: Unpack[About]) -> Plot:
    """Return lines.

    Args:
        lines: One line, or a mapping from names to lines; a line is numbers, or pairs of x and y.
        **about: Title, series, step, axes and layout.

    Raises:
        UsageError: They are no lines.
    """
    named = lines if isinstance(lines, Mapping) else {"": lines}
    drawn = []
    for name, line in named.items():
        given = plain(line)
        if isinstance(given, list) and given and isinstance(given[0], list):
            points = matrix(given, f"line {name!r:.40}")
            if len(points[0]) != 2:
                raise UsageError(f"line {name!r:.40} is not made of pairs")
            x, y = [point[0] for point in points], [point[1] for point in points]
        else:
            y = numbers(given, f"line {name!r:.40}")
            x = list(range(len(y)))
        drawn.append({"name": str(name), "x": x, "y": y})
    return _plot("line", {"lines": drawn}, about)


def make_scatter(points: object, *, names: object = None, **about: Unpack[About]) -> Plot:
    """Return points in two or three dimensions.

    Args:
        points: Pairs or triples, or a mapping from names of groups to them.
        names: Names of the points, where there is one group.
        **about: Title, series, step, axes and layout.

    Raises:
        UsageError: They are no points.
    """
    named = points if isinstance(points, Mapping) else {"": points}
    if names is not None and len(named) > 1:
        raise UsageError("names of points go with one group of them")
    groups = []
    for name, group in named.items():
        rows = matrix(group, f"group {name!r:.40}")
        if len(rows[0]) not in {2, 3}:
            raise UsageError(f"group {name!r:.40} has points of {len(rows[0])} numbers, 2 or 3 are drawn")
        groups.append({"name": str(name), "points": rows, "labels": labels(names, "names of the points", len(rows))})
    return _plot("scatter", {"groups": groups}, about)


def make_confusion_matrix(
    values: object, *, xlabels: object = None, ylabels: object = None, **about: Unpack[About]
) -> Plot:
    """Return a confusion matrix, a row for each true class.

    Raises:
        UsageError: It is no matrix, or the labels are not one for each column and row.
    """
    return _matrix("confusion_matrix", values, xlabels, ylabels, about)


def make_matrix(values: object, *, xlabels: object = None, ylabels: object = None, **about: Unpack[About]) -> Plot:
    """Return a matrix, drawn as a heat map.

    Raises:
        UsageError: It is no matrix, or the labels are not one for each column and row.
    """
    return _matrix("matrix", values, xlabels, ylabels, about)


def make_surface(values: object, *, xlabels: object = None, ylabels: object = None, **about: Unpack[About]) -> Plot:
    """Return a surface, its heights as a matrix.

    Raises:
        UsageError: It is no matrix, or the labels are not one for each column and row.
    """
    return _matrix("surface", values, xlabels, ylabels, about)


def make_vector(values: object, *, names: object = None, **about: Unpack[About]) -> Plot:
    """Return numbers side by side, drawn as bars.

    Raises:
        UsageError: They are no numbers, or the names are not one for each.
    """
    row = numbers(values, "values")
    return _plot("vector", {"values": row, "labels": labels(names, "names of the values", len(row))}, about)


def _matrix(kind: PlotKind, values: object, xlabels: object, ylabels: object, about: About) -> Plot:
    rows = matrix(values, "values")
    across, down = labels(xlabels, "xlabels", len(rows[0])), labels(ylabels, "ylabels", len(rows))
    return _plot(kind, {"rows": rows, "xlabels": across, "ylabels": down}, about)


def _plot(kind: PlotKind, data: Mapping[str, object], about: About) -> Plot:
    layout = cast("dict[str, Plain]", plain(about.get("layout") or {}))
    axes = {axis: str(name) for axis, name in (about.get("axes") or {}).items()}
    return Plot(kind, about.get("title", kind), data, about.get("series", ""), about.get("step"), axes, layout)


def _count(values: list[int | float | None], bins: int) -> tuple[list[float], list[int]]:
    real = [value for value in values if value is not None]
    low, high = (min(real), max(real)) if real else (0.0, 1.0)
    width = (high - low) / bins or 1.0 / bins
    counted = [0] * bins
    for value in real:
        counted[min(int((value - low) / width), bins - 1)] += 1
    return [low + width * at for at in range(bins + 1)], counted


def _read_csv(path: Path) -> tuple[list[Any], list[list[Any]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise NotFoundError(f"no file {path}") from None
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV file: {error}") from None
    return rows[0] if rows else [], [[parse_scalar(text) for text in row] for row in rows[1:]]


def _from_frame(frame: Any) -> tuple[list[Any], list[list[Any]]]:
    """Return a data frame's columns and rows; a pandas index becomes a column unless it only counts the rows."""
    if not hasattr(frame, "index"):  # polars
        return list(frame.columns), [list(row) for row in frame.rows()]
    parts = frame.to_dict("split")
    columns, rows = list(parts["columns"]), [list(row) for row in parts["data"]]
    if list(parts["index"]) == list(range(len(rows))):
        return columns, rows
    return ["", *columns], [[at, *row] for at, row in zip(parts["index"], rows, strict=True)]


def _from_rows(source: object) -> tuple[list[Any], list[list[Any]]]:
    given: Any = source if isinstance(source, Sequence) else plain(source)
    if not isinstance(given, Sequence) or not given:
        raise UsageError("a table is made of rows")
    if all(isinstance(row, Mapping) for row in given):
        columns = list(dict.fromkeys(key for row in given for key in row))
        return columns, [[row.get(key) for key in columns] for row in given]
    rows = [list(row) if isinstance(row, Sequence) and not isinstance(row, str) else plain(row) for row in given]
    if not all(isinstance(row, list) for row in rows):
        raise UsageError("a table's rows are lists or mappings")
    return cast("list[Any]", rows[0]), cast("list[list[Any]]", rows[1:])
