"""Prints a model's history: on a terminal a sparkline of one metric, then what each entry did, and why."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from registry_cli.cli.drawing import open_console
from registry_cli.registry.compare import prefers_small
from registry_cli.views.text import escape, format_short
from registry_cli.views.versions import view_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from registry_cli.cli.output import Output
    from registry_cli.registry.history import DescribedChange, History, Series

COLUMNS: Final = ("time", "author", "ref", "what", "message")
_BARS: Final = "▁▂▃▄▅▆▇█"
_GAP: Final = "·"
_NO_CHANGES: Final = "no changes"


def print_history(output: Output, history: History) -> None:
    """Print a history: pictures on a terminal, a row a change elsewhere."""
    if output.drawn and not output.columns:
        for picture in draw_history(history, open_console().width):
            output.draw(picture)
        if not history.changes:
            output.note(_NO_CHANGES)
    else:
        output.rows(map(view_change, history.changes), COLUMNS, id_key="event", empty=_NO_CHANGES)


def draw_history(history: History, width: int) -> Iterator[RenderableType]:
    """Yield the pictures of a history."""
    from rich.text import Text

    if history.series is not None:
        yield _draw_series(history.name, history.series, width)
        yield Text()
    if history.changes:
        yield _draw_changes(history.changes)


def format_sparkline(values: Sequence[float | None], width: int) -> str:
    """Return values as bars, `·` for a missing one; more values than `width` are averaged in groups."""
    if len(values) > width:
        cuts = [len(values) * at // width for at in range(width + 1)]
        values = [_mean(values[start:end]) for start, end in pairwise(cuts)]
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return "".join(_GAP if value is None else _bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    if low == high:
        return _BARS[len(_BARS) // 2]
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: the span of two floats may be beyond a float
    return _BARS[round(share * (len(_BARS) - 1))]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(value / len(known) for value in known) if known else None


def _draw_series(name: str, series: Series, width: int) -> Text:
    from rich.text import Text

    known = [(value, number) for number, value in series.points if value is not None]
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{escape(name)}  ", "bold").append(f"{escape(series.metric)}  ", "dim")
    if not known:
        return text.append("no finite value", "dim")
    small = prefers_small(series.metric)
    best = min(known) if small else max(known, key=lambda pair: (pair[0], -pair[1]))
    span = f"  {known[0][0]:.4g} → {known[-1][0]:.4g}, best {best[0]:.4g} at :{best[1]}"
    room = max(8, width - len(text.plain) - len(span))
    return text.append(format_sparkline([value for _, value in series.points], room), "cyan").append(span)


def _draw_changes(changes: Sequence[DescribedChange]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("when", "who", "version"):
        table.add_column(title, no_wrap=True, max_width=20, overflow="ellipsis")
    table.add_column("what", overflow="fold")
    for _, same in groupby(changes, key=lambda change: (change.row.entry, change.row.version)):
        steps = list(same)
        row = steps[0].row
        what = Text("\n".join(escape(step.what) for step in steps))
        if row.message:
            what.append(f"\n{escape(row.message)}", "italic dim")
        number = f":{row.ref.rpartition(':')[2]}" if row.version and row.ref else ""
        table.add_row(Text(format_short(row.time), "dim"), Text(escape(row.author)), Text(number, "bold"), what)
    return table
