"""The right-hand side of a comparison: numbers, sizes, times, booleans and text, parsed by the type of the field."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.query.ast import Literals, Time
from registry_cli.catalog.query.subject import VERSIONS, Subject
from registry_cli.errors import UsageError
from registry_cli.ids import is_hex

if TYPE_CHECKING:
    from registry_cli.catalog.query.fields import Field, Kind

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf", re.ASCII)
_SIZE: Final = re.compile(r"(\d+\.?\d*|\.\d+)([kmgt]i?)?b", re.ASCII | re.IGNORECASE)
_SCALE: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12} | {
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?P<minute>[T ]\d\d:\d\d(?P<second>:\d\d(?P<fraction>\.\d{1,6})?)?)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII
)
_DURATION: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_AGO: Final = re.compile(rf"now(?:-({_DURATION.pattern}))?", re.ASCII)
_DAYS: Final = {"today": 0, "yesterday": 1}
"""Words for a whole day, with the days that it lies back."""
_DAY: Final = 86_400_000_000
"""Microseconds of a day."""
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBERS: Final[dict[Kind | None, str]] = {
    "number": "number", "size": "size, such as 500MB or 1GiB", "duration": "number of seconds, or such as 90m or 12h",
}  # fmt: skip
_SHORTEST_ID: Final = 4
_ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{1,26}", re.IGNORECASE)
_LONGEST_INTEGER: Final = 18
"""Most characters of an integer that is sure to fit SQLite's 64 bits; a longer one is compared as a float."""


def parse_literal(field: str, word: str, *, quoted: bool, subject: Subject = VERSIONS) -> Literals:
    """Return a word as a value of `field`.

    A keyed field has no type of its own, so the word decides: a number, a boolean, else text. A quoted word is text.

    Args:
        field: A field's full name.
        word: The word without quotes and escapes.
        quoted: True where the word stood in quotes.
        subject: The subject that the field belongs to.

    Raises:
        ValueError: The field cannot have such a value; the message says which values it takes.
    """
    plain = subject.plain.get(field) or subject.files.get(field)
    kind = plain.kind if plain else None
    if kind == "time":
        return _parse_time(word)
    if kind == "truth":
        if quoted or word not in {"true", "false"}:
            raise ValueError(f"`{field}` is true or false")
        return word == "true"
    if kind in _NUMBERS:
        number = None if quoted else _find_number(word, kind)
        if number is None:
            raise ValueError(f"`{field}` is a {_NUMBERS[kind]}")
        return number
    if plain or quoted:
        _check_text(field, word, plain)
        return word
    if word in {"true", "false"}:
        return word == "true"
    number = _find_number(word, None)
    return word if number is None else number


def find_span(moment: Time, now: int | None = None) -> tuple[int, int]:
    """Return the first and one past the last microsecond since 1970 UTC of a moment: a date spans its whole day.

    Args:
        moment: The moment; without a zone it is UTC.
        now: The value of `now`, in microseconds since 1970 UTC; the clock's time when None.
    """
    ago = _AGO.fullmatch(moment.text)
    if ago or moment.text in _DAYS:
        instant = time.time_ns() // 1000 if now is None else now
        if ago is None:
            start = (instant // _DAY - _DAYS[moment.text]) * _DAY
            return start, start + _DAY
        start = instant - (parse_duration(ago[1]) * 1_000_000 if ago[1] else 0)
        return start, start + 1
    found = _DATE.fullmatch(moment.text)
    assert found is not None, moment
    when = datetime.fromisoformat(moment.text)
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    start = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    length = 86400 if not found["minute"] else 60 if not found["second"] else 1
    return start, start + (1 if found["fraction"] else length * 1_000_000)


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as `90m`, `12h`, `1d` or `2w`; the unit is one of s m h d w.

    Raises:
        UsageError: The text is not a duration.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no duration: write it as in 90m, 12h, 1d or 2w (s m h d w), six digits at most")
    return int(found[1]) * _SECONDS[found[2]]


def parse_since(text: str) -> Time:
    """Return the moment from which `--since` takes what there is: a time as in a query, or a duration before now.

    Raises:
        UsageError: The text is neither.
    """
    try:
        return _parse_time(f"now-{text}" if _DURATION.fullmatch(text) else text)
    except ValueError as error:
        raise UsageError(f"--since {text!r} is no time: {error}, or 2d for now-2d", hint="reg help query") from None


def _parse_time(word: str) -> Time:
    moment = Time(word.replace(" ", "T"))
    if _AGO.fullmatch(word) is None and word not in _DAYS:
        if _DATE.fullmatch(word) is None:
            raise ValueError("a time is written 2026-01-31, 2026-01-31T10:00, today, yesterday or now-7d (s m h d w)")
        find_span(moment)
    return moment


def _check_text(field: str, word: str, plain: Field | None) -> None:
    kind = plain.kind if plain else None
    if kind == "id" and (len(word) < _SHORTEST_ID or not is_hex(word)):
        raise ValueError(f"an id is {_SHORTEST_ID} or more hex digits")
    if kind == "ulid" and not _ULID.fullmatch(word):
        raise ValueError("a task's id is 26 letters and digits without I, L, O and U, or the first of them")
    if plain and plain.choices and word not in plain.choices:
        raise ValueError(f"`{field}` is one of {', '.join(plain.choices)}")


def _find_number(word: str, kind: Kind | None) -> int | float | None:
    if kind == "size" and (found := _SIZE.fullmatch(word)):
        return _count_bytes(float(found[1]) * _SCALE[(found[2] or "").lower()])
    if kind == "duration" and _DURATION.fullmatch(word):
        return parse_duration(word)
    if _NUMBER.fullmatch(word) is None:
        return None
    is_integer = word.lstrip("+-").isdecimal() and len(word) <= _LONGEST_INTEGER
    return int(word) if is_integer else float(word)


def _count_bytes(number: float) -> int | float:
    """Return a count of bytes as an integer where SQLite has room for it (64 bits)."""
    return int(number) if number < 2**63 else number
