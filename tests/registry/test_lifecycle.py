"""Publish, archive, restore, remove, rename."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.errors import ConflictError, CorruptError, NotFoundError, RefusedError, UsageError
from registry_cli.ids import AliasName, parse_model_name
from registry_cli.opening import Registry
from registry_cli.records.codec import load_publication
from registry_cli.registry.add import add_files
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.registry.editing import Edit, edit_versions
from registry_cli.registry.get import open_path
from registry_cli.registry.lifecycle import (
    archive_versions,
    publish_versions,
    remove_versions,
    rename_model,
    restore_versions,
)
from registry_cli.registry.verify import list_faults
from registry_cli.store.blobs import get_record
from tests.catalog.builders import Forger
from tests.registry.making import add, add_metrics


def test_a_publication_holds_what_is_true_now_and_is_named_by_its_bytes(registry: Registry) -> None:
    base = add(registry, "a/base")
    add(registry, "a/m", labels={"cat": 1}, metrics={"acc": 0.5}, framework="onnx", design="{}",
        parents=(("continue", "a/base"),))  # fmt: skip
    design = DesignSource(b"new", "text/plain")
    edit_versions(
        registry, ["a/m"], Edit(put={"metrics.auc": 0.7}, labels={"dog": 2}, framework="torch", design=design)
    )
    (row,) = publish_versions(registry, ["a/m:1"], message="ship it")
    assert row.published
    assert row.publication is not None
    data = get_record(registry.layout, row.publication)
    assert hashlib.sha256(data).hexdigest() == row.publication
    publication = load_publication(data, "it")
    assert (publication.version, publication.author, publication.files) == (row.id, "tester", row.files)
    assert (publication.labels, publication.framework) == ({"cat": 1, "dog": 2}, "torch")
    assert publication.metrics == {"acc": 0.5, "auc": 0.7}
    assert publication.design == row.design
    assert [(parent.id, parent.role) for parent in publication.parents] == [(base.id, "continue")]
    assert b"a/m" not in data  # no name, no number, no slot
    assert list_faults(registry, row, strong=True) == []


def test_publishing_again_changes_nothing(registry: Registry) -> None:
    add(registry, "a/m")
    first = publish_versions(registry, ["a/m:1"])
    head = registry.index.head
    assert publish_versions(registry, ["a/m:1"]) == first
    assert registry.index.sync() == head


def test_publishing_many_is_one_entry(registry: Registry) -> None:
    rows = add_metrics(registry, "a/m", {}, {})
    published = publish_versions(registry, ["a/m:1", rows[1].id])
    assert all(row.published for row in published)
    assert registry.index.head.seq == 3


def test_a_bare_name_cannot_be_sealed_or_hidden(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    for verb, act in (("publish", publish_versions), ("archive", archive_versions), ("remove", remove_versions)):
        with pytest.raises(UsageError, match="exact version") as refused:
            act(registry, ["a/m"])
        assert refused.value.hint == f"reg model {verb} a/m:2"


def test_what_is_hidden_cannot_be_published(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    archive_versions(registry, ["a/m:1"])
    remove_versions(registry, ["a/m:2"])
    for ref, state in (("a/m:1", "archived"), ("a/m:2", "removed")):
        with pytest.raises(RefusedError, match=f"{ref} is {state}") as refused:
            publish_versions(registry, [ref])
        assert refused.value.hint == f"reg model restore {ref}"


def test_rotten_bytes_are_not_published(registry: Registry) -> None:
    row = add(registry, "a/m")
    assert row.files[0].sha256 is not None
    blob = registry.layout.blob(row.files[0].sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(CorruptError, match=r"a/m:1: model\.bin"):
        publish_versions(registry, ["a/m:1"])
    blob.unlink()
    with pytest.raises(CorruptError, match="missing"):
        publish_versions(registry, ["a/m:1"])
    assert not registry.get_row("a/m").published


def test_an_external_file_is_read_before_it_is_sealed(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "there.bin"
    file.write_bytes(b"weights")
    row = add_files(registry, Draft(parse_model_name("a/m")), [file], mode="reference").version
    file.write_bytes(b"weightX")
    with pytest.raises(CorruptError, match="changed"):
        publish_versions(registry, [row.ref])
    file.unlink()
    with pytest.raises(NotFoundError, match="is gone"):
        publish_versions(registry, [row.ref])
    assert not registry.get_row(row.ref).published
    file.write_bytes(b"weights")
    (row,) = publish_versions(registry, [row.ref])
    assert row.files[0].sha256 == hashlib.sha256(b"weights").hexdigest()


def test_no_writer_can_unseal(registry: Registry) -> None:
    row = add(registry, "a/m", labels={"cat": 1})
    publish_versions(registry, ["a/m:1"])
    forger = Forger(registry.path)
    forger.entry(changes.edit(row.id, put={"labels": {"cat": 2}}), message="forced")
    forger.entry(changes.publish(row.id, row.id))
    forger.entry(changes.digest(row.id, "model.bin", size=1, sha256="ab" * 32, xxh3="cd" * 16))
    registry.index.sync()
    after = registry.get_row("a/m")
    assert (after.labels, after.files) == ({"cat": 1}, row.files)
    assert after.publication != row.id


def test_archive_and_restore(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    (row,) = archive_versions(registry, ["a/m:2"])
    assert row.archived
    head = registry.index.head
    archive_versions(registry, ["a/m:2"])
    assert registry.index.sync() == head
    assert registry.get_row("a/m").number == 1
    assert [version.ref for version in registry.query()] == ["a/m:1"]
    assert [version.ref for version in registry.query(include_archived=True)] == ["a/m:2", "a/m:1"]
    assert open_path(registry, row).read_bytes() == b"weights 1"
    (row,) = restore_versions(registry, ["a/m:2", "a/m:1"])[:1]
    assert not row.archived
    assert registry.get_row("a/m").number == 2


def test_remove_keeps_record_and_number(registry: Registry) -> None:
    add_metrics(registry, "a/m", {}, {})
    (row,) = remove_versions(registry, ["a/m:2"], message="bad")
    assert row.removed
    assert registry.layout.record(row.id).exists()
    assert add(registry, "a/m").number == 3
    with pytest.raises(RefusedError, match="was removed") as refused:
        open_path(registry, registry.get_row("a/m:2"))
    assert refused.value.hint == "reg model restore a/m:2"
    assert not restore_versions(registry, ["a/m:2"])[0].removed


def test_removing_twice_changes_nothing(registry: Registry) -> None:
    add(registry, "a/m")
    remove_versions(registry, ["a/m:1"])
    head = registry.index.head
    assert remove_versions(registry, ["a/m:1"])[0].removed
    assert registry.index.sync() == head


def test_what_is_leaned_on_takes_force_and_a_reason(registry: Registry) -> None:
    add(registry, "a/published")
    publish_versions(registry, ["a/published:1"])
    add(registry, "a/aliased")
    set_alias(registry, "a/aliased:1", AliasName("prod"))
    add(registry, "a/parent")
    add(registry, "a/child", parents=(("base", "a/parent"),))
    for name, why in (("published", "is published"), ("aliased", "holds alias prod"), ("parent", "is a parent of")):
        ref = f"a/{name}:1"
        with pytest.raises(RefusedError, match=f"{ref} {why}.*--force and a reason"):
            remove_versions(registry, [ref], message="reason alone")
        with pytest.raises(UsageError, match="takes a reason"):
            remove_versions(registry, [ref], force=True)
        assert remove_versions(registry, [ref], force=True, message="both")[0].removed
    assert registry.get_row("a/aliased:1").aliases == ()


def test_bytes_that_are_gone_cannot_be_restored(registry: Registry) -> None:
    row = add(registry, "a/m")
    remove_versions(registry, ["a/m:1"])
    assert row.files[0].sha256 is not None
    os.unlink(registry.layout.blob(row.files[0].sha256))
    with pytest.raises(RefusedError, match=r"the bytes of model\.bin of a/m:1 are gone"):
        restore_versions(registry, ["a/m:1"])


def test_rename(registry: Registry) -> None:
    row = add(registry, "a/m", aliases=("prod",))
    assert rename_model(registry, "a/m", "b/New Name", message="why") == "b/New Name"
    assert registry.get_row("b/new name@prod").id == row.id
    assert registry.get_row("a/m:1").ref == "b/New Name:1"
    assert add(registry, "a/m").ref == "b/New Name:2"
    assert rename_model(registry, "a/m", "b/new name") == "b/new name"  # only the spelling
    head = registry.index.head
    rename_model(registry, "b/new name", "b/new name")
    assert registry.index.sync() == head


def test_a_taken_name_cannot_be_had(registry: Registry) -> None:
    add(registry, "a/m")
    add(registry, "b/n")
    rename_model(registry, "a/m", "a/later")
    for taken in ("b/n", "B/N", "a/m"):
        source = "b/n" if taken == "a/m" else "a/later"
        with pytest.raises(ConflictError, match="names another model, or once did"):
            rename_model(registry, source, taken)
    assert rename_model(registry, "a/later", "a/m") == "a/m"
    with pytest.raises(NotFoundError):
        rename_model(registry, "no/body", "x/y")
    for wrong in ("../x", "deadbeef", ""):
        with pytest.raises(UsageError):
            rename_model(registry, "a/m", wrong)
