"""Why a version stays or goes, in words."""

from __future__ import annotations

from hashlib import sha256

import pytest

from registry_cli.catalog.fold.replay import Replay
from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError
from registry_cli.ids import RecordId, new_ulid
from registry_cli.records.codec import dump_version, load_version
from registry_cli.registry.api import Registry
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.gc.explain import Explanation, explain_version
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions
from registry_cli.store.blobs import get_record
from tests.registry.gc.conftest import Later
from tests.registry.making import add


def states(found: Explanation) -> list[str]:
    return [file.state for file in found.files]


def test_a_version_that_is_held(registry: Registry) -> None:
    row = add(registry, "a/m", aliases=("prod",), tags=("keep",))
    publish_versions(registry, [row.ref])
    add(registry, "a/child", parents=(("base", row.id),))
    found = explain_version(registry, "a/m:1")
    assert found.stays
    assert found.why == (
        "it is not removed", "it is published", "it holds the alias prod", "it has the tag keep",
        "a/child:1 was made from it",
    )  # fmt: skip
    assert states(found) == ["stays"]
    assert found.hint == "reg model remove a/m:1 --force -m 'why'"


def test_a_parent_is_removed_with_force(registry: Registry) -> None:
    row = add(registry, "a/m")
    add(registry, "a/child", parents=(("base", row.id),))
    archive_versions(registry, ["a/m:1"])
    found = explain_version(registry, "a/m:1")
    assert found.why == ("it is not removed", "it is archived", "a/child:1 was made from it")
    assert found.hint == "reg model remove a/m:1 --force -m 'why'"


@pytest.mark.slow
def test_a_version_on_its_way_out(registry: Registry, later: Later) -> None:
    add(registry, "a/m", b"bytes")
    remove_versions(registry, ["a/m:1"])
    found = explain_version(registry, "a/m:1")
    assert (found.stays, found.why, states(found)) == (False, ("it was removed",), ["is announced by the next gc"])
    assert found.hint == "reg model restore a/m:1"
    run_collection(registry)
    assert states(explain_version(registry, "a/m:1"))[0].startswith("announced, goes to the trash after 20")
    with later():
        run_collection(registry)
    assert states(explain_version(registry, "a/m:1"))[0].startswith("in the trash, deleted after 20")
    with later():
        run_collection(registry)
    found = explain_version(registry, "a/m:1")
    assert states(found)[0].startswith("deleted on 20")
    assert found.hint == "reg model add --help"


def test_bytes_that_another_version_holds(registry: Registry) -> None:
    for name in ("a/m", "b/m"):
        add(registry, name, b"same")
    remove_versions(registry, ["a/m:1"])
    assert states(explain_version(registry, "a/m:1")) == ["stays: b/m:1 holds the same bytes"]


def test_what_was_removed_by_force(registry: Registry) -> None:
    add(registry, "a/m")
    publish_versions(registry, ["a/m:1"])
    remove_versions(registry, ["a/m:1"], force=True, message="why")
    found = explain_version(registry, "a/m:1")
    assert found.stays
    assert found.why == ("it was removed, and its bytes stay all the same: published",)
    assert found.hint == "reg gc --forced"


def test_the_log_is_not_folded_for_it(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    add(registry, "a/m", b"bytes")
    add(registry, "b/m", b"other")
    remove_versions(registry, ["b/m:1"])
    monkeypatch.setattr(Replay, "fold_all", lambda *_: pytest.fail("the log was folded"))
    assert states(explain_version(registry, "a/m:1")) == ["stays"]
    assert states(explain_version(registry, "b/m:1")) == ["is announced by the next gc"]
    assert registry.index.db.execute("SELECT count(*) FROM versions").fetchone() == (2,)  # it is still open


def test_bytes_that_a_lost_entry_may_name(registry: Registry) -> None:
    row = add(registry, "a/m", b"bytes")
    remove_versions(registry, ["a/m:1"])
    version = load_version(get_record(registry.layout, row.id), "it")
    data = dump_version(replace(version, nonce=new_ulid()))
    registry.layout.record(RecordId(sha256(data).hexdigest())).write_bytes(data)
    assert states(explain_version(registry, "a/m:1")) == ["stays"]


def test_nothing_of_that_name(registry: Registry) -> None:
    with pytest.raises(NotFoundError):
        explain_version(registry, "a/m:1")
