"""Which blobs the catalog names, by whom, and how far collections are with the rest."""

from __future__ import annotations

from typing import Any

import pytest

from registry_cli.catalog import connection
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import garbage, needs, uses
from registry_cli.ids import KEEP_TAG, BlobHash, TagName, TaskId, Xxh3, new_ulid
from registry_cli.records.parts import Design, FileEntry
from tests.catalog.builders import Catalog

ONE, TWO, DESIGN, LOG, FAR = (BlobHash(f"{at:02x}" * 32) for at in range(1, 6))
URL = "https://example.org/far.bin"


def blob(path: str, sha256: BlobHash, size: int = 5, **fields: Any) -> FileEntry:
    return FileEntry(path, size, sha256, Xxh3(sha256[:32]), **fields)


def run(catalog: Catalog, *files: FileEntry) -> TaskId:
    task = TaskId(new_ulid())
    record = catalog.know_task(id=task, status="running", attempt=1, files=files)
    assert catalog.apply(changes.task(task, "start", record=record)) is None
    return task


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Catalog:
    monkeypatch.setattr(connection, "BATCH", 2)  # what is asked about more is asked in parts
    return Catalog()


def test_who_uses_a_blob(catalog: Catalog) -> None:
    task = run(catalog, blob("console.log", LOG), blob("b", ONE))
    first = catalog.add(files=(blob("a", ONE), blob("b", TWO)), task=task)
    gone = catalog.add(files=(blob("c", ONE),))
    assert catalog.apply(changes.remove(gone)) is None

    found = [(user.id, user.ref, user.removed) for user in uses.list_users(catalog.db, ONE)]
    assert found == [(first, "a/m:1", False), (gone, "a/m:2", True), (task, "task:train", False)]
    assert uses.read_refs(catalog.db, {task, first}) == {first: "a/m:1", task: "task:train"}
    assert set(uses.iter_uses(catalog.db, [ONE, TWO, LOG])) == {(ONE, 1), (ONE, 2), (TWO, 1), (ONE, None), (LOG, None)}
    assert set(uses.iter_live_uses(catalog.db, [ONE, TWO, LOG])) == {
        (first, ONE), (first, TWO), (task, ONE), (task, LOG),
    }  # fmt: skip
    assert uses.read_own_blobs(catalog.db, [first, gone]) == {ONE: 5, TWO: 5}
    assert uses.list_live_blobs(catalog.db) == {ONE, TWO, LOG}
    assert uses.list_shown(catalog.db, ONE) == [(first, "a"), (gone, "c")]
    assert uses.sum_blob_sizes(catalog.db) == 15


def test_what_a_task_loads_and_made(catalog: Catalog) -> None:
    task, other = TaskId(new_ulid()), TaskId(new_ulid())
    mine = catalog.add(files=(blob("a", ONE),), task=task)
    catalog.add(files=(blob("a", TWO), blob("b", ONE)), task=other)
    catalog.add(files=(blob("a", FAR),))
    gone = catalog.add(files=(blob("a", TWO),))
    assert catalog.apply(changes.remove(gone)) is None

    assert uses.list_holders(catalog.db, {ONE, TWO, FAR}, task) == [2, 3]
    assert uses.is_made_by(catalog.db, {TWO, FAR, ONE}, task)
    assert not uses.is_made_by(catalog.db, {TWO, FAR}, task)
    assert not uses.is_made_by(catalog.db, set(), task)
    newer = catalog.add(files=(blob("a", TWO, 7), FileEntry("far", url=URL)), task=task)
    assert list(uses.read_made(catalog.db, task, 1).items()) == [
        (newer, {"a": (7, TWO, TWO[:32])}), (mine, {"a": (5, ONE, ONE[:32])}),
    ]  # fmt: skip


def test_an_attempt_has_made_its_own_versions_alone(catalog: Catalog) -> None:
    task, made = TaskId(new_ulid()), []
    for attempt in (1, 2):
        record = catalog.know_task(id=task, status="running", attempt=attempt)
        assert catalog.apply(changes.task(task, "start", record=record)) is None
        made.append(catalog.add(files=(blob("a", ONE),), task=task))
    assert [list(uses.read_made(catalog.db, task, attempt)) for attempt in (1, 2)] == [[one] for one in made]


def test_sizes_and_twins(catalog: Catalog) -> None:
    catalog.add(files=(blob("a", ONE, 7), blob("b", TWO, 5), FileEntry("far", url=URL)))
    assert uses.list_sizes(catalog.db) == [5, 7]
    assert uses.has_size(catalog.db, 7)
    assert not uses.has_size(catalog.db, 6)
    assert uses.read_twins(catalog.db, 5) == {TWO[:32]}


def test_urls(catalog: Catalog) -> None:
    far = catalog.add(files=(FileEntry("far", 3, FAR, url=URL), blob("a", ONE)))
    catalog.add(model="b/m", files=(FileEntry("far", url=URL),))
    assert uses.list_urls(catalog.db, 1) == [URL]
    assert uses.list_rows_of_url(catalog.db, URL) == [1, 2]
    assert uses.list_external_blobs(catalog.db) == [FAR]
    assert uses.list_needed_blobs(catalog.db) == [ONE]
    assert catalog.apply(changes.remove(far)) is None
    assert uses.list_rows_of_url(catalog.db, URL) == [2]
    assert uses.list_needed_blobs(catalog.db) == []


def test_needs(catalog: Catalog) -> None:
    design = Design("text/plain", sha256=DESIGN, xxh3=Xxh3("d" * 32), size=9999)
    catalog.add(files=(blob("a", ONE), FileEntry("far", 3, FAR, url=URL)), design=design)
    gone = catalog.add(files=(blob("b", TWO),))
    assert catalog.apply(changes.remove(gone)) is None
    run(catalog, blob("console.log", LOG))
    assert needs.read_needs(catalog.db, "0") == {
        ONE: needs.Need(5, Xxh3(ONE[:32]), used=True, kept=True),
        TWO: needs.Need(5, Xxh3(TWO[:32]), used=False, kept=False),
        DESIGN: needs.Need(9999, Xxh3("d" * 32), used=True, kept=True),
        LOG: needs.Need(5, Xxh3(LOG[:32]), used=True, kept=True),
        FAR: needs.Need(3, None, used=True, kept=False),
    }
    assert needs.read_needs(catalog.db, "02").keys() == {TWO}


def test_how_far_collections_are(catalog: Catalog) -> None:
    gone = catalog.add(files=(blob("a", ONE), blob("b", TWO)))
    live = catalog.add()
    assert catalog.apply(changes.remove(gone)) is None
    assert garbage.list_live_ids(catalog.db) == {live}
    for op, blobs in ((changes.CONDEMN, [ONE, TWO]), (changes.SWEEP, [ONE]), (changes.PURGE, [ONE])):
        assert catalog.apply({"op": op, "blobs": blobs}) is None
    assert garbage.list_announced(catalog.db) == {ONE, TWO}
    assert garbage.read_stages(catalog.db, but=changes.PURGE) == {TWO: garbage.Stage(changes.CONDEMN, 4)}
    assert garbage.find_stage_time(catalog.db, ONE, changes.PURGE) == 1_767_225_606_000_000  # the sixth second of 2026
    assert garbage.find_stage_time(catalog.db, ONE, changes.SWEEP) is None


def test_which_removed_versions_keep_their_bytes(catalog: Catalog) -> None:
    oldest = catalog.add()
    parent = catalog.add(parents=(oldest,))
    child = catalog.add(parents=(parent,))
    tagged, dropped = catalog.add(), catalog.add()
    assert catalog.apply(changes.tag(tagged, add=[TagName(KEEP_TAG)])) is None
    for version in (oldest, parent, tagged, dropped):
        assert catalog.apply(changes.remove(version, force=True), message="why") is None
    why = "a/m:3 was made from it"
    assert garbage.read_kept(catalog.db) == {1: why, 2: why, 4: f"tag {KEEP_TAG}"}
    assert catalog.apply(changes.remove(child)) is None
    assert garbage.read_kept(catalog.db) == {4: f"tag {KEEP_TAG}"}
