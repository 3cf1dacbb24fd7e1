"""A link, a pipe or a device where a registry has its own is damage: named, never followed, never touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.errors import CorruptError, RegError
from registry_cli.ids import parse_tag
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.get import get_version, open_path
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.status import read_status
from registry_cli.store.layout import Layout
from tests.builders import add

PLACES: dict[str, Callable[[Layout, VersionRow], Path]] = {
    "blobs": lambda layout, row: layout.blobs,
    "fan-out": lambda layout, row: layout.blob(row.files[0].sha256).parent,  # type: ignore[arg-type]
    "records": lambda layout, row: layout.records,
    "record": lambda layout, row: layout.record(row.id).parent,
    "log": lambda layout, row: layout.log,
    "slots": lambda layout, row: layout.slot(1).parent,
    "views": lambda layout, row: layout.views,
    "view": lambda layout, row: layout.view(row.id),
    "tmp": lambda layout, row: layout.tmp,
    "trash": lambda layout, row: layout.trash,
    "tasks": lambda layout, row: layout.tasks,
    "hooks": lambda layout, row: layout.hooks,
    "cache": lambda layout, row: layout.cache,
}
"""Folders of a registry, by name."""
FILES: dict[str, Callable[[Layout, VersionRow], Path]] = {
    "blob": lambda layout, row: layout.blob(row.files[0].sha256),  # type: ignore[arg-type]
    "record": lambda layout, row: layout.record(row.id),
    "slot": lambda layout, row: layout.slot(1),
    "format": lambda layout, row: layout.format,
    "config": lambda layout, row: layout.config,
    "ignore": lambda layout, row: layout.ignore,
    "turn": lambda layout, row: layout.turn,
    "reserve": lambda layout, row: layout.reserve,
    "index": lambda layout, row: layout.index,
    "journal": lambda layout, row: layout.index.with_name(f"{layout.index.name}-journal"),
    "wal": lambda layout, row: layout.index.with_name(f"{layout.index.name}-wal"),
    "partial": lambda layout, row: layout.partial,
    "shown": lambda layout, row: layout.view(row.id) / row.files[0].path,
    "stray": lambda layout, row: layout.tmp / "stray",
}
"""Files of a registry, by name."""
MAKE: dict[str, Callable[[Path, Path], object]] = {
    "link": lambda path, outside: path.symlink_to(outside / "diary.txt"),
    "dangling": lambda path, outside: path.symlink_to("nothing"),
    "pipe": lambda path, outside: os.mkfifo(path),
}
"""What is put in their place."""


@pytest.fixture
def row(registry: Registry) -> VersionRow:
    added = add(registry, "p/a")
    open_path(registry, added)
    add(registry, "p/a", b"other bytes")
    return added


@pytest.fixture
def outside(tmp_path: Path, row: VersionRow, registry: Registry) -> Path:
    """Somebody's folder, old, and with names that a registry has, too."""
    folder = tmp_path / "outside"
    (folder / row.files[0].path).parent.mkdir(parents=True)
    for name in ("diary.txt", row.files[0].path, "000001.toml", f"{row.id[2:]}.toml", f"x.swept.{row.id}"):
        (folder / name).write_bytes(b"precious")
        os.utime(folder / name, ns=(1, 1))
    return folder


def look(folder: Path) -> list[tuple[object, ...]]:
    return sorted(
        (str(path), status.st_ino, status.st_nlink, status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
        for status in [path.lstat()]
    )


def do_all(registry: Registry, row: VersionRow, tmp_path: Path) -> list[str]:
    """Do what may meet a damage, and return what each failed with."""
    acts: list[Callable[[Registry], object]] = [
        lambda opened: open_path(opened, opened.get_row(row.id)),
        lambda opened: get_version(opened, opened.get_row(row.id), tmp_path / "got", force=True),
        lambda opened: add(opened, "p/b", b"new bytes"),
        lambda opened: tag_versions(opened, [row.id], add=[parse_tag("t")]),
        lambda opened: run_collection(opened, instant=True),
        read_status,
    ]
    failed = []
    for act in acts:
        try:
            with Registry.open(registry.path) as opened:
                act(opened)
        except CorruptError as error:
            failed.append(error.message)
    return failed


def find_damages(registry: Registry) -> list[Path]:
    """Return what a check finds; where it cannot go on, what it names."""
    try:
        with Registry.open(registry.path) as opened:
            return [damage.path for damage in check_registry(opened).damages]
    except CorruptError as error:
        return [Path(error.message.partition(" ")[0])]


@pytest.mark.sweep(8)
@pytest.mark.parametrize("place", PLACES)
def test_no_command_follows_a_link_in_a_folder_s_place(
    place: str, registry: Registry, row: VersionRow, outside: Path, tmp_path: Path
) -> None:
    registry.close()
    path, before = PLACES[place](registry.layout, row), look(outside)
    shutil.rmtree(path)
    path.symlink_to(outside)
    failed = do_all(registry, row, tmp_path)
    assert path.is_symlink()
    assert look(outside) == before
    assert path in find_damages(registry)
    if place != "hooks":
        assert failed, "a damage was passed over"
    with suppress(RegError):
        repair_registry(registry.path)
    assert look(outside) == before


@pytest.mark.sweep(22)
@pytest.mark.parametrize("what", MAKE)
@pytest.mark.parametrize("place", FILES)
def test_no_command_follows_or_waits_for_what_is_in_a_file_s_place(
    place: str, what: str, registry: Registry, row: VersionRow, outside: Path, tmp_path: Path
) -> None:
    registry.close()
    path, before = FILES[place](registry.layout, row), look(outside)
    path.unlink(missing_ok=True)
    MAKE[what](path, outside)
    do_all(registry, row, tmp_path)
    assert look(outside) == before
    if place != "shown":  # a view is made anew
        assert os.path.lexists(path)
        assert path in find_damages(registry)
    with suppress(RegError):
        repair_registry(registry.path)
    assert look(outside) == before
