"""The one place that prints: results on standard output, everything else on standard error.

A command passes plain mappings, made by `views/`, and does not know which form the user wants. Rich is imported only
to draw on a terminal. Text that others wrote is made harmless here, unless the user wants it raw: control characters
everywhere, formulas in CSV, and on a terminal every sequence that it would obey.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Literal

from registry_cli import env
from registry_cli.cli.options import Forms, split_list
from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.views.text import (
    dump_json,
    escape,
    escape_breaks,
    escape_but_bytes,
    escape_command,
    format_exact,
    guard_formula,
    lookup,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

Mode = Literal["table", "text", "json", "csv", "tsv", "ids"]
"""`table` on a terminal, `text` (tab-separated, no header) in a pipe; the others when asked for."""
Row = Mapping[str, object]
Near = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Output:
    """Prints records in one form.

    Attributes:
        columns: Columns that the user chose, in order; empty where the command chooses.
        limit: Most rows that the user wants, or None; the absence of rows means nothing where that is 0.
        raw: True where text is printed as it is stored; tabs and line breaks in tab-separated cells stay escaped.
    """

    mode: Mode
    columns: tuple[str, ...] = ()
    raw: bool = False
    limit: int | None = None

    @property
    def drawn(self) -> bool:
        """True where a person reads the output on a terminal, so that pictures may be drawn."""
        return self.mode == "table"

    @property
    def quiet(self) -> bool:
        """True where `-q` asks for ids only, and no notes."""
        return self.mode == "ids"

    @property
    def can_ask(self) -> bool:
        """True where a person can answer a question."""
        return sys.stdin.isatty() and sys.stderr.isatty() and env.read(env.CI) is None

    def prints_only(self, key: str) -> bool:
        """Return whether only the `key` of each row is printed, as with `-q`, so that no more need be read."""
        return self.columns == (key,) or (self.mode == "ids" and not self.columns)

    def rows(
        self,
        rows: Iterable[Row],
        columns: Sequence[str],
        *,
        id_key: str = "id",
        empty: str = "nothing found",
        near: Near | None = None,
    ) -> None:
        """Print a list: a table, lines, a JSON array, CSV or ids.

        Args:
            rows: One mapping a row, all with the same keys.
            columns: Dotted paths shown unless the user chose others.
            id_key: Key of the value that `-q` prints.
            empty: Note where there are no rows; none if it is empty.
            near: Returns columns of other rows that are near to a word, for the message on one that the first lacks.

        Raises:
            UsageError: The user chose a column that rows do not have.
        """
        iterator = iter(rows)
        first = next(iterator, None)
        if first is None:
            if empty and self.limit != 0:
                self.note(empty)
            found: Iterable[Row] = ()
        else:
            self._check_columns(first, near)
            found = chain([first], iterator)
        if self.mode == "json":
            self._json_array(found)
        elif self.mode != "table":
            self._lines(found, self.columns or columns, id_key)
        elif first is not None:
            from registry_cli.cli.drawing import draw_rows

            draw_rows(list(found), self.columns or columns, fixed=bool(self.columns))

    def stream(self, rows: Iterable[Row], columns: Sequence[str], *, id_key: str = "id") -> None:
        """Print rows as they come, each at once: lines, or one JSON object a line."""
        for row in rows:
            if self.mode == "json":
                sys.stdout.write(dump_json(self._chosen(row)) + "\n")
            else:
                self._lines([row], self.columns or columns, id_key)
            sys.stdout.flush()

    def record(self, record: Row, *, id_key: str = "id") -> None:
        """Print one thing: its fields line by line, a JSON object, one CSV row, or its id; raise as `rows` does."""
        self._check_columns(record)
        if self.mode in {"table", "text"}:
            fields = {path: lookup(record, path) for path in self.columns} or record
            pairs = [(escape(key), self._cell(value)) for key, value in _flat(fields)]
            width = max((len(key) for key, _ in pairs), default=0)
            for key, value in pairs:
                sys.stdout.write(f"{key:<{width}}  {value}\n" if self.drawn else f"{key}\t{value}\n")
        elif self.mode == "json":
            sys.stdout.write(self._json(self._chosen(record)) + "\n")
        else:
            self._lines([record], self.columns or tuple(record), id_key)

    def results(self, rows: Sequence[Row]) -> None:
        """Print the things that a verb made or changed, `name:number<TAB>id` a line; `-q` prints the ids.

        Args:
            rows: Versions, or mappings with `ref` and `id`.
        """
        if self.mode == "json":
            self._json_array(rows)
            return
        refs = [escape(str(row.get("ref") or f"{row['name']}:{row['number']}")) for row in rows]
        width = max(map(len, refs), default=0)
        for ref, row in zip(refs, rows, strict=True):
            made = str(row["id"])
            lines = {"ids": made, "table": f"{ref:<{width}}  {made[:12]}"}
            sys.stdout.write(lines.get(self.mode, f"{ref}\t{made}") + "\n")

    def values(self, rows: Sequence[Row], key: str) -> None:
        """Print one value per row and nothing else, ready for `$(…)`: paths keep their bytes; JSON prints the rows."""
        if self.mode == "json":
            self._json_array(rows)
        else:
            shown = escape_breaks if self.raw else escape if self.drawn else escape_but_bytes
            sys.stdout.writelines(f"{format_exact(row[key], shown)}\n" for row in rows)

    def data(self, pieces: Iterable[bytes]) -> None:
        """Print bytes piece by piece: exactly as they are, but on a terminal only what is safe for it."""
        if self._tames:
            from registry_cli.cli.terminal import tame

            for text in tame(pieces):
                sys.stdout.write(text)
                sys.stdout.flush()
            return
        for piece in pieces:
            self.pass_on(piece)

    def pass_on(self, piece: bytes) -> None:
        """Print bytes of a command that runs now on the user's behalf, exactly as they are."""
        sys.stdout.flush()
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    def text(self, text: str) -> None:
        """Print text, ended by one line break: as it is, but on a terminal only what is safe for it."""
        if self._tames:
            from registry_cli.cli.terminal import tame_text

            text = tame_text(text)
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def draw(self, picture: RenderableType) -> None:
        """Print a Rich picture, plain in a pipe."""
        from registry_cli.cli.drawing import open_console

        open_console().print(picture)

    def note(self, text: str) -> None:
        """Write a note on what was done or found to standard error; nothing with `-q`."""
        if not self.quiet:
            sys.stderr.write(escape(text) + "\n")

    def warn(self, text: str) -> None:
        """Write a warning about something that the user may not want."""
        _write_labelled("warning", text, "33")

    def hint(self, text: str) -> None:
        """Write a command to try next; nothing with `-q`."""
        if not self.quiet:
            _write_labelled("hint", text, "36")

    @property
    def _tames(self) -> bool:
        return not self.raw and sys.stdout.isatty()

    def _cell(self, value: object) -> str:
        return format_exact(value, escape_breaks if self.raw else escape)

    def _check_columns(self, row: Row, near: Near | None = None) -> None:
        """Check that a row has the columns that the user chose."""
        for path in self.columns:
            if path not in row and path.partition(".")[0] not in row:
                raise UsageError(f"no column `{path}`{_name_columns(path, row, near)}")

    def _chosen(self, row: Row) -> Row:
        return {path: lookup(row, path) for path in self.columns} if self.columns else row

    def _json(self, value: object) -> str:
        return dump_json(value, indent=2 if sys.stdout.isatty() else None)

    def _json_array(self, rows: Iterable[Row]) -> None:
        separator = "["
        for row in rows:
            sys.stdout.write(f"{separator}\n{self._json(self._chosen(row))}")
            separator = ","
        sys.stdout.write("[]\n" if separator == "[" else "\n]\n")

    def _lines(self, rows: Iterable[Row], columns: Sequence[str], id_key: str) -> None:
        if self.mode == "ids":
            sys.stdout.writelines(f"{self._cell(lookup(row, id_key))}\n" for row in rows)
        elif self.mode == "csv":
            import csv

            cells = ([self._csv_cell(lookup(row, path)) for path in columns] for row in rows)
            header = [self._csv_cell(path) for path in columns]
            csv.writer(sys.stdout, lineterminator="\n").writerows(chain([header], cells))
        else:
            lines = ([self._cell(lookup(row, path)) for path in columns] for row in rows)
            headings = [[self._cell(path) for path in columns]] if self.mode == "tsv" else []
            sys.stdout.writelines("\t".join(line) + "\n" for line in chain(headings, lines))

    def _csv_cell(self, value: object) -> str:
        return format_exact(value, str) if self.raw else guard_formula(format_exact(value))


def open_output(forms: Forms, *, raw: bool = False) -> Output:
    """Return the sink that the options ask for; raw output is printed as in a pipe, not drawn.

    Raises:
        UsageError: They ask for two forms at once.
    """
    asked: dict[Mode, bool] = {"json": forms.as_json, "csv": forms.as_csv, "tsv": forms.as_tsv, "ids": forms.quiet}
    modes = [mode for mode, wanted in asked.items() if wanted]
    if len(modes) > 1:
        raise UsageError("--json, --csv, --tsv and --quiet exclude each other: give one of them")
    mode: Mode = modes[0] if modes else ("table" if sys.stdout.isatty() and not raw else "text")
    return Output(mode, split_list(forms.columns), raw, forms.limit)


def write_error(kind: str, message: str, *, hint: str | None, as_json: bool) -> None:
    """Write the error of a command to standard error: two lines for people, one JSON object for programs."""
    hint = escape_command(hint) if hint else None
    if as_json:
        sys.stderr.write(dump_json({"error": {"kind": kind, "message": message, "hint": hint}}) + "\n")
        return
    _write_labelled("error", message, "1;31")
    if hint:
        _write_labelled("hint", hint, "36")


def _write_labelled(label: str, text: str, colour: str) -> None:
    shown = f"\x1b[{colour}m{label}:\x1b[0m" if _coloured() else f"{label}:"
    lines = "\n".join(map(escape, text.split("\n")))
    sys.stderr.write(f"{shown} {lines}\n")


def _coloured() -> bool:
    if env.read(env.NO_COLOR):
        return False
    return sys.stderr.isatty() or env.read(env.FORCE_COLOR) is not None


def _name_columns(path: str, row: Row, near: Near | None) -> str:
    """Return the columns that are near to one that a row lacks, or where none is, all that it has."""
    from registry_cli.near import MOST, cut_field, did_you_mean, list_near  # only a mistake needs it

    listed = [f"{key}.{inner}" for key, value in row.items() if isinstance(value, (list, tuple))
              for item in value[:1] if isinstance(item, Mapping) for inner in item]  # fmt: skip
    own = list_near(path, [*row, *(name for name, _ in _flat(row)), *listed], cut_field)
    found = dict.fromkeys([*own, *(near(path) if near else [])])
    return (
        did_you_mean([f"`{name}`" for name in list(found)[:MOST]])
        or f": columns are {', '.join(row)}, and fields such as a.b"
    )


def _flat(fields: Row, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value not in (None, [], ()):
            yield prefix + key, value
