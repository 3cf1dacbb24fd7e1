"""The golden registries: what was written is read as it was meant, and can be gone on with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from registry_cli.dataclass import replace
from registry_cli.ids import parse_tag
from registry_cli.records.codec import (
    dump_entry,
    dump_publication,
    dump_version,
    load_entry,
    load_publication,
    load_version,
)
from registry_cli.records.task import Auto
from registry_cli.records.task_codec import dump_task, load_task
from registry_cli.records.toml import load_table
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.init import IGNORE
from registry_cli.registry.lineage import read_lineage
from registry_cli.registry.query import find_versions
from registry_cli.registry.saved_queries import load_question
from registry_cli.registry.task_lifecycle import restore_tasks
from registry_cli.registry.verify import list_faults
from registry_cli.tasks.record import get_row, get_task, write_stage
from tests.golden.describe import describe

GOLDEN = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))


CODECS: Final[dict[str, tuple[Callable[[bytes, str], Any], Callable[[Any], bytes]]]] = {
    "version": (load_version, dump_version),
    "publication": (load_publication, dump_publication),
    "task": (load_task, dump_task),
}


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a golden registry, beside what it means."""
    folder = tmp_path / "golden"
    shutil.copytree(request.param, folder)
    return folder


def test_each_kind_is_there() -> None:
    assert [folder.name for folder in GOLDEN] == ["layout-1", "layout-1-attempts", "layout-1-auto", "layout-1-tasks"]


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


def test_its_tasks_can_be_gone_on_with(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "layout-1-tasks" / "registry", tmp_path / "registry")
    with Registry.open(tmp_path / "registry") as registry:
        draft = get_row(registry, "tuned")
        restore_tasks(registry, [draft.id])
        write_stage(registry, "start", replace(get_task(registry, draft), status="running", attempt=1))
        assert get_row(registry, "tuned").status == "running"
        assert read_lineage(registry, "iris/child").tasks.keys() == {(get_row(registry, "Baseline Run").id, 1)}
        assert run_collection(registry, instant=True).blobs == 0


def test_what_is_heard_of_its_tasks_can_be_gone_on_with(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "layout-1-auto" / "registry", tmp_path / "registry")
    with Registry.open(tmp_path / "registry") as registry:
        heard, again = (get_task(registry, get_row(registry, name)) for name in ("heard", "heard again"))
        assert heard.recipe.auto == Auto(
            {"pytorch": ("final*.pt", "größe/**"), "scikit": False, "pickle": True}, "all", "last 3"
        )
        assert (again.recipe.auto, again.source) == (Auto(), heard.id)
        assert [one.path for one in again.inputs] == ["in/größe.pt", None]
        write_stage(registry, "start", replace(again, status="running", attempt=1))
        assert get_task(registry, get_row(registry, "heard again")).recipe.auto == Auto()


def test_today_s_program_writes_the_same_bytes(golden: Path) -> None:
    registry = golden / "registry"
    for path in registry.glob("records/*/*.toml"):
        data = path.read_bytes()
        load, dump = CODECS[str(load_table(data, "it")["kind"])]
        assert dump(load(data, "it")) == data
    for path in registry.glob("log/*/*.toml"):
        assert dump_entry(load_entry(path.read_bytes(), "it")) == path.read_bytes()
