"""What is read from the index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry_cli.catalog import connection
from registry_cli.catalog.documents import from_microseconds, microseconds
from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.version_rows import load_version_rows
from registry_cli.catalog.read import uses, versions
from registry_cli.catalog.read.journal import iter_changes, iter_event_ids
from registry_cli.catalog.read.models import list_lines
from registry_cli.dataclass import replace
from registry_cli.errors import CorruptError
from registry_cli.ids import AliasName, BlobHash, RecordId, TagName, VersionId, Xxh3
from registry_cli.records.parts import Design, FileEntry
from tests.catalog.builders import START, Catalog, make_record


def _blob(digit: str, size: int, path: str = "m.bin") -> FileEntry:
    return FileEntry(path, size, BlobHash(digit * 64), Xxh3(digit * 32), "application/octet-stream")


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


def test_a_version_is_its_record_with_every_change(catalog: Catalog) -> None:
    base = catalog.add("b/base")
    design = Design("text/plain", text="x")
    version = catalog.add(
        "P/m", parents=(base,), files=(_blob("b", 7, "w/b"), _blob("a", 5, "a")), message="first", framework="onnx",
        step=9, labels={"cat": 1}, design=design, params={"lr": 0.1, "when": START}, metrics={"acc": 0.5},
        metadata={"owner": "risk"}, interface={"in": [1, 2]},
    )  # fmt: skip
    assert catalog.apply(
        changes.tag(version, add=[TagName("z"), TagName("a")]),
        changes.alias(AliasName("prod"), version=version, old=None),
        changes.edit(version, put={"metrics": {"auc": 1}, "comment": "good"}),
        changes.publish(version, RecordId("cd" * 32)),
    ) is None  # fmt: skip
    row = versions.get_version(catalog.db, 2)
    assert (row.id, row.name, row.number, row.ref, row.project) == (version, "P/m", 1, "P/m:1", "P")
    assert (row.framework, row.author, row.created, row.message, row.comment) == (
        "onnx", "tester", START, "first", "good")  # fmt: skip
    assert (row.step, row.size, row.tags, row.aliases) == (9, 12, ("a", "z"), ("prod",))
    assert (row.metrics, row.metadata, row.labels) == ({"acc": 0.5, "auc": 1}, {"owner": "risk"}, {"cat": 1})
    assert (row.params, row.interface, row.design) == ({"lr": 0.1, "when": START}, {"in": [1, 2]}, design)
    assert (row.published, row.publication, row.archived, row.removed) == (True, "cd" * 32, False, False)
    assert [file.path for file in row.files] == ["a", "w/b"]
    assert row.files[0] == _blob("a", 5, "a")
    assert [(parent.id, parent.role, parent.name, parent.number) for parent in row.parents] == [
        (base, "base", "b/base", 1)
    ]


def test_a_message_is_the_first_comment_and_can_be_taken_back(catalog: Catalog) -> None:
    version = catalog.add(message="first")
    assert versions.get_version(catalog.db, 1).comment == "first"
    assert catalog.apply(changes.edit(version, put={}, unset=["comment"])) is None
    assert (versions.get_version(catalog.db, 1).comment, versions.get_version(catalog.db, 1).message) == (None, "first")


def test_many_versions_come_in_the_order_asked(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BATCH", 2)
    ids = [catalog.add() for _ in range(5)]
    rows = [5, 1, 3, 2, 4]
    assert [row.id for row in versions.list_versions(catalog.db, rows)] == [ids[row - 1] for row in rows]
    assert versions.list_versions(catalog.db, []) == []


def test_find_row(catalog: Catalog) -> None:
    version = catalog.add()
    assert versions.find_row(catalog.db, version) == 1
    assert versions.find_row(catalog.db, VersionId(RecordId("00" * 32))) is None


def test_lines(catalog: Catalog) -> None:
    first = catalog.add("iris/softmax", files=(_blob("a", 5),))
    second = catalog.add("iris/softmax", files=(_blob("a", 5),), created=START + timedelta(days=1))
    third = catalog.add("iris/softmax", files=(_blob("b", 7),))
    catalog.add("irises/other", files=(_blob("c", 1),))
    catalog.add("Iris/deep/er", files=(_blob("c", 1),))
    assert catalog.apply(
        changes.publish(first, RecordId("ab" * 32)),
        changes.alias(AliasName("prod"), version=second, old=None),
        changes.alias(AliasName("best"), version=first, old=None),
        changes.archive(third),
    ) is None  # fmt: skip
    assert [line.name for line in list_lines(catalog.db)] == ["Iris/deep/er", "iris/softmax", "irises/other"]
    assert [line.name for line in list_lines(catalog.db, "IRIS/")] == ["Iris/deep/er", "iris/softmax"]
    assert [line.name for line in list_lines(catalog.db, "iris/softmax")] == ["iris/softmax"]
    assert list_lines(catalog.db, "iri") == []
    (line,) = list_lines(catalog.db, "iris/softmax")
    assert (line.versions, line.latest, line.published, line.size) == (3, 2, 1, 12)
    assert (line.aliases, line.updated) == ((("best", 1), ("prod", 2)), START + timedelta(days=1))
    assert catalog.apply(changes.remove(third)) is None
    assert list_lines(catalog.db, "iris/softmax") == [replace(line, versions=2, size=5)]


def test_children(catalog: Catalog) -> None:
    base = catalog.add()
    child, other = catalog.add(parents=(base,)), catalog.add(parents=(base,))
    assert versions.list_children(catalog.db, base) == [("base", child), ("base", other)]
    assert catalog.apply(changes.remove(other)) is None
    assert versions.list_children(catalog.db, base) == [("base", child)]


def test_changes(catalog: Catalog) -> None:
    version = catalog.add("a/m")
    catalog.add("b/n")
    assert catalog.apply(changes.tag(version, add=[TagName("t")]), changes.setting("s", 1), message="why") is None
    every = list(iter_changes(catalog.db))
    assert [(row.seq, row.op, row.ref) for row in every] == [
        (1, "add-version", "a/m:1"), (2, "add-version", "b/n:1"), (3, "tag", "a/m:1"),
        (3, "setting", None)]  # fmt: skip
    last = every[2]
    assert (last.event, last.author, last.tool, last.message) == (f"{last.entry}/0", "tester", "reg 0", "why")
    assert (last.version, last.time, last.void) == (version, START + timedelta(seconds=3), None)
    assert [row.seq for row in iter_changes(catalog.db, line=1)] == [1, 3]
    assert [row.seq for row in iter_changes(catalog.db, after=2)] == [3, 3]
    assert [row.op for row in iter_changes(catalog.db, entry=last.entry)] == ["tag", "setting"]
    assert versions.read_settings(catalog.db) == {"s": 1}


def test_changes_from_either_end(catalog: Catalog) -> None:
    version = catalog.add("a/m")
    catalog.add("b/n")
    assert catalog.apply(changes.tag(version, add=[TagName("t")]), changes.setting("s", 1)) is None
    assert catalog.apply(changes.archive(VersionId(RecordId("0" * 64))))
    every = [row.event for row in iter_changes(catalog.db)]

    def events(**part: Any) -> list[str]:
        found = [row.event for row in iter_changes(catalog.db, **part)]
        if "line" not in part:
            assert list(iter_event_ids(catalog.db, **part)) == found
        return found

    assert events(newest=True) == every[::-1]
    assert events(after=(3, 0)) == every[3:]
    assert events(void=True, newest=True) == every[-1:]
    assert events(line=1, newest=True)[:1] == every[2:3]


@pytest.mark.parametrize("part", [{}, {"newest": True}, {"line": 1, "newest": True}, {"after": (3, 1)}, {"void": True}])
def test_changes_are_read_in_the_order_in_which_they_lie(catalog: Catalog, part: dict[str, Any]) -> None:
    catalog.add("a/m")
    asked: list[str] = []
    catalog.db.set_trace_callback(asked.append)
    assert (next(iter_changes(catalog.db, **part), None) is None) == bool({"after", "void"} & part.keys())
    catalog.db.set_trace_callback(None)
    plan = [step for *_, step in catalog.db.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    assert plan[0].startswith("SEARCH c USING ")
    assert not [step for step in plan if step.startswith(("SCAN", "USE TEMP"))]


def test_twins(catalog: Catalog) -> None:
    catalog.add(files=(_blob("a", 5), _blob("b", 5, "b"), _blob("c", 6, "c")))
    assert uses.read_twins(catalog.db, 5) == {"a" * 32, "b" * 32}
    assert uses.read_twins(catalog.db, 7) == set()


@pytest.mark.parametrize("moment", [
    START, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(9999, 12, 31, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, 1, 2, 3, 123_457, UTC),
])  # fmt: skip
def test_times_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert from_microseconds(microseconds(moment)) == moment


def test_the_rows_of_a_version_are_its_record() -> None:
    version, data = make_record(
        metadata={"nested": {"deep": 1}, "list": ["a"], "yes": True}, metrics={"m": float("nan")}
    )
    rows = load_version_rows(version, data)
    assert {field: (number, text) for field, number, text in rows.fields} == {
        "metadata.nested.deep": (1, None), "metadata.list": (None, '["a"]'), "metadata.yes": (1, "true"),
        "metrics.m": (None, "nan"),
    }  # fmt: skip
    with pytest.raises(CorruptError, match=version[:12]):
        load_version_rows(version, b"kind = 'version'")
