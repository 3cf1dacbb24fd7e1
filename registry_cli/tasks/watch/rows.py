"""Parses the numbers in files of training programs as rows of one step each: JSON, JSON lines, TOML, CSV and TSV.

YAML is not read, as no dependency of ours reads it. JSON: RFC 8259, with the `NaN` and `Infinity` that Python writes;
CSV: RFC 4180, without line feeds inside a cell; TOML 1.0.

Cells are separated by `;`, `,`, a tab or `|`. A comma inside a cell is the decimal point, as in the tables of many
European programs; where commas separate the cells, one that may mark thousands is doubtful.

Numbers are floats: integers are exact up to 2**53, longer ones lose digits, those beyond the range of a float are
skipped. A key that is empty or not printable is skipped. What is doubtful goes to the file's `Doubts`.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from registry_cli.errors import UsageError
from registry_cli.records.toml import load_table
from registry_cli.tasks.attempt.points import INT64
from registry_cli.tasks.watch.doubts import BEYOND, COMMA, REPEATED, Doubts

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
_THOUSANDS: Final = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
"""A number such as `1,234`, whose comma may mark thousands."""
_QUOTED: Final = re.compile(r'"[^"]*"')
_NO_SCALAR: Final = frozenset({"timestamp", ""})


class _Beyond(float):
    """Infinity that stands for a number beyond the range of a float."""


class _Repeating(dict[str, object]):
    """An object of JSON that has a key more than once; `repeated` are those keys."""

    repeated: frozenset[str] = frozenset()


def parse_whole(data: bytes, suffix: str, where: str, doubts: Doubts) -> list[Row]:
    """Return the rows of a JSON or TOML file: one for an object, else one per item.

    Items without a step are numbered from 0. A file of JSON lines may have the suffix `.json`.

    Raises:
        CorruptError: The file is not TOML.
        ValueError: The file is not JSON, perhaps because it is being written.
    """
    if suffix == ".toml":
        return [_from_object(load_table(data, where, _parse_float), None, doubts)]
    try:
        loaded = _JSON.decode(data.decode(json.detect_encoding(data), "surrogatepass"))
    except ValueError:
        lines = LineReader(".jsonl", doubts)
        first, _, rest = data.lstrip().partition(b"\n")
        if not rest or not isinstance(json.loads(first), dict):
            raise
        return [row for line in (first, *rest.split(b"\n")) if (row := lines.read(line))]
    if isinstance(loaded, dict):
        return [_from_object(loaded, None, doubts)]
    if isinstance(loaded, list):
        return [_from_object(item, at, doubts) for at, item in enumerate(loaded) if isinstance(item, dict)]
    raise UsageError(f"{where} holds neither an object nor a list of them")


class LineReader:
    """Reads a table or JSON lines, line after line.

    Args:
        suffix: The file's suffix.
        doubts: Collects what is doubtful.
    """

    def __init__(self, suffix: str, doubts: Doubts) -> None:
        self._doubts = doubts
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
        loaded = _JSON.decode(text)
        if not isinstance(loaded, dict):
            return None
        self._count += 1
        return _from_object(loaded, self._count - 1, self._doubts)

    def _read_cells(self, text: str) -> Row | None:
        if not self._header:
            self._delimiter = self._delimiter or _find_delimiter(text)
            self._header = [name.strip() for name in _split(text, self._delimiter)]
            self._step = _find_step(self._header)
            return None
        self._count += 1
        cells = _split(text, self._delimiter)
        step: int | None = self._count - 1
        if self._step is not None:
            step = _to_step(self._to_number(cells[self._step], "")) if self._step < len(cells) else None
        values: dict[str, float] = {}
        for at, (name, cell) in enumerate(zip(self._header, cells, strict=False)):
            if at != self._step and _is_name(name) and (number := self._to_number(cell, name)) is not None:
                if name in values:
                    self._doubts.add(REPEATED, name)
                values[name] = number
        return step, values

    def _to_number(self, text: str, name: str) -> float | None:
        bare = text.strip()
        if self._delimiter == "," and _THOUSANDS.fullmatch(bare):
            self._doubts.add(COMMA, name)
            return None
        if found := _DECIMAL_COMMA.fullmatch(bare):
            bare = found["whole"].replace(".", "") + "." + found["rest"]
        try:
            number = _parse_float(bare)
        except ValueError:
            return None
        if isinstance(number, _Beyond):
            self._doubts.add(BEYOND, name)
            return None
        return number


def _find_delimiter(header: str) -> str:
    bare = _QUOTED.sub("", header)
    found = max(";", ",", "\t", key=bare.count)
    return found if found in bare or "|" not in bare else "|"


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) == len(pairs):
        return table
    counts = Counter(name for name, _ in pairs)
    repeating = _Repeating(table)
    repeating.repeated = frozenset(name for name, count in counts.items() if count > 1)
    return repeating


def _parse_float(text: str) -> float:
    number = float(text)
    return _Beyond(number) if math.isinf(number) and text[-1].isdigit() else number


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter))


def _find_step(names: list[str]) -> int | None:
    folded = [name.casefold() for name in names]
    return next((folded.index(step) for step in STEPS if step in folded), None)


def _from_object(table: Mapping[str, object], at: int | None, doubts: Doubts) -> Row:
    """Return an object's numbers; its step is `at` if it has none."""
    names = list(table)
    place = _find_step(names)
    step = None if place is None else _to_step(table[names[place]])
    values: dict[str, float] = {}
    for name, number in _iter_numbers(table, "", doubts):
        if place is None or step is None or name != names[place]:
            if name in values:
                doubts.add(REPEATED, name)
            values[name] = number
    return (at if step is None else step), values


def _iter_numbers(table: Mapping[str, object], prefix: str, doubts: Doubts) -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        name = prefix + key
        if isinstance(table, _Repeating) and key in table.repeated:
            doubts.add(REPEATED, name)
        if isinstance(value, Mapping):
            yield from _iter_numbers(value, f"{name}.", doubts)
        elif isinstance(value, int | float) and not isinstance(value, bool) and _is_name(name):
            try:
                number = float(value) if not isinstance(value, _Beyond) else None
            except OverflowError:  # an integer of hundreds of digits
                number = None
            if number is None:
                doubts.add(BEYOND, name)
            else:
                yield name, number


def _to_step(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if -INT64 <= value < INT64 else None


def _is_name(name: str) -> bool:
    return name not in _NO_SCALAR and name.isprintable()


_JSON: Final = json.JSONDecoder(object_pairs_hook=_make_object, parse_float=_parse_float)
