from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.ids import BlobHash
from registry_cli.registry.init import make_registry
from registry_cli.store import files, trash
from registry_cli.store.blobs import find_blob
from registry_cli.store.layout import Layout
from registry_cli.store.staging import Staging
from tests.observers import Once, fail


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path, shared=False)


@pytest.fixture
def blob(layout: Layout) -> Path:
    with Staging(layout) as staging:
        digests = staging.add_bytes(b"bytes")
        staging.install()
    return layout.blob(digests.sha256)


def test_what_was_swept_comes_back(layout: Layout, blob: Path) -> None:
    swept = trash.sweep(layout, blob)
    assert swept is not None
    assert not blob.exists()
    assert trash.find_swept(layout, blob) == swept
    assert trash.bring_back(layout, blob)
    assert blob.read_bytes() == b"bytes"
    assert swept.exists(), "no moment is without the bytes"
    assert trash.bring_back(layout, blob), "it is there already"


def test_what_is_gone_cannot_be_swept_or_come_back(layout: Layout, blob: Path) -> None:
    blob.unlink()
    assert trash.sweep(layout, blob) is None
    assert not trash.bring_back(layout, blob)
    assert trash.list_aside(layout, blob) == []


def test_no_two_moves_have_one_name(layout: Layout, blob: Path) -> None:
    first = trash.sweep(layout, blob)
    trash.bring_back(layout, blob)
    second = trash.sweep(layout, blob)
    assert first is not None
    assert second is not None
    assert first != second
    assert trash.list_aside(layout, blob) == sorted([first, second])


def test_damaged_bytes_do_not_come_back(layout: Layout, blob: Path) -> None:
    aside = trash.set_aside(layout, blob)
    assert not trash.bring_back(layout, blob)
    (trashed,) = trash.list_trash(layout)
    assert (trashed.path, trashed.home, trashed.size, trashed.reason) == (aside, blob, 5, "damaged")
    assert trashed.blob == blob.parent.name + blob.name


def test_a_swept_file_that_is_wrong_is_marked(layout: Layout, blob: Path) -> None:
    swept = trash.sweep(layout, blob)
    assert swept is not None
    trash.mark_damaged(swept)
    assert not trash.bring_back(layout, blob)
    assert trash.list_trash(layout)[0].reason == "damaged"


def test_a_damaged_file_keeps_its_name_while_it_has_one_in_the_trash(layout: Layout, blob: Path) -> None:
    kept = trash.keep_damaged(layout, blob)
    assert kept.samefile(blob)
    assert trash.list_trash(layout)[0].freed == 0


def test_a_file_that_is_no_blob(layout: Layout) -> None:
    layout.slot(1).parent.mkdir()
    layout.slot(1).write_bytes(b"entry")
    trash.set_aside(layout, layout.slot(1))
    (trashed,) = trash.list_trash(layout)
    assert (trashed.home, trashed.blob) == (layout.slot(1), None)


def test_bytes_are_read_from_the_trash_where_nothing_can_be_written(layout: Layout, blob: Path) -> None:
    sha256 = BlobHash(blob.parent.name + blob.name)
    swept = trash.sweep(layout, blob)
    with files.open_observer(Once("link", fail(PermissionError()))):
        assert find_blob(layout, sha256) == swept
    assert find_blob(layout, sha256) == blob
    blob.unlink()
    assert swept is not None
    swept.unlink()
    assert find_blob(layout, sha256) is None


def test_a_link_to_nothing_in_place_of_the_folder_is_told(layout: Layout, blob: Path) -> None:
    swept = trash.sweep(layout, blob)
    blob.parent.rmdir()
    blob.parent.symlink_to("nothing")
    with pytest.raises(CorruptError, match=f"{blob.parent} is not a folder"):
        trash.bring_back(layout, blob)
    assert find_blob(layout, BlobHash(blob.parent.name + blob.name)) == swept, "who only reads has the bytes"
