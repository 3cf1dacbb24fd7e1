"""Tags, fields, and drafts on the same bytes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.ids import TagName, parse_model_name
from registry_cli.opening import Registry
from registry_cli.records.parts import INLINE_DESIGN
from registry_cli.registry.draft import DesignSource
from registry_cli.registry.editing import Edit, derive_version, edit_versions, tag_versions
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions
from registry_cli.registry.verify import list_faults
from registry_cli.store.hashing import digest_bytes
from tests.registry.making import add, add_metrics
from tests.secrets.planted import PLANTED


def _tags(*words: str) -> list[TagName]:
    return [TagName(word) for word in words]


def test_tags_of_many_versions_in_one_entry(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    rows = tag_versions(registry, ["a/m:1", "a/m:2", "a/m"], add=_tags("x", "y"), message="why")
    assert [(row.number, row.tags) for row in rows] == [(1, ("x", "y")), (2, ("x", "y"))]
    (one, two) = iter_changes(registry.index.db, after=2)
    assert (one.entry, one.message) == (two.entry, "why")
    assert tag_versions(registry, ["a/m:1"], add=_tags("z"), remove=_tags("x", "none"))[0].tags == ("y", "z")


def test_tags_that_are_there_already_write_nothing(registry: Registry) -> None:
    add(registry, "a/m", tags=("x",))
    tag_versions(registry, ["a/m"], add=_tags("x"), remove=_tags("none"))
    assert registry.index.sync().seq == 1


def test_a_tag_to_be_added_and_removed(registry: Registry) -> None:
    add(registry, "a/m")
    with pytest.raises(UsageError, match="tag x cannot be both added and removed"):
        tag_versions(registry, ["a/m"], add=_tags("x", "y"), remove=_tags("x"))


def test_one_that_cannot_be_tagged_keeps_the_others_untagged(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    remove_versions(registry, ["a/m:1"])
    with pytest.raises(RefusedError, match="a/m:1 is removed"):
        tag_versions(registry, ["a/m:2", "a/m:1"], add=_tags("x"))
    assert registry.get_row("a/m:2").tags == ()


def test_every_field(registry: Registry) -> None:
    add(registry, "a/m", metrics={"acc": 0.5}, metadata={"owner": "ann", "old": 1}, labels={"cat": 1}, framework="onnx")
    when = datetime(2026, 1, 2, tzinfo=UTC)
    edit = Edit(
        put={"metadata.owner": "bob", "metadata.when": when, "metadata.list": [1, "a"], "metrics.auc": math.nan},
        unset=("metadata.old", "labels.cat"), labels={"dog": 2}, design=DesignSource(b"{}", "application/json"),
        framework="torch", comment="good",
    )  # fmt: skip
    (row,) = edit_versions(registry, ["a/m"], edit, message="why")
    assert row.metadata == {"owner": "bob", "when": when, "list": [1, "a"]}
    assert row.metrics["acc"] == 0.5
    assert math.isnan(float(str(row.metrics["auc"])))
    assert (row.labels, row.framework, row.comment) == ({"dog": 2}, "torch", "good")
    assert row.design is not None
    assert (row.design.text, row.design.media) == ("{}", "application/json")
    (row,) = edit_versions(registry, ["a/m"], Edit(unset=("framework", "comment", "design")))
    assert (row.framework, row.comment, row.design) == (None, None, None)
    (row,) = edit_versions(registry, ["a/m"], Edit(put={"framework": "x", "comment": "y", "metadata.owner": None}))
    assert (row.framework, row.comment, "owner" in row.metadata) == ("x", "y", False)
    assert [found.ref for found in registry.query("metadata.list = '[1, \"a\"]' and labels.dog = 2")] == ["a/m:1"]


def test_a_long_design_is_a_blob(registry: Registry) -> None:
    add(registry, "a/m")
    data = b"layer\r\n" * INLINE_DESIGN
    (row,) = edit_versions(registry, ["a/m"], Edit(design=DesignSource(data, "text/plain")))
    assert row.design is not None
    digests = digest_bytes(data)
    assert (row.design.sha256, row.design.size, row.design.text) == (digests.sha256, len(data), None)
    assert registry.layout.blob(digests.sha256).read_bytes() == data


def test_an_edit_of_nothing_writes_nothing(registry: Registry) -> None:
    add(registry, "a/m")
    edit_versions(registry, ["a/m"], Edit())
    assert registry.index.sync().seq == 1


@pytest.mark.parametrize("edit", [
    Edit(put={"metadata.on": True, "metrics.loss": math.nan, "comment": "c"}),
    Edit(labels={"cat": 1}, framework="onnx"),
    Edit(design=DesignSource(b"{}", "application/json")),
])  # fmt: skip
def test_what_is_so_already_writes_nothing(registry: Registry, edit: Edit) -> None:
    design = DesignSource(b"{}", "application/json")
    add(registry, "a/m", labels={"cat": 1}, framework="onnx")
    first = Edit(put={"metadata.on": True, "metrics.loss": math.nan, "comment": "c"}, design=design)
    edit_versions(registry, ["a/m"], first)
    edit_versions(registry, ["a/m"], edit)
    assert registry.index.sync().seq == 2
    edit_versions(registry, ["a/m"], Edit(put={"metadata.on": 1}))
    assert registry.index.sync().seq == 3


@pytest.mark.parametrize("edit", [
    Edit(put={"params.lr": 1}),
    Edit(put={"number": 3}),
    Edit(put={"metadata": 3}),
    Edit(put={"metrics.acc": "high"}),
    Edit(put={"metrics.acc": True}),
    Edit(unset=("metadata",)),
    Edit(unset=("number",)),
    Edit(unset=("params.lr",)),
    Edit(put={"id": None}),
])  # fmt: skip
def test_what_cannot_be_set_or_unset(registry: Registry, edit: Edit) -> None:
    add(registry, "a/m", params={"lr": 1})
    with pytest.raises(UsageError) as refused:
        edit_versions(registry, ["a/m"], edit)
    assert refused.value.message
    assert registry.index.sync().seq == 1


@pytest.mark.parametrize("edit", [
    Edit(labels={"dog": 1}),
    Edit(put={"metadata.k": 1}, unset=("metadata.k",)),
    Edit(labels={"cat": 2}, unset=("labels.cat",)),
])  # fmt: skip
def test_what_contradicts_is_refused(registry: Registry, edit: Edit) -> None:
    add(registry, "a/m", labels={"cat": 1})
    with pytest.raises(UsageError):
        edit_versions(registry, ["a/m"], edit)
    assert registry.index.sync().seq == 1


def test_what_is_not_set_need_not_be_unset(registry: Registry) -> None:
    add(registry, "a/m", metadata={"k": 1, "deep": {"er": 2}})
    assert edit_versions(registry, ["a/m"], Edit(unset=("metadata.none", "labels.x", "comment")))[0].metadata["k"] == 1
    assert registry.index.sync().seq == 1
    edited = edit_versions(registry, ["a/m"], Edit(put={"metadata.deep.er": 3}, unset=("metadata.none", "metadata.k")))[
        0
    ]
    assert edited.metadata == {"deep": {"er": 3}}


SEALED: list[dict[str, Any]] = [
    {"labels": {"x": 1}}, {"framework": "x"}, {"design": DesignSource(b"x", "text/plain")},
    {"unset": ("labels.cat",)}, {"unset": ("framework",)}, {"put": {"framework": "x", "comment": "x"}},
]  # fmt: skip


@pytest.mark.parametrize("sealed", SEALED, ids=str)
def test_a_published_version_is_sealed(registry: Registry, sealed: dict[str, Any]) -> None:
    add(registry, "a/m", labels={"cat": 1}, framework="onnx")
    before = publish_versions(registry, ["a/m:1"])[0]
    with pytest.raises(RefusedError, match="a/m:1 is published"):
        edit_versions(registry, ["a/m"], Edit(**sealed))
    assert registry.get_row("a/m") == before


def test_a_published_version_takes_the_rest(registry: Registry) -> None:
    add(registry, "a/m")
    publish_versions(registry, ["a/m:1"])
    (row,) = edit_versions(registry, ["a/m"], Edit(put={"metrics.late": 1, "metadata.k": "v"}, comment="c"))
    assert (row.metrics, row.metadata["k"], row.comment) == ({"late": 1}, "v", "c")
    assert tag_versions(registry, ["a/m"], add=_tags("x"))[0].tags == ("x",)


def test_derive_goes_on_with_the_same_bytes(registry: Registry) -> None:
    base = add(
        registry, "a/m", labels={"cat": 1, "dog": 2}, framework="onnx", step=7, metrics={"acc": 0.5},
        metadata={"k": "v"}, params={"lr": 1}, design='{"a": 1}', tags=("x",), aliases=("prod",),
    )  # fmt: skip
    publish_versions(registry, ["a/m:1"])
    edit = Edit(put={"metadata.new": 1, "metrics.acc": 0.6}, unset=("labels.dog",), labels={"emu": 3})
    row = derive_version(registry, "a/m@prod", edit, message="why")
    assert (row.ref, row.files, row.published) == ("a/m:2", base.files, False)
    assert [(parent.id, parent.role) for parent in row.parents] == [(base.id, "derive")]
    assert (row.labels, row.metrics, row.metadata) == ({"cat": 1, "emu": 3}, {"acc": 0.6}, {"k": "v", "new": 1})
    assert (row.framework, row.step, row.params, row.design) == ("onnx", 7, {"lr": 1}, base.design)
    assert (row.tags, row.aliases, row.comment) == ((), (), "why")
    assert list_faults(registry, row, strong=True) == []


def test_derive_under_another_name_with_another_design(registry: Registry) -> None:
    add(registry, "a/m", design="{}", framework="onnx")
    edit = Edit(design=DesignSource(b"x", "text/plain"), framework="torch", comment="c")
    row = derive_version(registry, "a/m", edit, name=parse_model_name("b/n"))
    assert (row.ref, row.framework, row.comment) == ("b/n:1", "torch", "c")
    assert row.design is not None
    assert row.design.text == "x"
    assert derive_version(registry, "a/m", Edit(unset=("design",))).design is None


def test_what_cannot_be_derived(registry: Registry) -> None:
    add(registry, "a/m", labels={"cat": 1})
    for edit in (Edit(labels={"dog": 1}), Edit(put={"x": 1}), Edit(unset=("x",))):
        with pytest.raises(UsageError):
            derive_version(registry, "a/m", edit)
    with pytest.raises(NotFoundError):
        derive_version(registry, "a/none", Edit())
    archive_versions(registry, ["a/m:1"])
    assert derive_version(registry, "a/m:1", Edit()).number == 2
    remove_versions(registry, ["a/m:1"], force=True, message="why")
    with pytest.raises(RefusedError, match="was removed") as refused:
        derive_version(registry, "a/m:1", Edit())
    assert refused.value.hint == "reg model restore a/m:1"


@pytest.mark.parametrize("edit", [
    Edit(put={"metadata.source": PLANTED["github"]}), Edit(comment=f"with {PLANTED['github']}"),
    Edit(put={"comment": PLANTED["github"]}), Edit(put={"metadata.all": ["a", PLANTED["github"]]}),
], ids=str)  # fmt: skip
def test_a_token_in_an_edit_is_refused(registry: Registry, edit: Edit) -> None:
    add(registry, "a/m")
    for change in (lambda: edit_versions(registry, ["a/m"], edit), lambda: derive_version(registry, "a/m", edit)):
        with pytest.raises(UsageError, match="holds a GitHub token, and a record is permanent"):
            change()
    assert registry.index.sync().seq == 1
