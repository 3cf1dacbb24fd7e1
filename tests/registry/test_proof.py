"""What a forger puts into the index, digests and all, is compared with the records before bytes are handed out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.catalog import seals
from registry_cli.errors import CorruptError
from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.get import get_file, get_version, open_path, write_stream
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.registry.verify import list_faults
from tests.builders import add

FORGERIES = {
    "digests": "UPDATE files SET (sha256, xxh3) = (SELECT sha256, xxh3 FROM files WHERE version = 2) WHERE version = 1",
    "XXH3 alone": "UPDATE files SET xxh3 = (SELECT xxh3 FROM files WHERE version = 2) WHERE version = 1",
    "a file more": "INSERT INTO files SELECT 1, 'n.bin', size, sha256, xxh3, media, url FROM files WHERE version = 2",
    "no file": "DELETE FROM files WHERE version = 1",
    "external": "UPDATE files SET url = 'file:///etc/hostname', sha256 = NULL, xxh3 = NULL WHERE version = 1",
    "publication": "UPDATE versions SET publication = (SELECT publication FROM versions WHERE row = 2) WHERE row = 1",
}


@pytest.fixture
def two(registry: Registry) -> Registry:
    """A registry of two published versions."""
    add(registry, "p/m", b"weights 1")
    add(registry, "p/m", b"weights 2")
    publish_versions(registry, ["p/m:1", "p/m:2"])
    return registry


def write_nowhere(registry: Registry) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        write_stream(registry, registry.get_row("p/m:1"), null)
    finally:
        os.close(null)


@pytest.mark.sweep(3)
@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("sealed", [True, False])
def test_no_forged_version_is_handed_out(two: Registry, tmp_path: Path, forgery: str, sealed: bool) -> None:
    if forgery == "publication" and not sealed:
        pytest.skip("a flipped publication is made anew unseen")
    two.index.db.execute(FORGERIES[forgery])
    if sealed:
        seals.seal_all(two.index.db)
    two.close()
    ways: list[Callable[[], object]] = [
        lambda: get_file(two, two.get_row("p/m:1"), tmp_path / "out"),
        lambda: get_version(two, two.get_row("p/m:1"), tmp_path / "folder"),
        lambda: open_path(two, two.get_row("p/m:1")),
        lambda: write_nowhere(two),
    ]
    for way in ways:
        with pytest.raises(CorruptError, match="other files of p/m:1"):
            way()
    assert not (tmp_path / "out").exists()
    if sealed:
        assert list_faults(two, two.get_row("p/m:1"), strong=True)
    assert [damage.kind for damage in check_registry(two).damages] == ["index"]


@pytest.mark.slow
def test_a_flipped_name_number_alias_or_tag_is_made_anew(two: Registry) -> None:
    right = two.get_row("p/m:1")
    for lie in (
        "UPDATE versions SET number = 3 WHERE row = 1",
        "UPDATE lines SET last_number = 1",
        "UPDATE lines SET name = 'p/n'",
        "DELETE FROM names",
        "INSERT INTO tags VALUES (1, 'good')",
        "UPDATE versions SET archived = 1 WHERE row = 2",
        "DELETE FROM versions WHERE row = 2",
        "DELETE FROM seals",
    ):
        two.index.db.execute(lie)
        assert two.get_row("p/m").number == 2, lie
        assert two.get_row("p/m:1") == right, lie
        assert not check_registry(two).damages, lie
