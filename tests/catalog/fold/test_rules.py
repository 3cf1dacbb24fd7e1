"""The table of what is allowed, checked against the fold that obeys it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from registry_cli.catalog.fold import changes, rules
from registry_cli.catalog.fold.changes import Change
from registry_cli.ids import AliasName, RecordId, TagName, VersionId
from tests.catalog.builders import Catalog

PUBLICATION = RecordId("ab" * 32)
MAKE: dict[str, Callable[[VersionId], Change]] = {
    changes.TAG: lambda v: changes.tag(v, add=[TagName("t")]),
    changes.ALIAS: lambda v: changes.alias(AliasName("prod"), version=v, old=None),
    rules.EDIT_OPEN: lambda v: changes.edit(v, put={"comment": "c", "metadata": {"k": 1}, "metrics": {"m": 0.5}}),
    rules.EDIT_SEALED: lambda v: changes.edit(v, put={"labels": {"cat": 1}}),
    changes.DIGEST: lambda v: changes.digest(v, "m.bin", size=3, sha256="cd" * 32, xxh3="ef" * 16),
    changes.PUBLISH: lambda v: changes.publish(v, PUBLICATION),
    changes.ARCHIVE: changes.archive,
    changes.RESTORE: changes.restore,
    changes.REMOVE: changes.remove,
}
INTO: dict[str, Callable[[VersionId], Change]] = {
    "published": lambda v: changes.publish(v, PUBLICATION),
    "archived": changes.archive,
    "removed": lambda v: changes.remove(v, force=True),
}


def _in(catalog: Catalog, states: Sequence[str]) -> VersionId:
    version = catalog.add()
    for state in states:
        if state != "draft":
            assert catalog.apply(INTO[state](version), message="why") is None
    return version


def _answer(catalog: Catalog, kind: str, version: VersionId) -> str:
    if catalog.apply(MAKE[kind](version)) is None:
        return "yes"
    forced = {**MAKE[kind](version), "force": True}
    assert catalog.apply(forced) is not None, "force without a reason"
    return "force" if catalog.apply(forced, message="why") is None else "no"


def test_every_kind_of_change_is_in_the_table() -> None:
    assert set(MAKE) == set(rules.ALLOWED)
    elsewhere = {changes.ADD_VERSION, changes.RENAME, changes.SETTING, changes.EDIT, changes.TASK, *changes.COLLECTION}
    on_versions = set(changes.OPS) - elsewhere
    assert set(rules.ALLOWED) == on_versions | {rules.EDIT_OPEN, rules.EDIT_SEALED}


@pytest.mark.parametrize("kind", rules.ALLOWED)
@pytest.mark.parametrize("state", rules.STATUSES)
def test_the_fold_answers_as_the_table_says(kind: str, state: str) -> None:
    catalog = Catalog()
    expected = rules.ALLOWED[kind][rules.STATUSES.index(state)]  # type: ignore[arg-type]
    assert _answer(catalog, kind, _in(catalog, [state])) == expected


@pytest.mark.parametrize("kind", rules.ALLOWED)
def test_of_two_states_the_stricter_counts(kind: str) -> None:
    catalog = Catalog()
    published, archived = rules.ALLOWED[kind][1], rules.ALLOWED[kind][2]
    expected = "yes" if kind == changes.RESTORE else min(published, archived, key=("no", "force", "yes").index)
    assert _answer(catalog, kind, _in(catalog, ["published", "archived"])) == expected


@pytest.mark.parametrize("field", ["framework", "labels", "design"])
def test_each_sealed_field_is_sealed(field: str) -> None:
    values: dict[str, object] = {"framework": "x", "labels": {"a": 1}, "design": {"media": "text/plain", "text": "x"}}
    catalog = Catalog()
    version = _in(catalog, ["published"])
    assert catalog.apply(changes.edit(version, put={field: values[field]}))
    assert catalog.apply(changes.edit(version, put={"comment": "c", field: values[field]}))
    assert catalog.apply(changes.edit(version, put={}, unset=[f"{field}.a" if field == "labels" else field]))
    assert catalog.db.execute("SELECT comment FROM versions").fetchone() == (None,)


def test_statuses() -> None:
    assert rules.statuses_of(published=False, archived=False, removed=False) == ["draft"]
    assert rules.statuses_of(published=True, archived=True, removed=False) == ["published", "archived"]
    assert rules.statuses_of(published=True, archived=True, removed=True) == ["removed"]


def test_the_last_state_is_what_restore_ends() -> None:
    catalog = Catalog()
    version = _in(catalog, ["archived", "removed"])
    assert catalog.apply(changes.restore(version)) is None
    assert catalog.db.execute("SELECT archived, removed FROM versions").fetchone() == (1, 0)
    assert catalog.apply(changes.restore(version)) is None
    assert catalog.db.execute("SELECT archived, removed FROM versions").fetchone() == (0, 0)
    assert catalog.apply(changes.restore(version)) is not None


def test_removal_wants_force_where_something_leans_on_the_version() -> None:
    catalog = Catalog()
    base = catalog.add()
    child = catalog.add(parents=(base,))
    assert catalog.apply(changes.alias(AliasName("prod"), version=child, old=None)) is None
    assert "is a parent of a/m:2" in str(catalog.apply(changes.remove(base)))
    assert "holds alias prod" in str(catalog.apply(changes.remove(child)))
    assert catalog.apply(changes.remove(child, force=True), message="old") is None
    assert catalog.db.execute("SELECT count(*) FROM aliases").fetchone() == (0,)
    assert catalog.apply(changes.remove(base)) is None  # its only child is gone
