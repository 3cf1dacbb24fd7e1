"""Converts numeric data to plain lists: NumPy arrays, tensors, pandas and polars by their methods, without imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from math import isfinite
from typing import Any, Final, TypeAlias

from registry_cli.errors import UsageError

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Number: TypeAlias = "int | float | None"
"""None is a gap: NaN or an infinity, which JSON does not have."""

_DEPTH: Final = 32


def plain(value: object, *, depth: int = 0) -> Plain:
    """Return `value` as a JSON value; NaN and infinities become None, values of unknown types become text.

    Raises:
        UsageError: It is nested too deep.
    """
    if depth > _DEPTH:
        raise UsageError(f"a plot's data is nested more than {_DEPTH} deep")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth=depth + 1) for key, item in value.items()}
    for method in ("tolist", "to_list"):
        if callable(convert := getattr(value, method, None)):
            return plain(convert(), depth=depth + 1)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(item, depth=depth + 1) for item in value]
    return str(value)


def numbers(values: object, where: str) -> list[Number]:
    """Return a list of numbers.

    Raises:
        UsageError: The value is no such list.
    """
    found = plain(values)
    if not isinstance(found, list):
        raise UsageError(f"{where} is no list of numbers")
    return [_number(item, where) for item in found]


def matrix(values: object, where: str) -> list[list[Number]]:
    """Return rows of numbers, all equally long.

    Raises:
        UsageError: The value is no such matrix.
    """
    found = plain(values)
    rows = [numbers(row, where) for row in found] if isinstance(found, list) else []
    if not rows or len({len(row) for row in rows}) > 1:
        raise UsageError(f"{where} is no matrix: rows of numbers, all equally long")
    return rows


def labels(values: object, where: str, count: int) -> list[str]:
    """Return `count` labels, or an empty list where `values` is None.

    Raises:
        UsageError: There are fewer or more.
    """
    if values is None:
        return []
    found = plain(values)
    if not isinstance(found, list) or len(found) != count:
        raise UsageError(f"{where} must be {count}, one for each")
    return [str(label) for label in found]


def cell(value: Any) -> Plain:
    """Return one cell of a table; an infinity stays readable as text."""
    if isinstance(value, float) and abs(value) == float("inf"):
        return str(float(value))
    return plain(value)


def _number(value: Plain, where: str) -> Number:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float):
        return value
    raise UsageError(f"{where} holds {value!r:.40}, which is no number")
