"""The fold: against a plain model, from scratch and step by step; void, malformed, unknown and broken entries."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.changes import RULES
from registry_cli.catalog.index.index import Index
from registry_cli.catalog.read import versions as read
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import CorruptError, RefusedError
from registry_cli.ids import AliasName, EntryId, ModelName, RecordId, TagName, VersionId
from registry_cli.records.codec import dump_entry
from registry_cli.records.parts import FileEntry
from registry_cli.records.toml import seal
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.store.layout import DIRECTORY
from tests.catalog.builders import Catalog, Forger, dump_tables, make_entry, make_record
from tests.catalog.model import Model
from tests.examples import times

RECORDS = [make_record(nonce=f"root{at}") for at in range(4)]
RECORDS += [make_record(nonce="child", parents=(RECORDS[0][0],)),
            make_record(nonce="grandchild", parents=(RECORDS[1][0], RECORDS[2][0]))]  # fmt: skip
PARENTS = {version: () for version, _ in RECORDS[:4]} | {
    RECORDS[4][0]: (RECORDS[0][0],),
    RECORDS[5][0]: (RECORDS[1][0], RECORDS[2][0]),
}
MISSING = "99" * 32

versions = st.sampled_from([version for version, _ in RECORDS])
anything = st.one_of(versions, versions, versions, st.just(MISSING))
names = st.sampled_from(["a/m", "A/M", "b/n", "top", "d/e/f"])
words = st.lists(st.sampled_from(["x", "y", "z"]), max_size=2)
fields = st.fixed_dictionaries({}, optional={
    "framework": st.sampled_from(["onnx", "torch"]),
    "comment": st.sampled_from(["c", "d"]),
    "labels": st.dictionaries(st.sampled_from("pq"), st.integers(0, 2), max_size=2),
    "metadata": st.dictionaries(st.sampled_from("kl"), st.sampled_from(["v", 3, True, [1, 2]]), max_size=2),
    "metrics": st.dictionaries(st.sampled_from("mn"), st.sampled_from([1, 0.5, math.inf]), max_size=2),
})  # fmt: skip
unsets = st.lists(st.sampled_from(["framework", "comment", "labels.p", "metadata.k", "metrics.m"]), max_size=1)


def _op(op: str, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.just(op), **keys})


adds = _op("add-version", version=versions, model=names)
ops = st.one_of(
    adds,
    _op("tag", version=anything, add=words, remove=words),
    _op("alias", alias=st.sampled_from("uv"), version=anything),
    _op("alias", alias=st.sampled_from("uv"), version=anything, old=versions),
    _op("alias", alias=st.sampled_from("uv"), old=versions),
    _op("edit", version=anything, set=fields, unset=unsets),
    _op("publish", version=anything, publication=st.just("ab" * 32)),
    _op("archive", version=anything),
    _op("restore", version=anything),
    _op("remove", version=anything, force=st.booleans()),
    _op("rename", model=names, to=names),
    _op("setting", key=st.sampled_from("st"), value=st.sampled_from([1, "v", [True]])),
    _op("setting", key=st.sampled_from("st")),
)
entries = st.tuples(st.lists(ops, min_size=1, max_size=3), st.sampled_from([None, "why"]))
stories = st.tuples(
    st.lists(adds, max_size=6).map(lambda found: [([one], None) for one in found]), st.lists(entries, max_size=25)
).map(lambda parts: parts[0] + parts[1])


def _seen(index: Index) -> dict[str, Any]:
    """Return what an index says, in the model's words."""
    rows = read.list_versions(index.db, [row for (row,) in index.db.execute("SELECT row FROM versions ORDER BY row")])
    return {
        "versions": {
            row.id: (row.name, row.number, row.framework, row.comment, row.publication, row.archived, row.removed,
                     set(row.tags), set(row.aliases), row.labels, row.metadata, row.metrics)
            for row in rows
        },
        "names": dict(index.db.execute("SELECT key, line FROM names")),
        "settings": read.read_settings(index.db),
    }  # fmt: skip


def _expected(model: Model) -> dict[str, Any]:
    return {
        "versions": {
            version: (
                model.shown[state.line], state.number, state.framework, state.comment, state.publication,
                state.archived, state.removed, state.tags,
                {alias for (_, alias), holder in model.aliases.items() if holder == version},
                state.tables["labels"], state.tables["metadata"], state.tables["metrics"],
            )
            for version, state in model.versions.items()
        },
        "names": model.names,
        "settings": model.settings,
    }  # fmt: skip


@pytest.mark.slow
@times(0.6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_step_by_step_from_scratch_and_the_model_agree(story: list[tuple[list[dict[str, Any]], str | None]]) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        forger = Forger(Path(folder) / DIRECTORY)
        for version, data in RECORDS:
            forger.put_record(version, data)
        growing, model, previous = forger.index(), Model(PARENTS), ""
        for seq, (wanted, message) in enumerate(story, 1):
            entry = make_entry(seq, *wanted, previous=previous, message=message)
            data = dump_entry(entry)
            rehearsed = growing.rehearse(entry)
            forger.put(seq, data)
            previous = growing.sync().digest
            (void,) = growing.db.execute("SELECT void FROM entries WHERE id = ?", (entry.id,)).fetchone()
            assert rehearsed == void
            assert (void is None) == model.apply(wanted, message), void
        assert _seen(growing) == _expected(model)
        scratch = forger.index(Path(folder) / "index.sqlite")
        assert dump_tables(scratch.db) == dump_tables(growing.db)
        scratch.close()
        growing.close()


junk = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from([date(2026, 1, 1), time(1, 2), datetime(2026, 1, 1), RECORDS[0][0], "ab" * 32, "metadata.k"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["version", "model", "add", "remove", "alias", "old", "set", "unset", "publication", "force", "to", "path",
        "size", "sha256", "xxh3", "key", "value", "undoes"]  # fmt: skip
malformed = st.builds(
    lambda op, keys, real: {**keys, **({"version": RECORDS[0][0]} if real else {}), "op": op},
    st.sampled_from(list(changes.OPS)), st.dictionaries(st.sampled_from(KEYS), junk, max_size=6), st.booleans(),
)  # fmt: skip


@pytest.mark.slow
@times(1.5)
@given(change=malformed)
def test_junk_is_void_or_harmless_and_never_a_crash(change: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        forger = Forger(Path(folder) / DIRECTORY)
        version = forger.record(nonce="root0")
        assert version == RECORDS[0][0]
        forger.entry(changes.add_version(version, ModelName("a/m")))
        forger.entry(change)
        forger.entry(changes.tag(version, add=[TagName("later")]))
        index = forger.index()
        seen = list(iter_changes(index.db))
        assert [row.seq for row in seen] == [1, 2, 3]
        (row,) = read.list_versions(index.db, [1])
        assert "later" in row.tags or row.removed
        index.close()


@pytest.mark.parametrize("change", [
    {"op": "add-version"},
    {"op": "add-version", "version": "x" * 64, "model": "a/m"},
    {"op": "add-version", "version": "../../etc", "model": "a/m"},
    {"op": "add-version", "version": 7, "model": "a/m"},
    {"op": "tag", "version": {"a": 1}},
    {"op": "tag", "version": RECORDS[0][0], "add": "abc"},
    {"op": "tag", "version": RECORDS[0][0], "add": [1]},
    {"op": "alias", "alias": ["prod"], "version": RECORDS[0][0]},
    {"op": "alias", "alias": "prod"},
    {"op": "edit", "version": RECORDS[0][0], "set": {"metadata": 5}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"metadata": {"n": 1 << 70}}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"metrics": {"auc": "high"}}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"design": 5}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"design": {"media": "x", "text": "y", "more": 1}}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"params": {"lr": 1}}},
    {"op": "edit", "version": RECORDS[0][0], "set": {"labels": {"a": "b"}}},
    {"op": "edit", "version": RECORDS[0][0], "unset": ["metadata.none"]},
    {"op": "publish", "version": RECORDS[0][0], "publication": "soon"},
    {"op": "remove", "version": RECORDS[0][0], "force": "yes"},
    {"op": "rename", "model": "a/m", "to": "../up"},
    {"op": "rename", "model": "nobody", "to": "b"},
    {"op": "digest", "version": RECORDS[0][0], "path": "m.bin", "size": 1 << 70, "sha256": "ab" * 32, "xxh3": "1" * 32},
    {"op": "digest", "version": RECORDS[0][0], "path": "other", "size": 1, "sha256": "ab" * 32, "xxh3": "1" * 32},
    {"op": "setting", "value": 1},
], ids=lambda change: repr(change)[:60])  # fmt: skip
def test_a_malformed_change_voids_its_whole_entry(change: dict[str, Any]) -> None:
    catalog = Catalog()
    version = catalog.add(nonce="root0")
    assert version == RECORDS[0][0]
    before = dump_tables(catalog.db)
    void = catalog.apply(changes.tag(version, add=[TagName("t")]), change)
    assert void
    after = dump_tables(catalog.db)
    assert {**after, "entries": (), "changes": ()} == {**before, "entries": (), "changes": ()}
    assert [row.void for row in iter_changes(catalog.db)] == [None, void, void]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as made:
        yield made


@pytest.fixture
def forger(registry: Registry) -> Forger:
    return Forger(registry.path)


def test_a_forged_breach_is_kept_seen_and_without_effect(registry: Registry, forger: Forger) -> None:
    first, second = forger.add("a/m"), forger.add("a/m")
    forger.entry(changes.publish(first, RecordId("ab" * 32)))
    forged = forger.entry(
        changes.tag(second, add=[TagName("half")]), changes.edit(first, put={"labels": {"cat": 1}}), message="haha"
    )
    forger.entry(changes.tag(first, add=[TagName("after")]))
    registry.index.sync()
    assert registry.get_row("a/m:1").labels == {}
    assert registry.get_row("a/m:2").tags == ()
    assert registry.get_row("a/m:1").tags == ("after",)
    void = list(iter_changes(registry.index.db, entry=forged.id))
    assert [row.event for row in void] == [f"{forged.id}/0", f"{forged.id}/1"]
    assert {row.void for row in void} == {"a/m:1 is published: `edit framework, labels, design` is not allowed"}
    assert void[1].change["set"] == {"labels": {"cat": 1}}
    assert tag_versions(registry, ["a/m:2"], add=[TagName("goes-on")])[0].tags == ("goes-on",)


def test_a_rebuild_rolls_void_entries_back_too(registry: Registry, forger: Forger) -> None:
    version = forger.add("a/m")
    for at in range(20):
        forger.entry(changes.tag(version, add=[TagName(f"t{at}")]), changes.restore(version))
    forger.entry(changes.tag(version, add=[TagName("good")]))
    assert registry.get_row("a/m").tags == ("good",)
    registry.close()
    registry.layout.index.unlink()
    assert registry.get_row("a/m").tags == ("good",)


@pytest.mark.parametrize(("fields", "change"), [
    ({"rules": RULES + 98}, {"op": "tag", "version": "00" * 32, "add": ["x"]}),
    ({}, {"op": "transmogrify", "version": "00" * 32}),
])  # fmt: skip
def test_what_is_not_understood_makes_the_registry_read_only(
    registry: Registry, forger: Forger, fields: dict[str, Any], change: dict[str, Any]
) -> None:
    forger.add("a/m")
    forger.entry(change, **fields)
    later = forger.add("a/m")
    assert registry.get_row("a/m").id == later
    with pytest.raises(RefusedError, match="read-only for this program"):
        registry.check_writable()
    with pytest.raises(RefusedError, match="read-only for this program") as refused:
        tag_versions(registry, ["a/m:1"], add=[TagName("x")])
    assert refused.value.hint == "reg --version"
    assert forger.head().seq == 3
    registry.close()
    with pytest.raises(RefusedError):
        registry.check_writable()
    assert [row.void is None for row in iter_changes(registry.index.db)] == [True, False, True]


def test_a_second_entry_of_one_id_is_void(registry: Registry, forger: Forger) -> None:
    version = forger.add("a/m")
    first = forger.entry(changes.tag(version, add=[TagName("x")]))
    for _ in range(2):
        forger.entry(changes.tag(version, remove=[TagName("x")]), id=first.id)
    forger.entry(changes.tag(version, add=[TagName("y")]), id=EntryId(f"{first.id}~4"))
    assert registry.get_row("a/m").tags == ("x",)
    assert [row.void is None for row in iter_changes(registry.index.db)] == [True, True, False, False, False]


def test_a_broken_chain_names_the_slot(registry: Registry, forger: Forger) -> None:
    forger.add("a/m")
    forger.entry(changes.setting("s", 1), previous="00" * 32)
    with pytest.raises(CorruptError, match=r"log/000000/000002\.toml does not follow"):
        _ = registry.index


def test_an_edited_entry_names_the_slot_after_it(registry: Registry, forger: Forger) -> None:
    version = forger.add("a/m")
    for tag in "xyz":
        forger.entry(changes.tag(version, add=[TagName(tag)]))
    slot = registry.layout.slot(2)
    good = slot.read_bytes()
    slot.write_bytes(good.replace(b'"x"', b'"w"'))
    with pytest.raises(CorruptError, match=r"000002\.toml was changed after it was written"):
        _ = registry.index
    slot.write_bytes(seal(good.replace(b'"x"', b'"w"').rpartition(b"# ")[0]))
    with pytest.raises(CorruptError, match=r"000003\.toml does not follow"):
        _ = registry.index
    slot.write_bytes(seal(b"seq = ["))
    with pytest.raises(CorruptError, match=r"000002\.toml cannot be read"):
        _ = registry.index


@pytest.mark.parametrize("line", ["author = 5", "rules = 'one'", "id = {a = 1}", "time = 1", "changes = 3"])
def test_an_entry_of_wrong_types_names_the_slot(registry: Registry, forger: Forger, line: str) -> None:
    data = dump_entry(make_entry(1, changes.setting("s", 1))).decode()
    key = line.partition(" ")[0]
    if key == "changes":
        data = data[: data.index("changes")].strip("[\n") + f"\n{line}\n# "
    else:
        data = "\n".join(line if row.startswith(f"{key} = ") else row for row in data.splitlines())
    forger.put(1, seal(data.rpartition("# ")[0].encode()))
    with pytest.raises(CorruptError, match=r"000001\.toml"):
        _ = registry.index


def test_a_missing_or_damaged_record_is_named(registry: Registry, forger: Forger) -> None:
    version = forger.add("a/m")
    forger.add("a/other")
    path = registry.layout.record(version)
    good = path.read_bytes()
    path.write_bytes(good + b"\n")
    with pytest.raises(CorruptError, match=f"a/m:1 is damaged: .*{version[2:]}"):
        registry.get_row("a/m")
    assert registry.get_row("a/other").number == 1
    path.unlink()
    registry.close()
    registry.layout.index.unlink()
    with pytest.raises(CorruptError, match=f"a/m:1 is damaged: .*{version[2:]}.toml is missing"):
        registry.get_row("a/m")
    registry.close()
    path.write_bytes(good)
    assert registry.get_row("a/m").id == version


def test_a_record_that_an_index_cannot_hold_is_corrupt(registry: Registry, forger: Forger) -> None:
    forger.add("a/m", metadata={"n": 1 << 70})
    with pytest.raises(CorruptError, match="is no version record"):
        registry.get_row("a/m")


def test_numbers_are_never_given_twice() -> None:
    catalog = Catalog()
    first = catalog.add()
    assert catalog.apply(changes.remove(first)) is None
    assert catalog.apply(changes.add_version(first, ModelName("a/m"))) == f"version {first[:12]} is there already"
    catalog.add()
    assert catalog.db.execute("SELECT number, removed FROM versions ORDER BY row").fetchall() == [(1, 1), (2, 0)]


def test_an_alias_belongs_to_its_line() -> None:
    catalog = Catalog()
    one, other = catalog.add("a/m"), catalog.add("b/n")
    prod = AliasName("prod")
    assert catalog.apply(changes.alias(prod, version=one, old=None)) is None
    assert catalog.apply(changes.alias(prod, version=other, old=None)) is None
    assert "moved by somebody else" in str(catalog.apply(changes.alias(prod, version=other, old=one)))
    assert "moved by somebody else" in str(catalog.apply(changes.alias(prod, version=one, old=None)))


def test_a_digest_is_learned_once() -> None:
    catalog = Catalog()
    version = catalog.add(files=(FileEntry("m.bin", url="https://x/m.bin"),))

    def learn(sha256: str) -> str | None:
        return catalog.apply(changes.digest(version, "m.bin", size=9, sha256=sha256, xxh3="1" * 32))

    assert learn("ab" * 32) is None
    assert learn("ab" * 32) is None
    assert "known with another digest" in str(learn("cd" * 32))
    assert catalog.db.execute("SELECT size FROM versions").fetchone() == (9,)


def test_before_says_what_undo_needs() -> None:
    catalog = Catalog()
    version = catalog.add(framework="onnx", metadata={"k": "v"})
    assert catalog.apply(changes.tag(version, add=[TagName("t")])) is None
    edit = changes.edit(version, put={"comment": "c", "metadata": {"k": 1, "new": 2}}, unset=["framework"])
    assert catalog.apply(changes.tag(version, add=[TagName("t"), TagName("u")], remove=[TagName("w")]), edit) is None
    tag, edited = list(iter_changes(catalog.db))[-2:]
    assert tag.before == {"added": ["u"], "removed": []}
    assert edited.before is not None
    assert edited.before["set"] == {"framework": "onnx", "metadata": {"k": "v"}}
    assert sorted(edited.before["unset"]) == ["comment", "metadata.new"]  # type: ignore[call-overload]


def test_a_key_named_time_is_no_time() -> None:
    catalog = Catalog()
    version = catalog.add(metadata={"a": {"$time": "noon"}})
    assert isinstance(version, str)
    (row,) = read.list_versions(catalog.db, [1])
    assert row.metadata == {"a": {"$time": "noon"}}
    assert VersionId(row.id) == version
