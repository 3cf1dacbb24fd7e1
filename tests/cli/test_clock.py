"""The time that records and entries carry."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.cli.conftest import Reg
from tests.conftest import Clock


def test_a_record_and_its_entry_carry_the_time_of_the_clock(iris: Reg, fixed_clock: Clock) -> None:
    fixed_clock.advance(days=3)
    begun = fixed_clock.time
    (added,) = json.loads(iris("model", "add", "iris/late", "net.json", "--json").out)
    (event,) = map(json.loads, iris("events", "--json", "-n", "1").lines)
    for text in (added["created"], event["time"]):
        assert begun < datetime.fromisoformat(text) <= fixed_clock.time


def test_versions_are_found_by_their_day(iris: Reg, fixed_clock: Clock) -> None:
    fixed_clock.advance(days=3)
    iris("model", "add", "iris/late", "net.json")
    day = (fixed_clock.time - timedelta(days=1)).date()
    assert iris("model", "query", f"created > {day}", "--quiet").lines == iris("model", "show", "iris/late", "-q").lines
