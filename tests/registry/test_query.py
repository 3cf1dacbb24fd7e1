"""Queries as they are typed and saved."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from registry_cli.catalog import connection
from registry_cli.catalog.fold import changes
from registry_cli.catalog.query.compile import compile_query
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.read import versions as read
from registry_cli.catalog.read.address import resolve
from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import VersionId, parse_model_name
from registry_cli.registry.add import add_files
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.lifecycle import archive_versions, publish_versions
from registry_cli.registry.query import (
    Question,
    ask,
    find_matches,
    find_versions,
    iter_ids,
    iter_versions,
    matches,
)
from registry_cli.registry.saved_queries import load_question, save_question
from registry_cli.registry.transaction import transact
from tests.registry.making import add


@pytest.fixture(autouse=True)
def versions(registry: Registry) -> None:
    add(registry, "iris/softmax", metrics={"acc": 0.8}, tags=("prod",), framework="onnx", metadata={"owner": "risk"})
    add(registry, "iris/softmax", metrics={"acc": 0.9}, tags=("TF",), parents=(("base", "iris/softmax:1"),))
    add(registry, "fraud/xgb", metrics={"acc": 0.7})
    publish_versions(registry, ["iris/softmax:1"])


def _refs(registry: Registry, expr: str = "", **options: object) -> list[str]:
    return [row.ref for row in find_versions(registry, expr, **options)]


def test_newest_first_and_sorted(registry: Registry) -> None:
    assert _refs(registry) == ["fraud/xgb:1", "iris/softmax:2", "iris/softmax:1"]
    assert _refs(registry, sort="-metrics.acc", limit=2) == ["iris/softmax:2", "iris/softmax:1"]
    assert _refs(registry, sort="-metrics.acc", per="name") == ["iris/softmax:2", "fraud/xgb:1"]


@pytest.mark.parametrize(("expr", "options", "expected"), [
    ("metrics.acc > 0.75", {}, ["iris/softmax:2", "iris/softmax:1"]),
    ("metrics.acc > 0.75", {"tag": ("-TF",)}, ["iris/softmax:1"]),
    ("", {"project": "iris"}, ["iris/softmax:2", "iris/softmax:1"]),
    ("", {"name": ["fraud/*"]}, ["fraud/xgb:1"]),
    ("", {"framework": "onnx"}, ["iris/softmax:1"]),
    ("", {"meta": "owner=risk"}, ["iris/softmax:1"]),
    ("", {"metric": "acc<0.75"}, ["fraud/xgb:1"]),
    ("", {"published": True}, ["iris/softmax:1"]),
    ("descends(iris/softmax:1)", {}, ["iris/softmax:2"]),
    ("  ", {}, ["fraud/xgb:1", "iris/softmax:2", "iris/softmax:1"]),
])  # fmt: skip
def test_text_and_flags_narrow(registry: Registry, expr: str, options: dict[str, object], expected: list[str]) -> None:
    assert _refs(registry, expr, **options) == expected


def test_the_archived_show_when_asked_for(registry: Registry) -> None:
    archive_versions(registry, ["fraud/xgb:1"])
    assert "fraud/xgb:1" not in _refs(registry)
    for options in ({"archived": True}, {"include_archived": True}):
        assert "fraud/xgb:1" in _refs(registry, **options)


def test_what_cannot_be_read(registry: Registry) -> None:
    for expr, options in (("metrics.acc >", {}), ("", {"sort": "colour"}), ("", {"colour": "red"})):
        with pytest.raises(UsageError):
            find_versions(registry, expr, **options)
    with pytest.raises(NotFoundError):
        find_versions(registry, "descends(no/body)")


def test_ids_are_read_alone_and_versions_a_few_at_a_time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = find_matches(registry, Question(sort="name,number"))
    whole = [row.id for row in ask(registry, Question(sort="name,number"))]
    seen: set[tuple[str, str]] = set()

    def note(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ:
            seen.add((str(table), str(column)))
        return sqlite3.SQLITE_OK

    registry.index.db.set_authorizer(note)
    assert list(iter_ids(registry, rows)) == whole
    assert seen == {("versions", "row"), ("versions", "id")}
    registry.index.db.set_authorizer(None)

    monkeypatch.setattr(connection, "BATCH", 2)
    read_rows, batches = read.list_versions, []
    monkeypatch.setattr(read, "list_versions", lambda db, rows: batches.append(len(rows)) or read_rows(db, rows))
    found = iter_versions(registry, rows)
    assert (next(found).id, batches) == (whole[0], [2])
    assert ([row.id for row in found], batches) == (whole[1:], [2, 1])
    assert list(iter_ids(registry, rows)) == whole


def test_matches(registry: Registry) -> None:
    row = resolve(registry.index.db, "iris/softmax:1")
    assert matches(registry, row, "metrics.acc > 0.5 and tag:prod")
    assert not matches(registry, row, "metrics.acc > 0.85")
    archive_versions(registry, ["iris/softmax:1"])
    assert matches(registry, row, "tag:prod")


def test_a_saved_view_travels_with_the_registry(registry: Registry, tmp_path: Path) -> None:
    question = Question("metrics.acc > 0.75", sort="-metrics.acc", limit=5, columns="name,metrics.acc", tag=("-TF",))
    save_question(registry, "top", question)
    with Registry.open(tmp_path) as other:
        assert load_question(other, "top") == question
        assert [row.ref for row in ask(other, load_question(other, "top"))] == ["iris/softmax:1"]
    save_question(registry, "top", Question("tag:prod", published=True))
    assert load_question(registry, "top") == Question("tag:prod", published=True)


def test_an_empty_view_can_be_saved(registry: Registry) -> None:
    save_question(registry, "all", Question())
    assert load_question(registry, "all") == Question()


def test_an_unknown_view_names_those_there_are(registry: Registry) -> None:
    with pytest.raises(NotFoundError) as missed:
        load_question(registry, "top")
    assert missed.value.hint == "reg model query --help"
    save_question(registry, "best", Question("tag:prod"))
    with pytest.raises(NotFoundError) as missed:
        load_question(registry, "top")
    assert "saved are best" in missed.value.message


def test_a_view_of_a_newer_program_is_read_as_far_as_it_goes(registry: Registry) -> None:
    value = {"expr": "tag:prod", "colour": "red"}
    transact(registry, lambda: [changes.setting("view.new", value)])
    assert load_question(registry, "new") == Question("tag:prod")


def test_files_are_fields(registry: Registry) -> None:
    row = add(registry, "iris/files", b"weights", file="model.pt")
    sha256 = str(row.files[0].sha256)
    for expr in (f"file.sha256 = {sha256}", f"file.sha256 = {sha256[:6].upper()}", "file.path = model.pt",
                 'file.path ~ "*.pt"', "file.path in (model.pt, other)", f"file.sha256 in ({sha256}, abcdef)",
                 "not file.path = model.bin", 'not file.path ~ "*.bin"', "file.path not in (model.bin)"):  # fmt: skip
        assert _refs(registry, expr) == ["iris/files:1"], expr
    assert len(_refs(registry, f"file.sha256 != {sha256}")) == 3


def test_negated_a_file_field_means_none_of_the_files(registry: Registry) -> None:
    Path("many").mkdir()
    for name in ("a.bin", "b.pt"):
        Path("many", name).write_bytes(name.encode())
    draft = Draft(name=parse_model_name("iris/many"))
    add_files(registry, draft, [Path("many")])
    assert "iris/many:1" in _refs(registry, "file.path = a.bin and file.path = b.pt")
    assert "iris/many:1" not in _refs(registry, "file.path != a.bin")
    assert "iris/many:1" not in _refs(registry, 'file.path !~ "*.pt"')
    assert "iris/many:1" in _refs(registry, "file.path != c.bin")


def test_a_digest_is_found_by_its_index(registry: Registry) -> None:
    plan = compile_query(parse_query("file.sha256 = abcd"), (), 5, None, False, VersionId)
    (driver,) = plan.drivers
    found = registry.index.db.execute(f"EXPLAIN QUERY PLAN {driver.select}", plan.params)
    assert any("files_sha256 (sha256>? AND sha256<?)" in detail for _, _, _, detail in found)
