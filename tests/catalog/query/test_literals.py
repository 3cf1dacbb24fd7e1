from __future__ import annotations

import pytest

from registry_cli.catalog.query.ast import Time
from registry_cli.catalog.query.literals import find_span, parse_duration, parse_literal
from registry_cli.errors import UsageError

SECOND = 1_000_000
NEW_YEAR = 1_767_225_600 * SECOND


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2026-01-01", 0, 86400 * SECOND),
        ("2026-01-01T10:00", 36000 * SECOND, 60 * SECOND),
        ("2026-01-01T10:00:01Z", 36001 * SECOND, SECOND),
        ("2026-01-01T10:00:01.000005Z", 36001 * SECOND + 5, 1),
        ("2026-01-01T10:00+02:00", 28800 * SECOND, 60 * SECOND),
    ],
)
def test_a_moment_is_as_long_as_it_is_written_precisely(text: str, start: int, length: int) -> None:
    assert find_span(Time(text)) == (NEW_YEAR + start, NEW_YEAR + start + length)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("now", 0), ("now-5s", 5), ("now-2m", 120), ("now-1h", 3600), ("now-3d", 259200), ("now-1w", 604800)],
)
def test_ago_counts_from_now(text: str, seconds: int) -> None:
    assert find_span(Time(text), now=NEW_YEAR)[0] == NEW_YEAR - seconds * SECOND


@pytest.mark.parametrize(("text", "days"), [("today", 0), ("yesterday", 1)])
def test_a_word_for_a_day_is_the_whole_day(text: str, days: int) -> None:
    start = NEW_YEAR - days * 86400 * SECOND
    for now in (NEW_YEAR, NEW_YEAR + 86400 * SECOND - 1):
        assert find_span(Time(text), now=now) == (start, start + 86400 * SECOND)


@pytest.mark.parametrize(
    ("word", "size"),
    [("0", 0), ("12b", 12), ("1kB", 1000), ("500MB", 5 * 10**8), ("1GiB", 2**30), ("1.5TB", 15 * 10**11)],
)
def test_sizes_are_bytes(word: str, size: int) -> None:
    assert parse_literal("size", word, quoted=False) == size


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", 1), ("-2.5", -2.5), (".5", 0.5), ("1e-3", 0.001), ("1e999", float("inf")), ("9" * 400, float("inf")),
     ("1GB", "1GB"), ("nan", "nan"), ("true", True), ("1.2.3", "1.2.3"), ("\u0661", "\u0661")],
)  # fmt: skip
def test_a_keyed_field_takes_what_a_word_looks_like(word: str, value: object) -> None:
    found = parse_literal("metadata.x", word, quoted=False)
    assert (found, type(found)) == (value, type(value))
    assert parse_literal("metadata.x", word, quoted=True) == word


def test_durations() -> None:
    assert [parse_duration(text) for text in ("0s", "90m", "12h", "1d", "2w")] == [0, 5400, 43200, 86400, 1209600]


@pytest.mark.parametrize("text", ["", "1", "d", "1 d", "-1d", "1.5h", "1y", "1d ", "1234567s", "\u0661d", "now-1d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        parse_duration(text)
