from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.dataclass import fields, replace
from registry_cli.errors import CorruptError, UsageError
from registry_cli.ids import EntryId, ModelName, RecordId, VersionId
from registry_cli.records.codec import (
    RECORD_LIMIT,
    SCHEMA,
    dump_entry,
    dump_publication,
    dump_version,
    load_entry,
    load_publication,
    load_version,
)
from registry_cli.records.entry import Entry
from registry_cli.records.parts import Design, FileEntry, Parent
from registry_cli.records.toml import dump_table, load_table
from registry_cli.records.version import Publication, VersionRecord
from tests.records import strategies

LOADERS: list[Callable[[bytes, str], object]] = [load_version, load_publication, load_entry]
PLAIN = VersionRecord(
    model=ModelName("a/b"),
    nonce="01JD0000000000000000000000",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    author="me",
    files=(),
)


def same(one: object, other: object) -> bool:
    """Compare by what they print: NaN is NaN there, and 1 is not 1.0; the order of keys does not count."""
    return shape(one) == shape(other)


def shape(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{shape(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(shape, value)) + "]"
    if isinstance(value, datetime):
        return value.isoformat()  # without `fold`, which means nothing in UTC
    if hasattr(value, "_fields"):
        return shape({each.name: getattr(value, each.name) for each in fields(value)})
    return repr(value)


@given(strategies.versions)
def test_a_version_comes_back(version: VersionRecord) -> None:
    data = dump_version(version)
    found = load_version(data, "it")
    assert same(found, version)
    assert dump_version(found) == data


@given(strategies.publications)
def test_a_publication_comes_back(publication: Publication) -> None:
    data = dump_publication(publication)
    found = load_publication(data, "it")
    assert same(found, publication)
    assert dump_publication(found) == data


@given(strategies.entries)
def test_an_entry_comes_back(entry: Entry) -> None:
    data = dump_entry(entry)
    found = load_entry(data, "it")
    assert same(found, entry)
    assert dump_entry(found) == data


@given(strategies.tables)
def test_the_standard_library_reads_the_same(table: dict[str, Any]) -> None:
    data = dump_table(table)
    assert same(load_table(data, "it"), table)
    assert same(tomllib.loads(data.decode()), table)


@given(strategies.tables)
def test_keys_are_sorted_and_their_order_does_not_count(table: dict[str, Any]) -> None:
    assert dump_table(dict(reversed(table.items()))) == dump_table(table)


def test_the_bytes_of_a_record_are_these() -> None:
    version = replace(
        PLAIN,
        files=(FileEntry("m.bin", 3, url="file:///m.bin"),),
        metrics={"loss": float("nan"), "acc": 1.0},
        message="why",
        extra={"future": [1]},
    )
    assert dump_version(version).decode() == (
        'author = "me"\n'
        "created = 2026-01-01 00:00:00+00:00\n"
        'files = [\n    { path = "m.bin", size = 3, url = "file:///m.bin" },\n]\n'
        "future = [\n    1,\n]\n"
        'kind = "version"\n'
        'message = "why"\n'
        'model = "a/b"\n'
        'nonce = "01JD0000000000000000000000"\n'
        "schema = 1\n"
        "\n[metrics]\n"
        "acc = 1.0\n"
        "loss = nan\n"
    )


def test_a_record_has_a_limit() -> None:
    fits = replace(PLAIN, metadata={"text": "x" * (RECORD_LIMIT - 1000)})
    assert load_version(dump_version(fits), "it") == fits
    with pytest.raises(UsageError, match="65,536 are allowed"):
        dump_version(replace(PLAIN, metadata={"text": "x" * RECORD_LIMIT}))


@pytest.mark.slow
def test_a_list_of_files_has_no_limit() -> None:
    many = replace(PLAIN, files=tuple(FileEntry(f"part-{at:05d}.bin", at, url="file:///x") for at in range(5000)))
    data = dump_version(many)
    assert len(data) > RECORD_LIMIT
    assert load_version(data, "it") == many


def test_a_name_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(UsageError, match="no Unicode"):
        dump_version(replace(PLAIN, message="a\udcff"))


@given(st.binary())
def test_hostile_bytes_are_corrupt_and_nothing_worse(data: bytes) -> None:
    for load in LOADERS:
        with pytest.raises(CorruptError, match="this file"):
            load(data, "this file")


@pytest.mark.parametrize(
    "data",
    [
        b"a=" + b"[" * 100_000,
        b"a." * 100_000 + b"b=1",
        b"a=" + b"{a=" * 50_000,
        b"a=" + b"1" * 5000,
        b"a=9999-99-99",
        b"\xff\xfe",
        b"a=1\x00",
        b"\n" * 1000 + b"]",
    ],
)
def test_hostile_toml(data: bytes) -> None:
    for load in LOADERS:
        with pytest.raises(CorruptError):
            load(data, "it")


@given(st.data())
def test_a_record_with_a_wrong_value_is_corrupt_or_whole(data: st.DataObject) -> None:
    """Every field of every record may come as anything; what is loaded can be dumped."""
    record, load, dump = data.draw(st.sampled_from(_whole()))
    table = load_table(record, "it")
    key = data.draw(st.sampled_from(sorted(table)))
    table[key] = data.draw(strategies.values)
    try:
        found = load(dump_table(table), "it")
    except CorruptError:
        return
    dump(found)


@pytest.mark.parametrize("key", ["model", "nonce", "created", "author"])
def test_a_record_without_a_needed_key(key: str) -> None:
    table = load_table(dump_version(PLAIN), "it")
    del table[key]
    with pytest.raises(CorruptError, match="not a version record"):
        load_version(dump_table(table), "it")


def test_a_record_of_another_kind_or_a_newer_schema() -> None:
    table = load_table(dump_version(PLAIN), "it")
    with pytest.raises(CorruptError, match="'version', not 'publication'"):
        load_publication(dump_table(table), "it")
    with pytest.raises(CorruptError, match="schema 2") as caught:
        load_version(dump_table({**table, "schema": SCHEMA + 1}), "it")
    assert caught.value.hint == "reg --version"


@pytest.mark.parametrize("created", ["0001-01-01T00:00:00+23:59", "2026-01-01T00:00:00", "2026-01-01", '"now"'])
def test_a_time_outside_utc_or_the_calendar(created: str) -> None:
    text = dump_version(PLAIN).decode().replace("2026-01-01 00:00:00+00:00", created)
    with pytest.raises(CorruptError):
        load_version(text.encode(), "it")


def _whole() -> list[tuple[bytes, Callable[[bytes, str], Any], Callable[[Any], bytes]]]:
    entry = Entry(
        seq=1,
        previous="",
        id=EntryId("01JD0000000000000000000000"),
        time=PLAIN.created,
        author="me",
        tool="reg 1",
        rules=1,
        message="why",
        changes=({"op": "tag"},),
    )
    version = replace(
        PLAIN,
        files=(FileEntry("m.bin", 3, url="file:///m.bin"),),
        message="m",
        framework="f",
        step=1,
        labels={"a": 1},
        metrics={"a": 1},
        design=Design("text/plain", text="x"),
        unset=("metadata.x",),
    )
    publication = Publication(
        version=VersionId(RecordId("0" * 64)),
        created=PLAIN.created,
        author="me",
        files=version.files,
        framework="f",
        labels={"a": 1},
        design=version.design,
        parents=(Parent(VersionId(RecordId("1" * 64)), "base"),),
        metrics={"a": 0.5},
    )
    return [
        (dump_version(version), load_version, dump_version),
        (dump_publication(publication), load_publication, dump_publication),
        (dump_entry(entry), load_entry, dump_entry),
    ]
