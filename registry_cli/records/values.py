"""The values that records may hold in their free tables, and the one parser of `key=value` arguments.

Allowed: text, 64-bit integers, floats (NaN and infinities included), booleans, UTC times, lists and tables of these.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from registry_cli.errors import UsageError

Scalar: TypeAlias = str | int | float | bool | datetime
Value: TypeAlias = "Scalar | Sequence[Value] | Mapping[str, Value]"

_INT64 = 1 << 63
_DEPTH = 32
"""Deepest nesting of lists and tables; readers of TOML refuse deeper nesting."""


def check_value(value: object, where: str, *, depth: int = 0) -> Value:
    """Return `value` if a record can store it and return it unchanged.

    Args:
        value: The value as given; None is refused (an absent value has no key).
        where: Name of the place, for the message.
        depth: Number of lists and tables around it.

    Raises:
        UsageError: It has a type that TOML lacks, is an integer beyond 64 bits, or is nested too deep.
    """
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return float(value)  # a subclass, such as NumPy's, may print differently
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise UsageError(f"{where} is {value}: integers beyond 64 bits are stored as text only")
        return int(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"{where} is a time without a zone: give it in UTC")
        return value.astimezone(UTC)
    if depth > _DEPTH:
        raise UsageError(f"{where[:60]} is nested more than {_DEPTH} deep: keep it in a file of the version")
    if isinstance(value, Mapping):
        return {_check_key(key, where): check_value(item, f"{where}.{key}", depth=depth + 1)
                for key, item in value.items()}  # fmt: skip
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [check_value(item, f"{where}[{at}]", depth=depth + 1) for at, item in enumerate(value)]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:  # a NumPy or torch scalar
        return check_value(value.item(), where)
    raise UsageError(f"{where} is a {type(value).__name__}, which a record cannot hold: give text or a number")


def check_number(value: object, where: str) -> int | float:
    """Return `value` as a metric: a number, NaN and infinities included.

    Raises:
        UsageError: It is not a number.
    """
    checked = check_value(value, where)
    if isinstance(checked, bool) or not isinstance(checked, int | float):
        raise UsageError(f"{where} is {checked!r}, a metric is a number")
    return checked


def parse_scalar(text: str) -> Scalar:
    """Return a number where it prints back the same, `true` and `false` as booleans, else the text itself.

    So `1.10` and `007` stay text, and nothing that a user typed is lost.
    """
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if repr(number) == text and (not isinstance(number, int) or -_INT64 <= number < _INT64):
            return number
    return text


def parse_metric(text: str, where: str) -> int | float:
    """Return `text` as a number; unlike in metadata, `1.10`, `1e-3`, `nan` and `inf` are numbers here.

    Raises:
        UsageError: It is not a number, or one that is too large for a float.
    """
    try:
        return check_number(int(text) if text.lstrip("+-").isdecimal() else _parse_float(text, where), where)
    except ValueError:
        raise UsageError(f"{where} is {text!r}, a metric is a number") from None


def _parse_float(text: str, where: str) -> float:
    number = float(text)
    if math.isinf(number) and any(map(str.isdecimal, text)):
        raise UsageError(f"{where} is {text[:60]}: the largest number is about 1.8e308, and infinity is written inf")
    return number


def parse_pair(word: str, *, option: str) -> tuple[str, Value | None]:
    """Split `key=value` or `key:=JSON`; None stands for JSON's null.

    Raises:
        UsageError: There is no `=`, the key is empty, the JSON cannot be parsed, or a number in it is too large.
    """
    key, sign, text = word.partition("=")
    if not sign:
        raise UsageError(
            f"{option} {word!r} has no value: write {option} KEY=VALUE, and quote it where it holds > or <, which a "
            "shell takes as a file"
        )
    forced = key.endswith(":")
    key = key.removesuffix(":").strip()
    if not key:
        raise UsageError(f"{option} {word!r} has no key: write {option} KEY=VALUE")
    if not forced:
        return key, parse_scalar(text)
    try:
        value = json.loads(text, parse_float=partial(_parse_float, where=key))
    except (ValueError, RecursionError) as error:
        raise UsageError(f'{option} {key}: {error}; after `:=` comes JSON, such as [1,2] or "1.10"') from error
    return key, None if value is None else check_value(value, key)


def flatten(table: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """Return nested tables as one flat table, with keys joined by dots; lists stay whole."""
    flat: dict[str, Value] = {}
    for key, value in table.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat


def format_list(value: Sequence[Value] | Mapping[str, Value]) -> str:
    """Return a list as the JSON text that queries search."""
    return json.dumps(value, ensure_ascii=False, default=str)


def escape_text(text: str) -> str:
    r"""Return text from a command line or a path in which each byte that is no UTF-8 is escaped, such as `\xff`."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def format_time(value: datetime) -> str:
    """Return a time in UTC as ISO 8601 text, `2026-01-01T00:00:00Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check_key(key: object, where: str) -> str:
    if not isinstance(key, str) or not key or not key.isprintable():
        raise UsageError(f"{where} has the key {key!r}; keys are printable text")
    return key
