"""The golden registries: what was written is read as it was meant, and can be gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from registry_cli.ids import parse_tag
from registry_cli.records.codec import (
    dump_entry,
    dump_publication,
    dump_version,
    load_entry,
    load_publication,
    load_version,
)
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck import check_registry
from registry_cli.registry.get import list_faults
from registry_cli.registry.init import IGNORE
from registry_cli.registry.query import find_versions, load_question
from tests.golden.make import describe

GOLDEN = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a golden registry, beside what it means."""
    folder = tmp_path / "golden"
    shutil.copytree(request.param, folder)
    return folder


def test_there_is_one() -> None:
    assert GOLDEN


def test_it_means_what_it_meant(golden: Path) -> None:
    with Registry.open(golden / "registry") as registry:
        assert describe(registry) == json.loads((golden / "expected.json").read_text())
        assert registry.get_row("iris/softmax@prod").ref == "iris/linear:2"
        assert load_question(registry, "top").limit == 3


def test_its_bytes_are_whole(golden: Path) -> None:
    with Registry.open(golden / "registry") as registry:
        for row in find_versions(registry, include_archived=True):
            assert list_faults(registry, row, strong=True) == []
        registry.layout.ignore.write_bytes(IGNORE)  # it would keep the registry out of this repository
        report = check_registry(registry, "strong")
        assert report.damages == ()
        assert any("stands for an entry that was lost" in note for note in report.notes)


def test_it_can_be_gone_on_with(golden: Path) -> None:
    """Also where a checkout has lost the folders that are empty."""
    for folder in ("tmp", "trash", "hooks"):
        shutil.rmtree(golden / "registry" / folder, ignore_errors=True)
    with Registry.open(golden / "registry") as registry:
        tag_versions(registry, ["iris/linear:2"], add=[parse_tag("later")])
        assert registry.get_row("iris/linear:2").tags == ("last", "later", "prod")


def test_today_s_program_writes_the_same_bytes(golden: Path) -> None:
    registry = golden / "registry"
    for path in registry.glob("records/*/*.toml"):
        data = path.read_bytes()
        kind = b'kind = "publication"' in data
        again = dump_publication(load_publication(data, "it")) if kind else dump_version(load_version(data, "it"))
        assert again == data
    for path in registry.glob("log/*/*.toml"):
        assert dump_entry(load_entry(path.read_bytes(), "it")) == path.read_bytes()
