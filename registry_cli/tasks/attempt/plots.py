"""Tables and plots as plain data: one JSON document each, which the program that shows it draws.

Knows no drawing library. Numbers that JSON does not have (NaN, infinities) are gaps, `null`; in a table infinities are
text.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Final, Literal, get_args

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import CorruptError, UsageError
from registry_cli.records.task import PLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping

PlotKind = Literal["table", "histogram", "line", "scatter", "confusion_matrix", "matrix", "surface", "vector"]
KINDS: Final[tuple[PlotKind, ...]] = get_args(PlotKind)
_SCHEMA: Final = 1
_UNFIT: Final = re.compile(r"[^\w.-]+")
_LONGEST_SEGMENT: Final = 60


@dataclass(frozen=True, slots=True)
class Plot:
    """A table or plot.

    Attributes:
        title: Subject of the plot; with `series` and `step` it names the plot within its task or model.
        series: Name that distinguishes plots with the same title; may be empty.
        data: The numbers, by kind: `columns` and `rows` of a table; `counts` (one list a series), `edges` or `labels`
            of a histogram; `lines` of `name`, `x`, `y`; `groups` of `name`, `points`, `labels` of a scatter; `values`
            and `labels` of a vector; else `rows`, `xlabels` and `ylabels`.
        axes: Titles of `x`, `y` and `z`.
        layout: Layout options of the author, stored unchanged.
    """

    kind: PlotKind
    title: str
    data: Mapping[str, object]
    series: str = ""
    step: int | None = None
    axes: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, object] = field(default_factory=dict)


def dump_plot(plot: Plot) -> bytes:
    """Return a plot as canonical JSON: the same plot gives the same bytes.

    Raises:
        UsageError: It holds values that JSON does not have; the builders never make such.
    """
    table = {
        "schema": _SCHEMA,
        "kind": plot.kind,
        "title": plot.title,
        "series": plot.series,
        "step": plot.step,
        "data": plot.data,
        "axes": plot.axes,
        "layout": plot.layout,
    }
    try:
        text = json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
        return text.encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the plot {plot.title!r:.60} cannot be kept: {error}") from None


def load_plot(data: bytes) -> Plot:
    """Return the plot of a document.

    Raises:
        CorruptError: The document is not a plot.
    """
    try:
        table = json.loads(data)
        fields = [table[key] for key in ("kind", "title", "data", "series", "step", "axes", "layout")]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CorruptError(f"{data[:40]!r} is not a plot") from None
    kind, title, _, series, step, _, _ = fields
    texts = isinstance(title, str) and isinstance(series, str)
    tables = all(isinstance(fields[at], dict) for at in (2, 5, 6))
    if kind not in KINDS or not texts or not tables or not (step is None or isinstance(step, int)):
        raise CorruptError(f"{data[:40]!r} is not a plot that this program knows")
    return Plot(*fields)


def plot_path(title: str, series: str = "", step: int | None = None) -> str:
    """Return the path of a plot among a task's files: legal, below `PLOTS`, and different for each plot."""
    name = "plot" if step is None else str(step)
    return f"{PLOTS}{path_segment(title)}/{path_segment(series)}/{name}.json"


def path_segment(text: str) -> str:
    """Return `text` if any file system can hold it, else its legal characters and part of its SHA-256."""
    if not text:
        return "_"
    folded = unicodedata.normalize("NFC", text.casefold())
    kept = _UNFIT.sub("-", folded)[:_LONGEST_SEGMENT].strip("-._")
    if kept == text:
        return kept
    mark = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{kept}-{mark}" if kept else mark
