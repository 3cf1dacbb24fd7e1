"""Disk use: every file counts once, in the area it lies in, and every blob for those that hold it."""

from __future__ import annotations

import os
from pathlib import Path

from registry_cli.ids import TaskId, new_ulid
from registry_cli.registry.api import Registry
from registry_cli.registry.du import AREAS, TOTAL, Area, Share, list_shares, measure_areas
from registry_cli.registry.lifecycle import archive_versions, remove_versions
from tests.builders import add_path, write
from tests.registry.making import add


def areas(registry: Registry) -> dict[str, Area]:
    return {area.name: area for area in measure_areas(registry)}


def sizes(registry: Registry, *names: str) -> list[tuple[int, int]]:
    found = areas(registry)
    return [(found[name].files, found[name].bytes) for name in names]


def test_an_empty_registry(registry: Registry) -> None:
    (registry.path / "reserve").unlink(missing_ok=True)
    found = areas(registry)
    assert [*found] == [name for name in [*AREAS, TOTAL] if name not in {"reserve", "elsewhere"}]
    assert sizes(registry, "blobs", "unused", "records", "log", "views", "trash", "tmp") == [(0, 0)] * 7
    assert list_shares(registry, "model") == list_shares(registry, "project") == list_shares(registry, "task") == []


def test_every_file_is_in_one_area(registry: Registry) -> None:
    add(registry, "a/b", b"x" * 10, design="d" * 5000)
    add(registry, "a/b", b"y" * 100)
    remove_versions(registry, ["a/b:2"])
    trashed, nested = registry.layout.trash / "ab/cd", registry.layout.tmp / "view/deep/file"
    for path in (trashed, nested, registry.path / "reserve", registry.path / "notes/unused/x"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"z" * 7)
    (registry.layout.blobs / "stray").write_bytes(b"123")
    (registry.layout.tmp / "link").symlink_to(registry.layout.format)
    assert sizes(registry, "blobs", "unused", "trash", "reserve") == [(2, 5010), (2, 103), (1, 7), (1, 7)]
    assert sizes(registry, "records", "log") == [
        (len(found), sum(path.stat().st_size for path in found))
        for found in ([*registry.layout.records.rglob("*.toml")], [*registry.layout.log.rglob("*.toml")])
    ]
    assert areas(registry)["tmp"].files == 2
    paths = [path for path in registry.path.rglob("*") if path.is_symlink() or not path.is_dir()]
    total = areas(registry)[TOTAL]
    assert (total.files, total.bytes) == (len(paths), sum(path.lstat().st_size for path in paths))
    assert total.disk == sum(path.lstat().st_blocks * 512 for path in paths)
    assert areas(registry)["other"].files >= 2


def test_a_view_that_shares_a_blob_does_not_count_again(registry: Registry) -> None:
    row = add(registry, "a/b", b"x" * 10)
    registry.settings.set("views", "hardlink")
    folder = registry.layout.views / row.id
    folder.mkdir()
    (blob,) = (registry.layout.blob(file.sha256) for file in row.files if file.sha256)
    os.link(blob, folder / "one")
    os.link(blob, folder / "two")
    (folder / "three").write_bytes(b"copied")
    assert sizes(registry, "blobs", "views", "unused") == [(1, 10), (1, 6), (0, 0)]


def test_a_model_holds_what_no_other_one_does(registry: Registry) -> None:
    add(registry, "a/big", b"1" * 100)
    add(registry, "a/big", b"1" * 100)
    add(registry, "a/big", b"s" * 30)
    add(registry, "b/small", b"s" * 30, design="d" * 5000)
    archive_versions(registry, ["b/small:1"])
    add(registry, "b/gone", b"g")
    remove_versions(registry, ["b/gone:1"])
    assert list_shares(registry, "model") == [Share("b/small", 1, 5030, 5000), Share("a/big", 3, 130, 100)]
    assert [share.shared for share in list_shares(registry, "model")] == [30, 30]


def test_a_project_includes_all_below_it(registry: Registry) -> None:
    add(registry, "Fraud/EU/xgb", b"1" * 100)
    add(registry, "Fraud/us/xgb", b"1" * 100)
    add(registry, "Fraud/us/nn", b"2" * 10)
    add(registry, "alone", b"3" * 7)
    assert list_shares(registry, "project") == [
        Share("Fraud", 3, 110, 110),
        Share("Fraud/us", 2, 110, 10),
        Share(None, 1, 7, 7),
        Share("Fraud/EU", 1, 100, 0),
    ]


def test_versions_without_a_task_are_together(registry: Registry) -> None:
    task = TaskId(new_ulid(1_000))
    add(registry, "a/b", b"1" * 100, task=task)
    add(registry, "c/d", b"2" * 10, task=task)
    add(registry, "a/b", b"3")
    assert list_shares(registry, "task") == [Share(task, 2, 110, 110), Share(None, 1, 1, 1)]


def test_external_bytes_count_once_they_are_here(registry: Registry, tmp_path: Path) -> None:
    add_path(registry, "a/b", write(tmp_path / "far.bin", b"x" * 10), mode="reference")
    assert list_shares(registry, "model") == [Share("a/b", 1, 0, 0)]
    add(registry, "c/d", b"x" * 10)
    assert list_shares(registry, "model") == [Share("a/b", 1, 10, 0), Share("c/d", 1, 10, 0)]


def test_names_that_look_like_numbers_stay_whole(registry: Registry) -> None:
    add(registry, "1.0/2.0/m", b"1")
    assert [share.name for share in list_shares(registry, "project")] == ["1.0", "1.0/2.0"]
