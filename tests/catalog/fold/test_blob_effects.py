"""The fold decides what a collector may take, whatever its writer believed."""

from __future__ import annotations

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.changes import collect
from registry_cli.ids import BlobHash, VersionId, Xxh3
from registry_cli.records.parts import Design, FileEntry
from tests.catalog.builders import Catalog

BLOB, OTHER = BlobHash("a" * 64), BlobHash("b" * 64)


def add(catalog: Catalog, blob: BlobHash) -> VersionId:
    return catalog.add(files=(FileEntry("m.bin", 1, blob, Xxh3("0" * 32)),))


def stages(catalog: Catalog) -> dict[str, str]:
    return dict(catalog.db.execute("SELECT sha256, stage FROM garbage"))


@pytest.mark.parametrize("stage", changes.COLLECTION)
def test_a_blob_in_use_is_not_collected(stage: str) -> None:
    catalog = Catalog()
    add(catalog, BLOB)
    assert catalog.apply(collect(stage, [BLOB, OTHER])) == f"blob {BLOB[:12]} is in use: `{stage}` is not allowed"
    assert stages(catalog) == {}


def test_a_long_design_is_in_use() -> None:
    catalog = Catalog()
    version = catalog.add(design=Design("text/plain", sha256=BLOB, xxh3=Xxh3("0" * 32), size=9999))
    assert "in use" in str(catalog.apply(collect(changes.CONDEMN, [BLOB])))
    assert catalog.apply(changes.edit(version, put={"design": {"media": "text/plain", "text": "short"}})) is None
    assert catalog.apply(collect(changes.CONDEMN, [BLOB])) is None
    put = {"design": {"media": "text/plain", "sha256": BLOB, "xxh3": "0" * 32, "size": 9999}}
    assert catalog.apply(changes.edit(version, put=put)) is None
    assert stages(catalog) == {}


def test_a_blob_goes_through_its_stages() -> None:
    catalog = Catalog()
    version = add(catalog, BLOB)
    assert catalog.apply(changes.remove(version)) is None
    assert catalog.apply(collect(changes.SWEEP, [BLOB])) == f"blob {BLOB[:12]} was not condemned before"
    for stage in changes.COLLECTION:
        assert catalog.apply(collect(stage, [BLOB])) is None
        assert stages(catalog) == {BLOB: stage}
    assert catalog.apply(collect(changes.CONDEMN, [OTHER]), collect(changes.SWEEP, [OTHER])) is None


@pytest.mark.parametrize("use", ["restored", "added", "read"])
def test_a_new_use_ends_it(use: str) -> None:
    catalog = Catalog()
    version = add(catalog, BLOB)
    elsewhere = catalog.add()
    catalog.apply(changes.remove(version))
    catalog.apply(collect(changes.CONDEMN, [BLOB, OTHER]))
    if use == "restored":
        assert catalog.apply(changes.restore(version)) is None
    elif use == "added":
        add(catalog, BLOB)
    else:
        assert catalog.apply(changes.digest(elsewhere, "m.bin", size=1, sha256=BLOB, xxh3="0" * 32)) is None
    assert stages(catalog) == {OTHER: changes.CONDEMN}
    assert "in use" in str(catalog.apply(collect(changes.SWEEP, [BLOB])))


@pytest.mark.parametrize("blobs", [None, "text", ["short"], [1], [BLOB.upper()]])
def test_a_malformed_collection_is_void(blobs: object) -> None:
    assert "malformed" in str(Catalog().apply({"op": changes.CONDEMN, "blobs": blobs}))
