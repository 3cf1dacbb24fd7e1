"""`reg events`: all events in order, from any point."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import journal
from registry_cli.ids import EntryId, RecordId, VersionId, new_ulid
from registry_cli.records.codec import dump_entry
from registry_cli.records.entry import Entry
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg


def events(reg: Reg, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reg("events", "--json", *words).lines]


def test_json_lines_oldest_first(iris: Reg) -> None:
    found = events(iris)
    assert [event["op"] for event in found] == ["add-version", "tag", "alias", "add-version", "add-version"]
    first = found[0]
    assert first["event"] == f"{first['entry']}/0"
    assert (first["ref"], first["author"], first["message"], first["void"]) == (
        "iris/softmax:1",
        "tester",
        "first try",
        None,
    )
    assert found[1]["what"] == "tags +baseline"


def test_a_reader_goes_on_where_it_stopped(iris: Reg) -> None:
    found = [event["event"] for event in events(iris)]
    assert [event["event"] for event in events(iris, "--after", found[0])] == found[1:]
    assert [event["event"] for event in events(iris, "--after", found[0].partition("/")[0])] == found[3:]
    assert [event["event"] for event in events(iris, "--after", found[0], "--limit", "2")] == found[1:4]
    assert iris("events", "--after", found[0], "--limit", "1", "-q").lines == found[1:3]
    assert events(iris, "--after", found[-1]) == []
    assert "no event" in iris("events", "--after", "nope", code=11).err


def test_events_since_a_time(iris: Reg) -> None:
    found = events(iris)
    for at in {event["time"] for event in found}:
        expected = [event["event"] for event in found if event["time"] >= at]
        assert [event["event"] for event in events(iris, "--since", at)] == expected
        assert iris("events", "--since", at, "-q").lines == expected
    assert len({event["time"] for event in found}) > 1
    newest = found[-1]["entry"]
    assert {event["entry"] for event in events(iris, "--since", "2000-01-01", "--limit", "1")} == {newest}
    assert events(iris, "--since", found[-1]["time"], "--after", found[-1]["event"]) == []
    assert events(iris, "--since", "2999-01-01") == []
    assert "nothing has happened" in iris("events", "--since", "2999-01-01", terminal=True).err
    assert "--since '2x' is no time" in iris("events", "--since", "2x", code=2).err
    assert "--since '2x' is no time" in iris("events", "--since", "2x", "-q", code=2).err


def test_the_last_ones(iris: Reg) -> None:
    assert [event["ref"] for event in events(iris, "-n", "1")] == ["iris/tuned:1"]
    assert iris("events", "-n", "0").out == iris("events", "-n", "0", "-q").out == ""


def test_entries_are_printed_whole(iris: Reg) -> None:
    iris("model", "tag", "iris/softmax:1", "iris/softmax:2", "iris/tuned", "--add", "x")
    every = [event["event"] for event in events(iris)]
    assert [event["event"] for event in events(iris, "--limit", "1")] == every[-3:]
    assert [event["event"] for event in events(iris, "--limit", "2")] == every[-4:]
    assert iris("events", "--limit", "1", "-q").lines == every[-3:]
    assert len(iris("events", "--limit", "1", terminal=True).shown) == 4


def test_lines_and_a_table(iris: Reg) -> None:
    iris("config", "set", "view.top", "metrics.acc > 0.9")
    assert iris("events", "-n", "1").out.split("\t")[2] == "set view.top"
    assert iris("events", "-n", "2", terminal=True).shown[0].split()[:3] == ["time", "ref", "what"]
    assert "nothing has happened" in iris("events", "--void", terminal=True).err


def append_void_entry() -> None:
    """Put an entry into the log as a writer that ignores the rules would."""
    with Registry.open(".") as registry:
        head = registry.index.head
        change = changes.archive(VersionId(RecordId("0" * 64)))
        entry = Entry(head.seq + 1, head.digest, EntryId(new_ulid()), datetime.now(UTC), "eve", "other 1",
                      changes.RULES, None, (change,))  # fmt: skip
        registry.layout.slot(entry.seq).write_bytes(dump_entry(entry))


def test_an_entry_without_effect_is_kept_and_reported(iris: Reg) -> None:
    append_void_entry()
    (event,) = events(iris, "--void")
    assert (event["op"], event["author"]) == ("archive", "eve")
    assert "is not in the registry" in event["void"]
    status = iris("status")
    assert "void\t1" in status.lines
    assert status.err == "hint: reg events --void\n"
    assert iris("model", "tag", "iris/tuned", "--add", "x")


def test_the_last_ones_are_found_from_the_end(iris: Reg, monkeypatch: pytest.MonkeyPatch) -> None:
    every = events(iris)
    read: list[object] = []
    make = journal._change
    monkeypatch.setattr(journal, "_change", lambda row: read.append(row) or make(row))
    assert events(iris, "--limit", "2") == every[-2:]
    assert len(read) == 3, "that of the entry before shows that the oldest is whole"
    assert [line.split("\t")[2] for line in iris("model", "history", "iris/softmax", "-n", "1").lines]
    assert len(read) == 5, "that of the entry before shows that the newest is whole"
