"""Prints a comparison of versions: as a table on a terminal, as Markdown, as lines and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.cli.drawing import open_console, shorten_middle
from registry_cli.registry.compare import Compared, Comparison, list_groups
from registry_cli.views.comparison import comparison_table, format_lines, list_cells, name_field
from registry_cli.views.text import escape, format_sealed, format_short, format_size

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.cli.output import Output

About: TypeAlias = tuple[str, list[str]]
"""A fact that identifies compared things and is no difference: its name, and its text for each of them."""

BEST: Final = "★"
NOTHING: Final = "–"
_WIDEST: Final = 34
"""Most terminal columns of a field's name, and of a version; longer text is folded, longer headings are shortened."""
_NARROWEST: Final = 10
_GAP: Final = 2


def print_comparison(output: Output, shown: Comparison, *, markdown: bool = False) -> None:
    """Print a comparison: a table on a terminal, tab-separated lines in a pipe, Markdown, CSV or JSON when asked for.

    In a pipe, designs are shown by their digests; their diffs are printed where nothing else is compared.
    """
    if output.mode == "json":
        output.record(comparison_table(shown))
    elif output.mode == "csv":
        print_cells(output, shown.rows, [version.ref for version in shown.versions])
    elif markdown:
        output.text(format_markdown(shown))
    elif not shown.rows:
        output.note("no differences")
    elif output.drawn:
        for picture in draw_comparison(shown, open_console().width):
            output.draw(picture)
    elif all(row.group == "design" for row in shown.rows):
        output.text("".join(shown.designs))
    else:
        output.text("\n".join(format_lines(shown.rows)))


def print_cells(output: Output, rows: Sequence[Compared], titles: Sequence[str]) -> None:
    """Print a row a field: its name, then its value of each compared thing under the thing's title."""
    columns = ["field", *titles]
    output.rows((dict(zip(columns, cells, strict=True)) for cells in list_cells(rows)), columns, empty="no differences")


def draw_comparison(shown: Comparison, width: int) -> Iterator[RenderableType]:
    """Yield the pictures of a comparison: tables of as many versions as fit side by side, then the designs' diffs."""
    names = {version.name for version in shown.versions}
    name = min(names) if len(names) == 1 else ""
    titles = [f":{version.number}" if name else version.ref for version in shown.versions]
    yield from draw_side_by_side(shown.rows, titles, name, _about(shown.versions), width)
    for diff in shown.designs:
        if diff:
            yield _draw_diff(diff)


def draw_side_by_side(
    rows: Sequence[Compared], titles: Sequence[str], corner: str, about: Sequence[About], width: int
) -> Iterator[RenderableType]:
    """Yield tables of as many compared things as fit side by side; the first thing is in every table.

    Args:
        rows: Compared fields.
        titles: Headings of the things' columns.
        corner: Heading of the column of field names.
        about: Facts that identify the things and are no differences.
        width: Terminal columns.
    """
    from rich.text import Text

    fields = max(len(corner), *(len(row.key) + _GAP for row in rows))
    widths = [_column_width(rows, about, at, title) for at, title in enumerate(titles)]
    for places in _blocks(widths, width - min(fields, _WIDEST) - _GAP):
        yield _draw_block(rows, places, titles, corner, about)
        yield Text()


def format_markdown(shown: Comparison) -> str:
    """Return a comparison as GitHub Markdown: a table, then the designs' diffs."""
    lines = [
        _markdown_row(["", *(_markdown(version.ref) for version in shown.versions)]),
        _markdown_row(["---"] * (1 + len(shown.versions))),
    ]
    for row in shown.rows:
        cells = [_markdown_cell(row, at) for at in range(len(row.values))]
        lines.append(_markdown_row([_markdown(name_field(row)), *cells]))
    for diff in filter(None, shown.designs):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", diff)), default=0))
        lines += ["", f"{fence}diff", diff.rstrip("\n"), fence]
    return "\n".join(lines)


def _draw_block(
    rows: Sequence[Compared], places: Sequence[int], titles: Sequence[str], corner: str, about: Sequence[About]
) -> Table:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    table.add_column(_Heading(corner), overflow="fold", max_width=_WIDEST)
    for at in places:
        table.add_column(_Heading(titles[at]), overflow="fold", max_width=_WIDEST)
    for name, texts in about:
        if any(texts[at] for at in places):
            table.add_row(Text(name, "dim"), *(Text(texts[at], "dim") for at in places))
    present = [row for row in rows if any(row.values[at] is not None for at in places)]
    for group, below in list_groups(present).items():
        table.add_row()
        if group != "design":
            table.add_row(Text(group, "bold"))
        for row in below:
            label = Text(group, "bold") if group == "design" else Padding(Text(escape(row.key)), (0, 0, 0, 2))
            table.add_row(label, *(_cell(row, at) for at in places))
    return table


class _Heading:
    """The heading of a column: a name, shortened in the middle where the column is narrower."""

    def __init__(self, name: str) -> None:
        self._name = escape(name)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.cells import cell_len
        from rich.measure import Measurement

        wide = min(cell_len(self._name), options.max_width)
        return Measurement(min(wide, _NARROWEST), wide)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield Text(shorten_middle(self._name, options.max_width))


def _about(versions: Sequence[VersionRow]) -> list[About]:
    """Return the facts that identify the versions and are no differences."""
    return [
        ("created", [format_short(one.created) for one in versions]),
        ("author", [escape(one.author) for one in versions]),
        ("aliases", [escape(", ".join(one.aliases)) for one in versions]),
        ("comment", [escape(one.comment or "") for one in versions]),
    ]


def _cell(row: Compared, at: int) -> Text:
    from rich.text import Text

    if row.same or row.values[at] is None:
        cell = Text(_value(row, at), "dim")
    else:
        best = at in row.best
        cell = Text().append(_value(row, at), "bold green" if best else "")
        if _delta(row, at):
            cell.append(f" {_delta(row, at)}", "cyan" if row.group == "metrics" else "dim")
        if best:
            cell.append(f" {BEST}", "bold green")
    if at in row.sealed:
        cell.append(f" {format_sealed(row.sealed[at])}")
    return cell


def _column_width(rows: Sequence[Compared], about: Sequence[About], at: int, title: str) -> int:
    from rich.cells import cell_len

    texts = [title, *(shown[at] for _, shown in about), *(_cell(row, at).plain for row in rows)]
    return max(_NARROWEST, min(_WIDEST, max(map(cell_len, texts))))


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the positions of the versions in each table; the first one, which all are measured against, is in each."""
    block = [0]
    for at in range(1, len(widths)):
        used = sum(widths[one] + _GAP for one in block)
        if len(block) > 1 and used + widths[at] > room:
            yield block
            block = [0]
        block.append(at)
    yield block


def _draw_diff(diff: str) -> Text:
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    text = Text()
    for line in diff.splitlines():
        heading = line.startswith(("+++", "---"))
        text.append(escape(line) + "\n", "bold" if heading else styles.get(line[:1], ""))
    return text


def _value(row: Compared, at: int) -> str:
    value = row.values[at]
    if value is None:
        return NOTHING
    if isinstance(value, Mapping) and "size" in value:
        size = value.get("size")
        digest = str(value.get("sha256") or value.get("url"))
        return f"{format_size(size) if isinstance(size, int) else '?'} {escape(digest[:8])}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_short(value, row.key if row.group == "fields" else "") or NOTHING


def _delta(row: Compared, at: int) -> str:
    delta = row.deltas[at] if at and row.deltas else None
    if not delta:
        return ""
    if row.group == "fields" and row.key == "size":
        return f"{'+' if delta > 0 else '-'}{format_size(int(abs(delta)))}"
    return f"{delta:+.4g}"


def _markdown_cell(row: Compared, at: int) -> str:
    value, delta = _markdown(_value(row, at)), _markdown(_delta(row, at))
    sealed = f" {_markdown(format_sealed(row.sealed[at]))}" if at in row.sealed else ""
    return (f"**{value}**" if at in row.best else value) + (f" ({delta})" if delta else "") + sealed


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    """Return `text` so that Markdown shows it unchanged inside a table (https://github.github.com/gfm/#tables)."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", escape(text))
