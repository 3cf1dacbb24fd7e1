"""Parses the numbers in files of training programs as rows of one step each: JSON, JSON lines, TOML, CSV and TSV.

YAML is not read, as no dependency of ours reads it. JSON: RFC 8259, with the `NaN` and `Infinity` that Python writes;
CSV: RFC 4180, without line feeds inside a cell; TOML 1.0.

Where a comma does not separate the cells, as in the tables of many European programs, it may be the decimal point.

Numbers are floats: integers are exact up to 2**53, longer ones lose digits, those beyond the range of a float are
skipped. A key that is empty or not printable is skipped.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.errors import UsageError
from registry_cli.records.toml import load_table
from registry_cli.tasks.attempt.points import INT64

if TYPE_CHECKING:
    from collections.abc import Iterator

Row: TypeAlias = tuple[int | None, dict[str, float]]
"""A step, or None if there is none, and the values of the scalars at it."""

STEPS: Final = ("step", "global_step", "iteration", "epoch")
"""Keys and columns that hold the step, the finest first: if there are two, the other is a number like any other."""
TABLES: Final = (".csv", ".tsv", ".jsonl", ".ndjson")
"""Files read line by line as they grow."""
WHOLE: Final = (".json", ".toml")
_DECIMAL_COMMA: Final = re.compile(
    r"(?P<whole>[-+]?(?:\d{1,3}(?:\.\d{3})+|\d*)),(?P<rest>\d+(?:e[-+]?\d+)?)", re.IGNORECASE
)
"""A number such as `0,25` or `1.234,5`."""
_QUOTED: Final = re.compile(r'"[^"]*"')
_NO_SCALAR: Final = frozenset({"timestamp", ""})


def parse_whole(data: bytes, suffix: str, where: str) -> list[Row]:
    """Return the rows of a JSON or TOML file: one for an object, else one per item.

    Items without a step are numbered from 0. A file of JSON lines may have the suffix `.json`.

    Raises:
        CorruptError: The file is not TOML.
        ValueError: The file is not JSON, perhaps because it is being written.
    """
    if suffix == ".toml":
        return [_from_object(load_table(data, where), None)]
    try:
        loaded = json.loads(data)
    except ValueError:
        lines = LineReader(".jsonl")
        first, _, rest = data.lstrip().partition(b"\n")
        if not rest or not isinstance(json.loads(first), dict):
            raise
        return [row for line in (first, *rest.split(b"\n")) if (row := lines.read(line))]
    if isinstance(loaded, dict):
        return [_from_object(loaded, None)]
    if isinstance(loaded, list):
        return [_from_object(item, at) for at, item in enumerate(loaded) if isinstance(item, dict)]
    raise UsageError(f"{where} holds neither an object nor a list of them")


class LineReader:
    """Reads a table or JSON lines, line after line."""

    def __init__(self, suffix: str) -> None:
        self._json = suffix in {".jsonl", ".ndjson"}
        self._delimiter = "\t" if suffix == ".tsv" else ""
        self._header: list[str] = []
        self._step: int | None = None
        self._count = 0

    def read(self, line: bytes) -> Row | None:
        """Return a line's row; None for a header, an empty line and a line that cannot be parsed."""
        try:
            text = line.decode("utf-8-sig").strip("\r\n")
            if not text.strip():
                return None
            return self._read_object(text) if self._json else self._read_cells(text)
        except (ValueError, RecursionError, csv.Error):
            return None

    def _read_object(self, text: str) -> Row | None:
        loaded = json.loads(text)
        if not isinstance(loaded, dict):
            return None
        self._count += 1
        return _from_object(loaded, self._count - 1)

    def _read_cells(self, text: str) -> Row | None:
        if not self._header:
            self._delimiter = self._delimiter or max(";", ",", "\t", key=_QUOTED.sub("", text).count)
            self._header = [name.strip() for name in _split(text, self._delimiter)]
            self._step = _find_step(self._header)
            return None
        self._count += 1
        cells = _split(text, self._delimiter)
        step: int | None = self._count - 1
        if self._step is not None:
            step = _to_step(self._to_number(cells[self._step])) if self._step < len(cells) else None
        values = {
            name: number
            for at, (name, cell) in enumerate(zip(self._header, cells, strict=False))
            if at != self._step and _is_name(name) and (number := self._to_number(cell)) is not None
        }
        return step, values

    def _to_number(self, text: str) -> float | None:
        if self._delimiter != "," and (found := _DECIMAL_COMMA.fullmatch(text.strip())):
            text = found["whole"].replace(".", "") + "." + found["rest"]
        try:
            return float(text)
        except ValueError:
            return None


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter))


def _find_step(names: list[str]) -> int | None:
    folded = [name.casefold() for name in names]
    return next((folded.index(step) for step in STEPS if step in folded), None)


def _from_object(table: Mapping[str, object], at: int | None) -> Row:
    """Return an object's numbers; its step is `at` if it has none."""
    names = list(table)
    place = _find_step(names)
    step = None if place is None else _to_step(table[names[place]])
    if place is None or step is None:
        return at, dict(_iter_numbers(table, ""))
    return step, dict(_iter_numbers({name: table[name] for name in names if name != names[place]}, ""))


def _iter_numbers(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _iter_numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool) and _is_name(prefix + key):
            try:
                yield prefix + key, float(value)
            except OverflowError:  # an integer of hundreds of digits
                continue


def _to_step(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if -INT64 <= value < INT64 else None


def _is_name(name: str) -> bool:
    return name not in _NO_SCALAR and name.isprintable()
