"""Finding, opening and making registries."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.catalog.read.models import list_line_names
from registry_cli.dataclass import replace
from registry_cli.errors import NoRegistryError, NotFoundError, RefusedError, UsageError
from registry_cli.ids import ModelName
from registry_cli.opening import Registry
from registry_cli.store.format import dump_format
from registry_cli.store.layout import DIRECTORY
from tests.registry.making import add, add_metrics


def test_init_twice_opens_what_is_there(tmp_path: Path) -> None:
    first = Registry.init(tmp_path / "deep" / "er")
    assert first.path == tmp_path / "deep" / "er" / DIRECTORY
    assert Registry.init(tmp_path / "deep" / "er").id == first.id
    assert [path.name for path in first.path.parent.iterdir()] == [DIRECTORY]
    assert (first.path / ".gitignore").read_text() == "*\n"


def test_init_here(tmp_path: Path) -> None:
    assert Registry.init().path == tmp_path / DIRECTORY


def test_a_shared_registry_is_writable_for_its_group(tmp_path: Path) -> None:
    made = Registry.init(tmp_path, shared=True)
    assert Registry.open(tmp_path).layout.shared
    assert made.layout.log.stat().st_mode & 0o7777 == 0o2775


def test_open_takes_the_folder_or_the_one_around_it(registry: Registry, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / DIRECTORY, str(tmp_path)):
        assert Registry.open(path).id == registry.id
    with pytest.raises(NoRegistryError) as missed:
        Registry.open(tmp_path / "nowhere")
    assert missed.value.hint == f"reg init {tmp_path / 'nowhere'}"


def test_find_looks_upward(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert Registry.find(below).id == registry.id
    monkeypatch.chdir(below)
    assert Registry.find().id == registry.id


def test_find_obeys_the_variable_then_the_folder_then_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoRegistryError, match="or above") as missed:
        Registry.find()
    assert missed.value.hint == "reg init"
    own = Registry.init(env.data_home())
    assert Registry.find().id == own.id
    near = Registry.init(tmp_path)
    assert Registry.find().id == near.id
    named = Registry.init(tmp_path / "named")
    monkeypatch.setenv(env.REG_DIR, str(tmp_path / "named"))
    assert Registry.find().id == named.id
    monkeypatch.setenv(env.REG_DIR, str(tmp_path / "gone"))
    with pytest.raises(NoRegistryError):
        Registry.find()


def test_a_newer_layout_is_refused(registry: Registry, tmp_path: Path) -> None:
    form = registry.layout.format
    form.write_bytes(dump_format(replace(registry.format, layout=2)))
    with pytest.raises(RefusedError, match="layout 2") as refused:
        Registry.open(tmp_path)
    assert refused.value.hint == "reg --version"


def test_an_unknown_feature_for_writing_leaves_reading(registry: Registry, tmp_path: Path) -> None:
    add(registry, "a/m")
    form = registry.layout.format
    form.write_bytes(dump_format(replace(registry.format, features=(("write", ("packs-9",)),))))
    with Registry.open(tmp_path) as again:
        assert again.get_row("a/m").number == 1
        with pytest.raises(RefusedError, match="packs-9"):
            again.check_writable()
        with pytest.raises(RefusedError, match="packs-9"):
            add(again, "a/m")


def test_the_author(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.author == "tester"
    monkeypatch.delenv(env.REG_AUTHOR)
    assert Registry.open(tmp_path).author == env.login()
    registry.settings.set("author", "ann")
    assert Registry.open(tmp_path).author == "ann"


def test_close_and_go_on(registry: Registry) -> None:
    add(registry, "a/m")
    registry.close()
    registry.close()
    assert registry.get_row("a/m").number == 1


def test_rows_of_references(registry: Registry) -> None:
    rows = add_metrics(registry, "a/m", {}, {}, {})
    assert [row.number for row in registry.list_rows(["a/m:2", "a/m", rows[1].id, "a/m:1"])] == [2, 3, 1]
    assert [row.number for row in registry.list_exact(["a/m:2", rows[0].id], "publish")] == [2, 1]
    with pytest.raises(UsageError) as refused:
        registry.list_exact(["a/m:2", "a/m"], "publish")
    assert refused.value.hint == "reg model publish a/m:3"
    with pytest.raises(NotFoundError):
        registry.list_rows(["a/m:1", "a/m:9"])


def test_query_gives_versions(registry: Registry) -> None:
    add_metrics(registry, "a/m", {"acc": 0.5}, {"acc": 0.9})
    assert [str(version) for version in registry.query("metrics.acc > 0.1", sort="metrics.acc")] == ["a/m:1", "a/m:2"]
    (best,) = registry.query(sort="-metrics.acc", limit=1)
    assert (best.name, best.number, best.ref, best.metrics) == ("a/m", 2, "a/m:2", {"acc": 0.9})
    assert best.path.read_bytes() == b"weights 1"
    with pytest.raises(UsageError, match="colour"):
        registry.query(colour="red")


def test_what_is_read_at_once_is_of_one_moment(registry: Registry, tmp_path: Path) -> None:
    """Another process may write between any two questions of one reading."""
    add(registry, "a/first", b"1")
    with Registry.open(registry.path) as other:

        def read(db: sqlite3.Connection) -> tuple[list[ModelName], list[ModelName]]:
            before = list_line_names(db)
            if other.index.head.seq == 1:
                add(other, "a/second", b"2")
            return before, registry.read(list_line_names)

        before, after = registry.read(read)
    assert before == after == ["a/first"]
    assert registry.read(list_line_names) == ["a/first", "a/second"]
